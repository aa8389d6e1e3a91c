import assert from "node:assert/strict";
import { mock, test } from "node:test";
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

test("keepFresh() reads for what is missed at once where that is rare, and few times however many guess", async () => {
  const clock = createFakeClock(0);
  let count = 0;
  const fresh = keepFresh(async () => (count += 1), { clock, onFailure: (error) => assert.ifError(error) });
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const pass = async (ms: number) => {
      clock.advance(ms);
      mock.timers.tick(ms);
      // What has been read is known.
      await new Promise((resolve) => setImmediate(resolve));
    };
    const missed: Promise<number>[] = [];
    for (let guesses = 0; guesses < 100; guesses += 1) {
      missed.push(fresh.again());
      await pass(10);
    }
    await pass(200);
    await Promise.all(missed);
    assert.equal(count, 6, "after 20 ms, and every 200 from then on");
    await pass(1_001);
    const rare = fresh.again();
    await pass(20);
    assert.equal(await rare, 7);
  } finally {
    mock.timers.reset();
  }
});
