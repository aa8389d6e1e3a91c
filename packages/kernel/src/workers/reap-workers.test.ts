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
import { reserveSpend } from "../budgets/reserve-spend.ts";
import { promoteDueRuns } from "../runs/promote-due-runs.ts";
import { runLimits } from "../runs/run.ts";
import { reapWorkers } from "./reap-workers.ts";

test("reapWorkers() gives the runs of a dead worker to others at once", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using dying = await joinWorker(kernel);
  await using other = await joinWorker(await test.openAnother());
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, dying);
  assert.equal(await reapWorkers(kernel), 0, "all are well");

  await killConnection(test.database, dying.workerId);
  assert.equal(await reapWorkers(kernel), 1);

  const again = await claimOne(kernel, other);
  assert.equal(again.id, runId);
  assert.ok(again.epoch > owned.epoch);
  await assertLeaseLost(end(kernel, owned));
  assert.deepEqual(await eventTypes(kernel, runId), ["run.created", "run.started", "lease.lost", "run.started"]);
  assert.deepEqual(await eventTypes(kernel, dying.workerId), ["worker.joined", "worker.lost"]);
});

test("reapWorkers() takes the runs of a worker that hangs when its time is over, and the worker learns it", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using hanging = await joinWorker(kernel, { ttlMs: 5_000 });
  await startRun(kernel);
  const { owned } = await claimOne(kernel, hanging);
  assert.deepEqual(await hanging.heartbeat({ running: [owned] }), {
    cancelled: [],
    lostRuns: [],
    unheld: [],
    lost: false,
    isDrained: false,
  });
  await test.clock.advance(4_000);
  assert.equal(await reapWorkers(kernel), 0);
  await test.clock.advance(2_000);

  assert.equal(await reapWorkers(kernel), 1);

  assert.deepEqual(await hanging.heartbeat({ running: [owned] }), {
    cancelled: [],
    lostRuns: [owned.runId],
    unheld: [],
    lost: true,
    isDrained: false,
  });
  assert.ok(hanging.lost.aborted);
});

test("reapWorkers() leaves a lost owner no way to pass off a late failure as his own earlier one", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await startRun(kernel, { retry: { attemptsMax: 3, backoffMs: 0 } });
  await using worker = await joinWorker(kernel);
  await fail(kernel, (await claimOne(kernel, worker)).owned);
  await promoteDueRuns(kernel);
  const second = await claimOne(kernel, worker);
  await killConnection(test.database, worker.workerId);
  await reapWorkers(kernel);

  await assertLeaseLost(fail(kernel, second.owned));

  assert.equal(await stateOf(kernel, second.id), "ready");
});

test("heartbeat() never renews a deadline that has passed, reaped or not", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 5_000 });
  await test.clock.advance(6_000);

  assert.equal((await worker.heartbeat()).lost, true);
  assert.equal(await reapWorkers(kernel), 1);
});

test("heartbeat() keeps a worker alive for as long as it comes", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 5_000 });
  for (let n = 0; n < 4; n += 1) {
    await test.clock.advance(4_000);
    assert.equal((await worker.heartbeat()).lost, false);
  }
  assert.equal(await reapWorkers(kernel), 0);
});

test("registerWorker() aborts `lost` when its connection dies", async () => {
  await using test = await createTestKernel();
  await using worker = await joinWorker(test.kernel);
  const lost = new Promise((resolve) => worker.lost.addEventListener("abort", resolve));

  await killConnection(test.database, worker.workerId);

  await lost;
});

test("release() gives back what the worker still owns without counting it as lost", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const stopping = await joinWorker(kernel);
  await using other = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, stopping);

  await stopping.release();

  await assertLeaseLost(end(kernel, owned));
  const again = await claimOne(kernel, other);
  assert.equal(again.stallCount, 0);
  assert.equal(await reapWorkers(kernel), 0);
});

test("reapWorkers() ends a run that has cost too many workers in a row", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const runId = await startRun(kernel, { retry: { attemptsMax: 5 } });
  for (let n = 1; n <= runLimits.stallsMax; n += 1) {
    await using worker = await joinWorker(kernel);
    await claimOne(kernel, worker);
    await killConnection(test.database, worker.workerId);
    await reapWorkers(kernel);
    if (n < runLimits.stallsMax) {
      await test.clock.advance(60_000);
      await promoteDueRuns(kernel);
    }
  }
  const run = await read(kernel, runId);
  assert.equal(run.state, "failed");
  assert.match(run.error!.message, /crash loop/);
});

test("reapWorkers() does not end a run that gets on between crashes", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const runId = await startRun(kernel);
  for (let n = 1; n <= runLimits.stallsMax * 2; n += 1) {
    await using worker = await joinWorker(kernel);
    const { owned } = await claimOne(kernel, worker);
    await begin(kernel, owned, n);
    await done(kernel, owned, n);
    await killConnection(test.database, worker.workerId);
    await reapWorkers(kernel);
  }
  assert.equal(await stateOf(kernel, runId), "ready");
});

test("reapWorkers() counts what a dead worker had reserved as spent", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await reserveSpend(kernel, owned, { seq: 1, usd: 0.75, tokens: 10 });
  await killConnection(test.database, worker.workerId);

  await reapWorkers(kernel);

  const run = await read(kernel, runId);
  assert.deepEqual([run.costUsd, run.usdReserved, run.reservationCount], [0.75, 0, 0]);
});

test("reapWorkers() by several at once reaps each worker once", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const others = await Promise.all([1, 2, 3].map(() => test.openAnother()));
  await using worker = await joinWorker(kernel);
  for (let n = 0; n < 5; n += 1) await startRun(kernel);
  const runs = await claim(kernel, worker);
  await killConnection(test.database, worker.workerId);

  const reaped = await Promise.all([kernel, ...others].map((each) => reapWorkers(each)));
  while ((await reapWorkers(kernel)) > 0) reaped.push(1);

  assert.equal(
    reaped.reduce((sum, n) => sum + n, 0),
    1,
  );
  for (const run of runs)
    assert.equal((await eventTypes(kernel, run.id)).filter((type) => type === "lease.lost").length, 1);
});

test("reapWorkers() that died after declaring a worker dead is continued by the next", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  await claimOne(kernel, worker);
  // What the first transaction of a reaper leaves behind.
  await kernel.database.query("update roost.worker set expires_at = roost.now() where id = $1", [worker.workerId]);

  assert.equal((await worker.heartbeat()).lost, true);
  assert.equal(await reapWorkers(kernel), 1);
  assert.equal(await stateOf(kernel, runId), "ready");
});
