import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import {
  assertLeaseLost,
  begin,
  claim,
  claimOne,
  done,
  end,
  fail,
  eventTypes,
  joinWorker,
  killConnection,
  read,
  startRun,
  stateOf,
} from "../testing/drive-runs.ts";
import { reapWorkers } from "../workers/reap-workers.ts";
import { failOverdueRuns } from "./fail-overdue-runs.ts";
import { promoteDueRuns, readNextDue } from "./promote-due-runs.ts";
import { waitInRun } from "./wait-in-run.ts";

test("H: a run reaches its time limit, its owner finishes late, and his write is refused", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const runId = await startRun(kernel, { timeoutMs: 60_000 });
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await test.clock.advance(59_000);
  assert.equal(await failOverdueRuns(kernel), 0);
  await test.clock.advance(2_000);

  assert.equal(await failOverdueRuns(kernel), 1);

  await assertLeaseLost(done(kernel, owned, 1));
  await assertLeaseLost(end(kernel, owned));
  await assertLeaseLost(fail(kernel, owned));
  const run = await read(kernel, runId);
  assert.deepEqual([run.state, run.error?.code], ["failed", "timeout"]);
  assert.deepEqual((await worker.heartbeat({ running: [owned] })).lostRuns, [runId]);
});

test("failOverdueRuns() leaves attempts that are left, each with its own time", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const runId = await startRun(kernel, { timeoutMs: 60_000, retry: { attemptsMax: 2, backoffMs: 1_000 } });
  const { owned } = await claimOne(kernel, worker);
  await test.clock.advance(61_000);
  await failOverdueRuns(kernel);
  assert.equal(await stateOf(kernel, runId), "waiting");
  await assertLeaseLost(end(kernel, owned));
  await test.clock.advance(2_000);
  await promoteDueRuns(kernel);

  const again = await claimOne(kernel, worker);
  await test.clock.advance(50_000);
  assert.equal(await failOverdueRuns(kernel), 0);
  assert.equal((await end(kernel, again.owned)).state, "done");
});

test("failOverdueRuns() does not count a declared wait", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 36_000_000 });
  const runId = await startRun(kernel, { timeoutMs: 60_000 });
  const { owned } = await claimOne(kernel, worker);
  await test.clock.advance(30_000);
  const [{ until }] = (await kernel.database.query<{ until: Date }>(
    `select roost.now() + interval '1 hour' as until`,
  )) as [{ until: Date }];
  await waitInRun(kernel, owned, { seq: 1, wait: { kind: "time", until } });
  await test.clock.advance(3_601_000);
  assert.equal(await failOverdueRuns(kernel), 0);
  await promoteDueRuns(kernel);
  await claimOne(kernel, worker);
  await test.clock.advance(20_000);
  assert.equal(await failOverdueRuns(kernel), 0);
  await test.clock.advance(20_000);

  assert.equal(await failOverdueRuns(kernel), 1, "30 s before the wait and 40 after it");
  assert.equal(await stateOf(kernel, runId), "failed");
});

test("failOverdueRuns() leaves a run without a time limit alone after a wait", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 36_000_000 });
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await waitInRun(kernel, owned, { seq: 1, wait: { kind: "time", until: new Date(Date.now() + 60_000) } });
  await test.clock.advance(61_000);
  await promoteDueRuns(kernel);
  await claimOne(kernel, worker);
  await test.clock.advance(3_600_000);

  assert.equal(await failOverdueRuns(kernel), 0);
  assert.equal(await stateOf(kernel, runId), "running");
});

test("failOverdueRuns() counts the time in which no worker executes a run that had begun", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, { timeoutMs: 60_000, serialKey: "letters" });
  await startRun(kernel, { serialKey: "letters" });
  await claimOne(kernel, worker);
  await killConnection(test.database, worker.workerId);
  await reapWorkers(kernel);
  await test.clock.advance(61_000);

  await failOverdueRuns(kernel);

  assert.equal(await stateOf(kernel, runId), "failed");
  await using other = await joinWorker(kernel);
  assert.equal((await claim(kernel, other)).length, 1, "its serial key goes on");
});

test("readNextDue() names the next moment at which something is to be done", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  assert.deepEqual(await readNextDue(kernel), { at: null, isDue: false, isReadyLeft: false });
  const startAt = new Date(Date.now() + 3_600_000);
  const later = await startRun(kernel, { startAt });
  assert.deepEqual(await readNextDue(kernel), { at: startAt, isDue: false, isReadyLeft: false });
  const sooner = await startRun(kernel, { timeoutMs: 60_000 });
  await claimOne(kernel, worker);

  const { deadlineAt } = await read(kernel, sooner);
  assert.deepEqual(await readNextDue(kernel), { at: deadlineAt, isDue: false, isReadyLeft: false });
  assert.deepEqual(await eventTypes(kernel, later), ["run.created"]);
});
