import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { keepFresh } from "./keep-fresh.ts";

/** What is read is a number that grows; each read ends when the test says so. */
function openReads() {
  const clock = createFakeClock(0);
  const waiting: (() => void)[] = [];
  let count = 0;
  const read = () =>
    new Promise<number>((resolve) => {
      const value = (count += 1);
      waiting.push(() => resolve(value));
    });
  const fresh = keepFresh(read, { clock, onFailure: (error) => assert.ifError(error) });
  const answer = () => waiting.splice(0).forEach((each) => each());
  return { clock, fresh, answer, count: () => count };
}

test("keepFresh() reads beside calls after a second, before a call after two, and again for what is missed", async () => {
  const { clock, fresh, answer, count } = openReads();
  const asked = [fresh.value(), fresh.value()];
  answer();
  assert.deepEqual(await Promise.all(asked), [1, 1]);
  const missed = [fresh.again(), fresh.again()];
  await until(() => count() === 2);
  answer();
  assert.deepEqual(await Promise.all(missed), [2, 2]);
  clock.advance(1_001);
  assert.equal(await fresh.value(), 2);
  assert.equal(count(), 3, "another read is on its way");
  const beside = fresh.again();
  answer();
  await until(() => count() === 4);
  answer();
  assert.equal(await beside, 4, "the one before had begun before the call");
  clock.advance(2_001);
  const late = fresh.value();
  answer();
  assert.equal(await late, 5);
});

test("keepFresh() does not keep what was being read when it was told to forget", async () => {
  const { fresh, answer } = openReads();
  const before = fresh.value();
  fresh.forget();
  const after = fresh.value();
  answer();
  assert.deepEqual(await Promise.all([before, after]), [1, 2]);
  assert.equal(await fresh.value(), 2);
});
