// The life of one worker: registered, it claims runs while it has room, keeps its lease, aborts what was cancelled or lost,
// and hands back what it holds when it stops. What a run does is the handlers' business.

import { hostname } from "node:os";
import { delay, toRoostError, type Logger } from "@roost/base";
import {
  claimRuns,
  registerWorker,
  runLimits,
  type ClaimedRun,
  type Kernel,
  type Owned,
  type WorkerRegistration,
} from "@roost/kernel";
import { executeRun, type RunHandlers } from "./execute-run.ts";

export interface WorkerOptions {
  kernel: Kernel;
  handlers: RunHandlers;
  logger: Logger;
  /** Aborted when the process is to stop. */
  signal: AbortSignal;
  /** Runs at once. */
  concurrencyMax?: number;
  queues?: string[];
  /** How long runs may go on after `signal`; then their steps are aborted and the runs handed back. */
  graceMsMax?: number;
  pid: number;
  onReady?: (workerId: string) => void;
}

export const workerDefaults = {
  concurrencyMax: 8,
  graceMsMax: 10_000,
  pollMs: 1_000,
  heartbeatMs: 1_000,
  restartMs: 250,
  restartMsMax: 5_000,
};

interface Active {
  owned: Owned;
  controller: AbortController;
  ended: Promise<void>;
}

/** Runs until `signal` is aborted; survives the loss of the database and of its own lease by registering anew. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  let restartMs = workerDefaults.restartMs;
  while (!options.signal.aborted) {
    try {
      await runRegistered(options, () => {
        restartMs = workerDefaults.restartMs;
      });
    } catch (error) {
      options.logger.warn("The worker lost its place and registers anew", {
        error: toRoostError(error).message,
        retryMs: restartMs,
      });
      await delay(restartMs, { signal: options.signal }).catch(() => undefined);
      restartMs = Math.min(restartMs * 2, workerDefaults.restartMsMax);
    }
  }
}

/** One registration, from joining to leaving; returns when the worker stops or its lease is lost. */
async function runRegistered(options: WorkerOptions, onJoined: () => void): Promise<void> {
  const { kernel, logger } = options;
  await using worker = await registerWorker(kernel, { kind: "worker", host: hostname(), pid: options.pid });
  onJoined();
  options.onReady?.(worker.workerId);
  const active = new Map<string, Active>();
  const leaving = AbortSignal.any([options.signal, worker.lost]);
  const heartbeats = keepLease(options, worker, active, leaving);
  try {
    await claimWhileThereIsRoom(options, worker, active, leaving);
  } finally {
    if (worker.lost.aborted) {
      logger.warn("The lease of this worker is lost; its runs go on elsewhere", {
        workerId: worker.workerId,
        runCount: active.size,
      });
      for (const run of active.values()) run.controller.abort(new Error("The lease of this worker is lost"));
    } else {
      await finishWithin(options.graceMsMax ?? workerDefaults.graceMsMax, active);
    }
    await Promise.allSettled([...active.values()].map((run) => run.ended));
    await heartbeats;
    if (!worker.lost.aborted) await worker.release();
  }
}

async function claimWhileThereIsRoom(
  options: WorkerOptions,
  worker: WorkerRegistration,
  active: Map<string, Active>,
  leaving: AbortSignal,
): Promise<void> {
  const { kernel } = options;
  const queues = options.queues ?? ["default"];
  const concurrencyMax = options.concurrencyMax ?? workerDefaults.concurrencyMax;
  // Watched from before the first look, so that a run that becomes ready in between is not slept over.
  using ready = kernel.wakeups.watch(queues.map((queue) => `runs:${queue}`));
  while (!leaving.aborted) {
    const room = concurrencyMax - active.size;
    const claimed =
      room > 0
        ? await claimRuns(kernel, { workerId: worker.workerId, queues, limit: Math.min(room, runLimits.claimMax) })
        : [];
    for (const run of claimed) start(options, run, active);
    if (active.size >= concurrencyMax) await Promise.race([...active.values()].map((run) => run.ended));
    else if (claimed.length === 0) await ready.next({ timeoutMs: workerDefaults.pollMs, signal: leaving });
  }
}

function start(options: WorkerOptions, run: ClaimedRun, active: Map<string, Active>): void {
  const controller = new AbortController();
  const ended = executeRun(options, run, controller.signal).finally(() => active.delete(run.id));
  active.set(run.id, { owned: { runId: run.id, epoch: run.epoch }, controller, ended });
}

/** Renews the lease each second and at once when a cancel is announced; aborts what this worker may not continue. */
async function keepLease(
  options: WorkerOptions,
  worker: WorkerRegistration,
  active: Map<string, Active>,
  leaving: AbortSignal,
): Promise<void> {
  const { kernel, logger } = options;
  using cancels = kernel.wakeups.watch("cancel");
  while (!worker.lost.aborted && !(leaving.aborted && active.size === 0)) {
    try {
      const beat = await worker.heartbeat({ running: [...active.values()].map((run) => run.owned) });
      for (const runId of beat.cancelled) active.get(runId)?.controller.abort(new RunCancelled());
      for (const runId of beat.lostRuns)
        active.get(runId)?.controller.abort(new Error("The run belongs to another worker"));
    } catch (error) {
      logger.warn("A heartbeat of the worker failed", { error: toRoostError(error).message });
    }
    await cancels.next({ timeoutMs: workerDefaults.heartbeatMs, signal: active.size === 0 ? leaving : worker.lost });
  }
}

/** The reason with which the signal of a cancelled run is aborted. */
export class RunCancelled extends Error {
  constructor() {
    super("The end of the run was asked for");
    this.name = "RunCancelled";
  }
}

async function finishWithin(graceMs: number, active: Map<string, Active>): Promise<void> {
  if (active.size === 0) return;
  const over = new AbortController();
  const all = Promise.allSettled([...active.values()].map((run) => run.ended)).then(() => over.abort());
  await delay(graceMs, { signal: over.signal }).catch(() => undefined);
  for (const run of active.values()) run.controller.abort(new Error("The worker stops"));
  await all;
}
