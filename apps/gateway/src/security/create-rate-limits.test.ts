import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "@roost/base";
import { createRateLimits } from "./create-rate-limits.ts";

const limit = { burst: 3, perSecond: 2 };

test("createRateLimits() lets a burst through, then a steady rate, for each caller alone, and says when to try again", () => {
  const clock = createFakeClock(0);
  const limits = createRateLimits(clock);
  const isTaken = (who = "a") => {
    try {
      limits.take(who, limit);
      return true;
    } catch (error) {
      assert.match((error as Error).message, /try again in 1 s/);
      return false;
    }
  };
  assert.deepEqual([isTaken(), isTaken(), isTaken(), isTaken(), isTaken("b")], [true, true, true, false, true]);
  clock.advance(500);
  assert.deepEqual([isTaken(), isTaken()], [true, false]);
  clock.advance(60_000);
  assert.deepEqual([isTaken(), isTaken(), isTaken(), isTaken()], [true, true, true, false]);
});

test("createRateLimits() forgets callers beyond ten thousand, those first that called longest ago", () => {
  const limits = createRateLimits(createFakeClock(0));
  for (let count = 0; count < 3; count += 1) limits.take("old", limit);
  for (let count = 0; count < 10_000; count += 1) limits.take(`address:${count}`, limit);
  limits.take("old", limit);
  assert.throws(() => {
    for (let count = 0; count < 4; count += 1) limits.take("address:9999", limit);
  });
});
