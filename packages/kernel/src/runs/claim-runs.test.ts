import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import {
  assertLeaseLost,
  claim,
  claimOne,
  eventTypes,
  joinWorker,
  killConnection,
  read,
  startRun,
} from "../testing/drive-runs.ts";
import { claimRuns } from "./claim-runs.ts";
import { createRuns } from "./create-run.ts";

test("claimRuns() gives each ready run to one worker", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const other = await test.openAnother();
  await using a = await joinWorker(kernel);
  await using b = await joinWorker(other);
  await kernel.transact((tx) =>
    createRuns(
      tx,
      Array.from({ length: 60 }, () => ({ reason: "a test", input: {} })),
    ),
  );

  const claimed = await Promise.all(
    Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? claim(kernel, a, 7) : claim(other, b, 7))),
  );
  const ids = claimed.flat().map((run) => run.id);

  assert.equal(ids.length, 60);
  assert.equal(new Set(ids).size, 60);
  assert.ok(claimed.flat().every((run) => run.epoch === 1 && run.state === "running"));
});

test("claimRuns() takes the highest priority first, then the oldest", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const first = await startRun(kernel);
  const second = await startRun(kernel);
  const urgent = await startRun(kernel, { priority: 5 });

  assert.deepEqual(
    (await claim(kernel, worker, 2)).map((run) => run.id),
    [urgent, first],
  );
  assert.deepEqual(
    (await claim(kernel, worker)).map((run) => run.id),
    [second],
  );
});

test("claimRuns() serves queues in the order given", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const slow = await startRun(kernel, { queue: "slow", priority: 9 });
  const fast = await startRun(kernel, { queue: "fast" });

  const runs = await claimRuns(kernel, { workerId: worker.workerId, queues: ["fast", "slow"], limit: 5 });

  assert.deepEqual(
    runs.map((run) => run.id),
    [fast, slow],
  );
});

test("claimRuns() refuses a worker that is unknown, or no longer known", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const runId = await startRun(kernel);
  await assertLeaseLost(claimRuns(kernel, { workerId: kernel.createId(), queues: ["default"], limit: 1 }));

  await using worker = await joinWorker(kernel, { ttlMs: 5_000 });
  await test.clock.advance(6_000);
  await assertLeaseLost(claim(kernel, worker));

  assert.equal((await read(kernel, runId)).state, "ready");
});

test("claimRuns() says what led to the run, and its start what follows", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, { causation: "event-of-a-tick", correlation: "the-tick" });
  await claimOne(kernel, worker);

  const events = await kernel.database.query<{ id: string; type: string; causation: string; correlation: string }>(
    'select id, type, causation, correlation from roost.event where subject = $1 order by "offset"',
    [runId],
  );

  assert.deepEqual(
    events.map((event) => event.type),
    ["run.created", "run.started"],
  );
  assert.equal(events[0]!.causation, "event-of-a-tick");
  assert.equal(events[1]!.causation, events[0]!.id);
  assert.ok(events.every((event) => event.correlation === "the-tick"));
  assert.deepEqual(await eventTypes(kernel, runId), ["run.created", "run.started"]);
});

test("claimRuns() survives a worker that dies while it claims", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  await killConnection(test.database, worker.workerId);

  // Not declared dead yet: the claim is good, and the reaper will find it.
  assert.equal((await claim(kernel, worker)).length, 1);
});
