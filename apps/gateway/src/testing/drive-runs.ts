/** Plays the worker: claims a run, records its steps, ends it. */
import assert from "node:assert/strict";
import {
  beginStep,
  claimRuns,
  createRun,
  finishRun,
  finishStep,
  registerWorker,
  type Kernel,
  type NewRun,
  type Owned,
  type WorkerRegistration,
} from "@roost/kernel";

export async function startRun(kernel: Kernel, run: Partial<NewRun> = {}): Promise<string> {
  const given = { reason: "a test", input: {}, ...run };
  return (await kernel.transact((tx) => createRun(tx, given))).runId;
}

export function joinWorker(kernel: Kernel): Promise<WorkerRegistration> {
  return registerWorker(kernel, { kind: "worker", host: "test", pid: process.pid });
}

export async function claimOne(kernel: Kernel, worker: WorkerRegistration): Promise<Owned> {
  const [run] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
  assert.ok(run, "a run was expected to be ready");
  return { runId: run.id, epoch: run.epoch };
}

/** A run of the agent clerk that has just begun, in a session of its own. */
export async function beginClerk(kernel: Kernel, worker: WorkerRegistration): Promise<Owned> {
  await startRun(kernel, { agent: "clerk", sessionKind: "cron", sessionKey: `cron:${crypto.randomUUID()}` });
  return await claimOne(kernel, worker);
}

export async function doStep(kernel: Kernel, owned: Owned, seq: number): Promise<void> {
  await beginStep(kernel, owned, { seq, name: `step ${seq}`, kind: "tool", effect: "readonly", input: { seq } });
  await finishStep(kernel, owned, { seq, state: "done", output: `output ${seq}` });
}

export async function end(kernel: Kernel, owned: Owned): Promise<void> {
  await finishRun(kernel, owned, { state: "done", output: { text: "ended" } });
}

/** Plays a run of this many steps from start to end. */
export async function playRun(kernel: Kernel, steps: number, run: Partial<NewRun> = {}): Promise<string> {
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, run);
  const owned = await claimOne(kernel, worker);
  for (let seq = 1; seq <= steps; seq += 1) await doStep(kernel, owned, seq);
  await end(kernel, owned);
  return runId;
}
