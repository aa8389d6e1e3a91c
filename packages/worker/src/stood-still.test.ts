import assert from "node:assert/strict";
import { test } from "node:test";
import { createStoodStill } from "./stood-still.ts";

test("createStoodStill() tells a machine that slept from one that is late, once", () => {
  const clock = { at: 0, nowMs: () => clock.at };
  const stoodStill = createStoodStill(clock, 30_000);
  const looks = [30_000, 75_000, 150_000, 180_000].map((at) => {
    clock.at = at;
    return stoodStill();
  });
  assert.deepEqual(looks, [false, false, true, false]);
});
