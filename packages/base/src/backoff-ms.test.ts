import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs, jitteredMs } from "./backoff-ms.ts";

test("backoffMs() doubles with each failure, up to its limit", () => {
  const waits = [1, 2, 3, 4, 5, 1_000_000].map((failureCount) =>
    backoffMs(failureCount, { firstMs: 100, maxMs: 1_000 }),
  );
  assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000]);
});

test("backoffMs() takes another factor, and no failure for the first", () => {
  assert.equal(backoffMs(3, { firstMs: 10, maxMs: 1_000, factor: 3 }), 90);
  assert.equal(backoffMs(0, { firstMs: 10, maxMs: 1_000 }), 10);
});

test("jitteredMs() stays between half and all of the time", () => {
  assert.equal(jitteredMs(1000, { random: () => 0 }), 500);
  assert.equal(jitteredMs(1000, { random: () => 0.5 }), 750);
  assert.ok(jitteredMs(1000, { random: () => 0.999_999 }) < 1000);
});
