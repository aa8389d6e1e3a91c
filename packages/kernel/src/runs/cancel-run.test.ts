import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import {
  assertLeaseLost,
  begin,
  claim,
  claimOne,
  end,
  eventTypes,
  joinWorker,
  killConnection,
  read,
  startRun,
  stateOf,
} from "../testing/drive-runs.ts";
import { reapWorkers } from "../workers/reap-workers.ts";
import { cancelRun } from "./cancel-run.ts";
import { createRun } from "./create-run.ts";
import { failOverdueRuns } from "./fail-overdue-runs.ts";
import { finishRun } from "./finish-run.ts";
import { listQuestions } from "./list-runs.ts";
import { runLimits, type Owned } from "./run.ts";
import { waitInRun } from "./wait-in-run.ts";

const cancel = (kernel: Kernel, runId: string) => cancelRun(kernel, { runId, reason: "enough", by: "anna" });

async function startChild(kernel: Kernel, owned: Owned, seq: number): Promise<string> {
  return (await kernel.transact((tx) => createRun(tx, { reason: "child", input: {}, parent: { ...owned, seq } })))
    .runId;
}

test("cancelRun() ends at once what no worker executes: ready, queued, waiting", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const waiting = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await waitInRun(kernel, owned, { seq: 1, wait: { kind: "person", question: { prompt: "may I?" } } });
  const ready = await startRun(kernel, { serialKey: "letters" });
  const queued = await startRun(kernel, { serialKey: "letters" });
  const later = await startRun(kernel, { startAt: new Date(Date.now() + 3_600_000) });

  for (const runId of [waiting, queued, ready, later]) {
    assert.deepEqual(await cancel(kernel, runId), { outcome: "cancelled", state: "cancelled" });
    assert.equal((await eventTypes(kernel, runId)).at(-1), "run.cancelled");
  }
  assert.equal((await listQuestions(kernel))[0]!.state, "withdrawn");
  assert.equal((await claim(kernel, worker)).length, 0);
});

test("cancelRun() asks the owner of a running run, who hears of it and ends it", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  let woken = 0;
  using _subscription = kernel.wakeups.subscribe("cancel", () => void (woken += 1));

  assert.deepEqual(await cancel(kernel, owned.runId), { outcome: "requested", state: "running" });
  assert.deepEqual(await cancel(kernel, owned.runId), { outcome: "requested", state: "running" });

  assert.ok(woken > 0);
  assert.deepEqual((await worker.heartbeat({ running: [owned] })).cancelled, [owned.runId]);
  assert.deepEqual(await finishRun(kernel, owned, { state: "cancelled", output: "so far" }), { state: "cancelled" });
  const run = await read(kernel, owned.runId);
  assert.deepEqual([run.cancelReason, run.cancelBy, run.output], ["enough", "anna", "so far"]);
  assert.deepEqual(await eventTypes(kernel, owned.runId), [
    "run.created",
    "run.started",
    "run.cancelling",
    "run.cancelled",
  ]);
});

test("cancelRun() of an ended run changes nothing", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  await end(kernel, (await claimOne(kernel, worker)).owned);

  assert.deepEqual(await cancel(kernel, runId), { outcome: "already_over", state: "done" });
  await assert.rejects(cancel(kernel, kernel.createId()), { code: "not_found" });
});

test("cancelRun() of a run whose owner dies is carried out by the reaper", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  await claimOne(kernel, worker);
  await cancel(kernel, runId);
  await killConnection(test.database, worker.workerId);

  await reapWorkers(kernel);

  assert.equal(await stateOf(kernel, runId), "cancelled");
});

test("cancelRun() of a run whose owner does not react ends it after the grace time", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await cancel(kernel, runId);
  assert.equal(await failOverdueRuns(kernel), 0);
  await test.clock.advance(runLimits.cancelGraceMs + 1_000);

  assert.equal(await failOverdueRuns(kernel), 1);

  assert.equal(await stateOf(kernel, runId), "cancelled");
  assert.deepEqual((await worker.heartbeat({ running: [owned] })).lostRuns, [runId]);
  await assertLeaseLost(end(kernel, owned));
});

test("cancelRun() reaches everything below", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const root = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  const busy = await startChild(kernel, owned, 1);
  const child = await claimOne(kernel, worker);
  const grandchild = await startChild(kernel, child.owned, 1);
  const idle = await startChild(kernel, owned, 2);

  await cancel(kernel, root);

  assert.deepEqual(await Promise.all([root, busy, grandchild, idle].map((runId) => stateOf(kernel, runId))), [
    "running",
    "running",
    "cancelled",
    "cancelled",
  ]);
  assert.ok((await read(kernel, busy)).cancelRequestedAt);
  // The parent ends first; the child, told before, ends a moment later and has no parent to tell.
  await finishRun(kernel, owned, { state: "cancelled" });
  assert.deepEqual(await end(kernel, child.owned), { state: "done" });
  assert.equal(await stateOf(kernel, root), "cancelled");
});

test("a parent that waits is cancelled while its child ends: both end, and nothing is left waiting", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const other = await test.openAnother();
  await using worker = await joinWorker(kernel);
  for (let round = 0; round < 8; round += 1) {
    const root = await startRun(kernel, { serialKey: "family" });
    const { owned } = await claimOne(kernel, worker);
    const childId = await startChild(kernel, owned, 1);
    await waitInRun(kernel, owned, { seq: 2, wait: { kind: "child", runId: childId } });
    const child = await claimOne(kernel, worker);

    const [cancelled] = await Promise.all([cancel(kernel, root), end(other, child.owned)]);

    assert.equal(cancelled.outcome, "cancelled");
    assert.equal(await stateOf(kernel, root), "cancelled");
    assert.equal(await stateOf(kernel, childId), "done");
  }
  assert.deepEqual(await kernel.database.query("select 1 from roost.wait where resolved_at is null"), []);
  assert.deepEqual(await kernel.database.query("select 1 from roost.serial_key where holder is not null"), []);
});

test("finishRun() without success takes what it started with it, with success it does not", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const states: string[] = [];
  for (const state of ["failed", "done"] as const) {
    await startRun(kernel);
    const { owned } = await claimOne(kernel, worker);
    const childId = await startChild(kernel, owned, 1);
    await finishRun(kernel, owned, { state });
    states.push(await stateOf(kernel, childId));
  }
  assert.deepEqual(states, ["cancelled", "ready"]);
});
