import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "./clock.ts";
import { keepBriefly } from "./keep-briefly.ts";

test("keepBriefly() reads once for all who ask within its time, and again after it, after a failure, and when it forgets", async () => {
  const clock = createFakeClock();
  let readCount = 0;
  let failure: Error | undefined;
  const kept = keepBriefly(
    async () => {
      readCount += 1;
      if (failure !== undefined) throw failure;
      return readCount;
    },
    { clock, keptMs: 100 },
  );
  assert.deepEqual(await Promise.all([kept.read(), kept.read()]), [1, 1]);
  clock.advance(99);
  assert.equal(await kept.read(), 1);
  clock.advance(1);
  assert.equal(await kept.read(), 2);
  kept.forget();
  assert.equal(await kept.read(), 3);
  failure = new Error("away");
  kept.forget();
  await assert.rejects(kept.read(), failure);
  failure = undefined;
  assert.equal(await kept.read(), 5);
});
