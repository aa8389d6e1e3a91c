import assert from "node:assert/strict";
import { test } from "node:test";
import { restartDelayMs } from "./restart-delay.ts";

test("restartDelayMs() starts short, doubles, and stays below its limit", () => {
  assert.deepEqual([1, 2, 3, 4].map(restartDelayMs), [100, 200, 400, 800]);
  assert.equal(restartDelayMs(10), 30_000);
  assert.equal(restartDelayMs(10_000), 30_000);
});
