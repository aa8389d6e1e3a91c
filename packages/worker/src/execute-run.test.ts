import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError, silentLogger } from "@roost/base";
import {
  acquireLock,
  beginStep,
  claimRuns,
  finishRun,
  finishStep,
  getRun,
  isLeaseLost,
  listLocks,
  promoteDueRuns,
  registerWorker,
  runLimits,
  type ClaimedRun,
  type Kernel,
  type NewRun,
} from "@roost/kernel";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { executeRun, type RunHandler } from "./execute-run.ts";
import { RunCancelled } from "./run-worker.ts";
import { RunInterruption } from "./steps/run-interruption.ts";
import { startRun } from "./testing/start-worker.ts";

async function claimNew(kernel: Kernel, run: Partial<NewRun> = {}): Promise<ClaimedRun> {
  await startRun(kernel, run);
  const worker = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
  const [claimed] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
  assert.ok(claimed);
  return claimed;
}

const never = new AbortController().signal;

async function execute(kernel: Kernel, run: ClaimedRun, agent: RunHandler, signal = never): Promise<boolean> {
  return executeRun({ kernel, handlers: { agent }, logger: silentLogger }, run, signal);
}

function throwing(error: unknown): RunHandler {
  return async () => {
    throw error;
  };
}

test("executeRun() leaves the end to the handler that recorded it", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const run = await claimNew(kernel);
  const owned = { runId: run.id, epoch: run.epoch };
  assert.ok(
    await execute(kernel, run, async () => void (await finishRun(kernel, owned, { state: "done", output: "well" }))),
  );
  assert.deepEqual((await getRun(kernel.database, run.id)).output, "well");
});

for (const name of ["video", "constructor", "__proto__"]) {
  test(`executeRun() fails a run of the unknown kind ${name} for good and says what is known`, async () => {
    await using opened = await createTestKernel();
    const { kernel } = opened;
    const run = await claimNew(kernel, { handler: name, retry: { attemptsMax: 5 } });
    assert.ok(await execute(kernel, run, () => assert.fail("another kind's handler was called")));
    const { state, error } = await getRun(kernel.database, run.id);
    assert.deepEqual([state, error?.code], ["failed", "invalid_input"]);
    assert.match(error?.message ?? "", new RegExp(`"${name}".*executes agent`));
  });
}

test("executeRun() gives a run back that the database failed, and it goes on where it was, until that happens too often", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await startRun(kernel);
  await using worker = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1, ttlMs: 36_000_000 });
  const claimNext = async () => {
    await opened.clock.advance(60_000);
    await promoteDueRuns(kernel);
    const [run] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
    assert.ok(run, "the run was expected to be ready again");
    return run;
  };
  const cutOff: RunHandler = async () =>
    void (await kernel.database.query("select pg_terminate_backend(pg_backend_pid())"));
  let run = await claimNext();
  const owned = { runId: run.id, epoch: run.epoch };
  await beginStep(kernel, owned, { seq: 1, name: "send", kind: "tool", effect: "unsafe" });
  assert.ok(await execute(kernel, run, cutOff));
  await assert.rejects(finishStep(kernel, owned, { seq: 1, state: "done" }), isLeaseLost);

  for (let n = 2; n <= runLimits.stallsMax; n += 1) {
    run = await claimNext();
    assert.deepEqual([run.attempt, run.steps.map((step) => step.state)], [1, ["intent"]]);
    assert.ok(await execute(kernel, run, cutOff));
  }
  const { state, error } = await getRun(kernel.database, run.id);
  assert.deepEqual([state, error?.code], ["failed", "unavailable"]);
});

test("executeRun() tries again what may pass, and not what will not", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const passing = await claimNew(kernel, { retry: { attemptsMax: 2 } });
  await execute(kernel, passing, throwing(new RoostError("unavailable", "later")));
  const final = await claimNew(kernel, { retry: { attemptsMax: 2 } });
  await execute(kernel, final, throwing(new RoostError("forbidden", "never")));
  const states = await Promise.all([passing, final].map(({ id }) => getRun(kernel.database, id)));
  assert.deepEqual(
    states.map(({ state, waitingFor }) => [state, waitingFor]),
    [
      ["waiting", "retry"],
      ["failed", null],
    ],
  );
});

test("executeRun() ends a run as cancelled whatever its handler throws after the cancel", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const aborted = AbortSignal.abort(new RunCancelled());
  for (const [error, signal] of [
    [new Error("something else"), aborted],
    [new RunInterruption("cancelled", "asked"), never],
  ] as const) {
    const run = await claimNew(kernel);
    await execute(kernel, run, throwing(error), signal);
    assert.equal((await getRun(kernel.database, run.id)).state, "cancelled");
  }
});

test("executeRun() records no end for a run that waits, that is handed back, or that belongs to another", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const stopped = AbortSignal.abort(new Error("The worker stops"));
  const lost = new RoostError("conflict", "lost", { details: { reason: "lease_lost" } });
  for (const [error, signal] of [
    [new RunInterruption("suspended", "waits"), never],
    [stopped.reason, stopped],
    [lost, never],
  ] as const) {
    const run = await claimNew(kernel);
    assert.ok(await execute(kernel, run, throwing(error), signal));
    assert.equal((await getRun(kernel.database, run.id)).state, "running");
  }
});

test("executeRun() releases the locks of a run that failed for good, and keeps those of one that is tried again", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  for (const [attemptsMax, lockCount] of [
    [1, 0],
    [2, 1],
  ] as const) {
    const run = await claimNew(kernel, { retry: { attemptsMax } });
    const lock = { name: `publish:${attemptsMax}`, holder: `run:${run.id}`, ttlMs: 60_000, runId: run.id };
    await execute(kernel, run, async () => {
      await acquireLock(kernel, lock);
      throw new RoostError("unavailable", "broken");
    });
    const { locks } = await listLocks(kernel, { limit: 10 });
    assert.equal(locks.filter(({ holder }) => holder === lock.holder).length, lockCount);
  }
});

test("executeRun() says when the end could not be recorded", async () => {
  await using opened = await createTestKernel();
  const run = await claimNew(opened.kernel);
  const gone = { ...opened.kernel, transact: () => Promise.reject(new Error("no database")) };
  assert.equal(await execute(gone, run, throwing(new Error("broken"))), false);
});

test("executeRun() cuts a message that is longer than may be recorded", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const run = await claimNew(kernel);
  assert.ok(await execute(kernel, run, throwing(new Error("x".repeat(5_000_000)))));
  assert.equal((await getRun(kernel.database, run.id)).error?.message.length, 10_000);
});
