/** Short functions for tests of runs: start one, claim one, lose a worker, read records. */
import assert from "node:assert/strict";
import type { Database } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import { beginStep } from "../runs/begin-step.ts";
import type { StepRequest } from "../runs/prepare-intent.ts";
import { claimRuns } from "../runs/claim-runs.ts";
import { createRun } from "../runs/create-run.ts";
import { finishRun } from "../runs/finish-run.ts";
import { finishStep } from "../runs/finish-step.ts";
import type { FinishedStep } from "../runs/prepare-outcome.ts";
import { isLeaseLost } from "../runs/lease-lost.ts";
import { getRun, listSteps } from "../runs/list-runs.ts";
import type { ClaimedRun, NewRun, Owned, Run, RunState, Step } from "../runs/run.ts";
import { registerWorker, type NewWorker, type WorkerRegistration } from "../workers/register-worker.ts";

export function joinWorker(kernel: Kernel, worker: Partial<NewWorker> = {}): Promise<WorkerRegistration> {
  return registerWorker(kernel, { kind: "worker", host: "test", pid: process.pid, ...worker });
}

export async function startRun(kernel: Kernel, run: Partial<NewRun> = {}): Promise<string> {
  const created = await kernel.transact((tx) => createRun(tx, { reason: "a test", input: {}, ...run }));
  return created.runId;
}

export function claim(kernel: Kernel, worker: WorkerRegistration, limit = 10): Promise<ClaimedRun[]> {
  return claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit });
}

/** The only claimable run. */
export async function claimOne(kernel: Kernel, worker: WorkerRegistration): Promise<ClaimedRun & { owned: Owned }> {
  const runs = await claim(kernel, worker, 1);
  assert.equal(runs.length, 1, "a run was expected to be ready");
  const [run] = runs;
  return { ...run!, owned: { runId: run!.id, epoch: run!.epoch } };
}

export function begin(kernel: Kernel, owned: Owned, seq: number, step: Partial<StepRequest> = {}) {
  return beginStep(kernel, owned, {
    seq,
    name: `step ${seq}`,
    kind: "tool",
    effect: "unsafe",
    input: { seq },
    ...step,
  });
}

export function done(kernel: Kernel, owned: Owned, seq: number, outcome: Partial<FinishedStep> = {}) {
  return finishStep(kernel, owned, { seq, state: "done", output: `output ${seq}`, ...outcome });
}

export function end(kernel: Kernel, owned: Owned, output = "ended") {
  return finishRun(kernel, owned, { state: "done", output });
}

export function fail(kernel: Kernel, owned: Owned, message = "it broke") {
  return finishRun(kernel, owned, { state: "failed", error: { code: "internal", message } });
}

export function read(kernel: Kernel, runId: string): Promise<Run> {
  return getRun(kernel.database, runId);
}

export async function stateOf(kernel: Kernel, runId: string): Promise<RunState> {
  return (await read(kernel, runId)).state;
}

export async function stepOf(kernel: Kernel, runId: string, seq: number): Promise<Step> {
  const step = (await listSteps(kernel.database, runId)).find((each) => each.seq === seq);
  assert.ok(step, `run ${runId} was expected to have a step ${seq}`);
  return step;
}

/** Types of the events of a run, in order. */
export async function eventTypes(kernel: Kernel, runId: string): Promise<string[]> {
  const rows = await kernel.database.query<{ type: string }>(
    'select type from roost.event where subject = $1 order by partition, "offset"',
    [runId],
  );
  return rows.map((row) => row.type);
}

/** Kills the connection that proves a worker alive, as the death of its process would. Returns when PostgreSQL has released its lock. */
export async function killConnection(database: Database, workerId: string): Promise<void> {
  const rows = await database.query<{ isGone: boolean }>(
    `select pg_terminate_backend(l.pid, 10000) as "isGone" from roost.worker w
     join pg_locks l on l.locktype = 'advisory' and l.objsubid = 1 and l.database = (select oid from pg_database where datname = current_database())
       and l.classid::bigint = (w.lock_key >> 32 & 4294967295) and l.objid::bigint = (w.lock_key & 4294967295)
     where w.id = $1`,
    [workerId],
  );
  assert.deepEqual(rows, [{ isGone: true }], "the worker was expected to hold its lock");
}

export async function assertLeaseLost(work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isLeaseLost(error), `a lost lease was expected, not ${String(error)}`);
    return true;
  });
}
