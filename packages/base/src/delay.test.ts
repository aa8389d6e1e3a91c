import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { delay, sleepUntilAborted } from "./delay.ts";

test("delay() resolves after its time, counting every signal listener off", async () => {
  const controller = new AbortController();
  await delay(0, { signal: controller.signal }); // tidy: it is what is tested
  controller.abort();
});

test("delay() throws the signal's reason at once", async () => {
  const controller = new AbortController();
  const reason = new Error("stop");
  const waiting = delay(1_000_000_000, { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(delay(1_000_000_000, { signal: controller.signal }), reason);
});

test("sleepUntilAborted() tells whether the time passed", async () => {
  const controller = new AbortController();
  assert.equal(await sleepUntilAborted(0, { signal: controller.signal }), true);
  const waiting = sleepUntilAborted(1_000_000_000, { signal: controller.signal });
  controller.abort();
  assert.equal(await waiting, false);
  assert.equal(await sleepUntilAborted(5, { signal: controller.signal }), false);
});

test("sleepUntilAborted() waits longer than one timer can", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let passed = false;
    const waiting = sleepUntilAborted(2_147_483_647 + 1000).then((value) => (passed = value));
    mock.timers.tick(2_147_483_647);
    await Promise.resolve();
    assert.equal(passed, false);
    mock.timers.tick(1000);
    assert.equal(await waiting, true);
  } finally {
    mock.timers.reset();
  }
});
