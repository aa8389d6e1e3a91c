import assert from "node:assert/strict";
import { test } from "node:test";
import { jitteredMs } from "./jittered-ms.ts";

test("jitteredMs() stays between half and all of the time", () => {
  assert.equal(jitteredMs(1000, { random: () => 0 }), 500);
  assert.equal(jitteredMs(1000, { random: () => 0.5 }), 750);
  assert.ok(jitteredMs(1000, { random: () => 0.999_999 }) < 1000);
});
