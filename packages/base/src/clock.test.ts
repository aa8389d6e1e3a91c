import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock, systemClock } from "./clock.ts";

test("systemClock tells the time of the system", () => {
  const beforeMs = Date.now();
  const nowMs = systemClock.nowMs();
  assert.ok(nowMs >= beforeMs && nowMs <= Date.now());
});

test("createFakeClock() stands still until it is moved", () => {
  const clock = createFakeClock(1000);
  assert.equal(clock.nowMs(), 1000);
  assert.equal(clock.nowMs(), 1000);
  clock.advance(250);
  assert.equal(clock.nowMs(), 1250);
  clock.set(10);
  assert.equal(clock.nowMs(), 10);
});
