import assert from "node:assert/strict";
import { test } from "node:test";
import { nextWake } from "./next-wake.ts";

test("nextWake() is now when nothing was started lately", () => {
  assert.equal(nextWake([], 100_000), 100_000);
  assert.equal(nextWake([70_000], 100_000), 100_000);
});

test("nextWake() keeps 30 s between two wakes", () => {
  assert.equal(nextWake([70_001], 100_000), 100_001);
  assert.equal(nextWake([99_000, 20_000], 100_000), 129_000);
});

test("nextWake() allows five starts in 60 s", () => {
  const starts = [41_000, 42_000, 43_000, 44_000, 45_000];
  assert.equal(nextWake(starts, 100_000), 101_000);
  assert.equal(nextWake(starts.slice(1), 100_000), 100_000);
});
