import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { claim, claimOne, done, begin, end, joinWorker, startRun } from "../testing/drive-runs.ts";
import { listQueues, pauseQueue, readPausedQueues, resumeQueue, wakeReadyQueues } from "./queues.ts";

test("pauseQueue() gives nothing of the queue to any worker until it is resumed; what runs goes on", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const other = await opened.openAnother();
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  await startRun(kernel);
  const running = await claimOne(kernel, worker);
  await pauseQueue(other, "default", { by: "test", reason: "the server moves" });
  await pauseQueue(other, "default", { by: "another", reason: "late" });
  assert.deepEqual(await claim(kernel, worker), []);
  await begin(kernel, running.owned, 1);
  await done(kernel, running.owned, 1);
  await end(kernel, running.owned);
  const [queue] = await listQueues(kernel);
  assert.deepEqual(
    [queue?.name, queue?.ready, queue?.running, queue?.pausedBy, queue?.pausedReason],
    ["default", 1, 0, "test", "the server moves"],
  );
  assert.deepEqual([...(await readPausedQueues(kernel)).keys()], ["default"]);
  await resumeQueue(other, "default", { by: "test" });
  await resumeQueue(other, "default", { by: "test" });
  assert.equal((await claim(kernel, worker)).length, 1);
  const events = await kernel.database.query<{ type: string }>(
    `select type from roost.event where type like 'queue.%' order by time`,
  );
  assert.deepEqual(
    events.map(({ type }) => type),
    ["queue.paused", "queue.resumed"],
  );
});

test("pauseQueue() leaves other queues alone", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  await pauseQueue(kernel, "slow", { by: "test" });
  assert.equal((await claim(kernel, worker)).length, 1);
  assert.deepEqual(
    (await listQueues(kernel)).map(({ name, pausedAt }) => [name, pausedAt !== null]),
    [
      ["default", false],
      ["slow", true],
    ],
  );
});

test("wakeReadyQueues() wakes the workers of a queue whose runs were not announced", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await startRun(kernel, { queue: "left" });
  using left = kernel.wakeups.watch("runs:left");
  using idle = kernel.wakeups.watch("runs:idle");
  await wakeReadyQueues(kernel);
  assert.equal(await left.next({ timeoutMs: 0 }), "woken");
  assert.equal(await idle.next({ timeoutMs: 0 }), "timeout");
});
