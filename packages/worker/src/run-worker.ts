// The life of one worker: registers, claims runs while it has capacity, renews its lease, aborts cancelled and lost runs, and hands back the rest
// when it stops. Handlers define what a run does.

import { hostname } from "node:os";
import { loopVersions } from "@roost/agent/journal";
import { backoffMs, sleepUntilAborted, systemClock, toRoostError, type Logger } from "@roost/base";
import { reportSilentJobs } from "@roost/jobs";
import {
  claimRuns,
  finishRun,
  giveBackRun,
  registerWorker,
  runLimits,
  type ClaimTerms,
  type Kernel,
  type Owned,
  type WorkerRegistration,
} from "@roost/kernel";
import { createActiveRuns, type ActiveRuns } from "./active-runs.ts";
import { hostCapability } from "./exec/run-in-directory.ts";
import type { RunHandlers } from "./execute-run.ts";
import { createStoodStill } from "./stood-still.ts";

export interface WorkerOptions {
  kernel: Kernel;
  handlers: RunHandlers;
  logger: Logger;
  /** Aborted when the process is to stop. */
  signal: AbortSignal;
  /** Concurrent runs. */
  concurrencyMax?: number;
  queues?: string[];
  /** What it offers beside its host, to runs that need it. */
  capabilities?: string[];
  /** How long runs may continue after `signal`; then they are aborted and handed back. */
  graceMsMax?: number | undefined;
  /** How long an aborted run may take to end; then it is abandoned. */
  abandonMsMax?: number;
  /** Without a heartbeat for this long the worker counts as hung. Default: the kernel's. */
  leaseMs?: number | undefined;
  pid: number;
  /** What its machine is called. Default: its host name. */
  host?: string | undefined;
  onReady?: (workerId: string) => void;
}

export const workerDefaults = {
  concurrencyMax: 8,
  graceMsMax: 10_000,
  abandonMsMax: 10_000,
  /** Wake-ups announce ready runs, and a scheduler repeats lost ones; this is for a home without a scheduler. */
  pollMs: 30_000,
  /** After a wake-up it checks once more: other workers may have taken what it saw, while new runs came. */
  secondLookMs: 250,
  claimRetryMs: 1_000,
  heartbeatMs: 5_000,
  restart: { firstMs: 250, maxMs: 5_000 },
  /** How often it checks for due jobs that do not fire. */
  jobWatchMs: 30_000,
} as const;

/** Runs until `signal` is aborted; after a loss of the database or its lease it registers again. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  let lossCount = 0;
  while (!options.signal.aborted) {
    try {
      await runRegistered(options, () => {
        lossCount = 0;
      });
    } catch (error) {
      lossCount += 1;
      const retryMs = backoffMs(lossCount, workerDefaults.restart);
      options.logger.warn("The worker lost its registration and registers again", {
        error: toRoostError(error).message,
        retryMs,
      });
      await sleepUntilAborted(retryMs, { signal: options.signal });
    }
  }
}

/** One registration; returns when the worker stops, its lease is lost, or a run's end cannot be recorded. */
async function runRegistered(options: WorkerOptions, onJoined: () => void): Promise<void> {
  const { kernel, logger, queues = ["default"] } = options;
  const { host = hostname() } = options;
  // A joined host is called as it joined; folders of programs are found by what the machine calls itself.
  const capabilities = [...new Set([hostCapability(), `host:${host}`, ...(options.capabilities ?? [])])];
  await using worker = await registerWorker(kernel, {
    kind: "worker",
    host,
    pid: options.pid,
    ttlMs: options.leaseMs,
    queues,
    capabilities,
  });
  onJoined();
  options.onReady?.(worker.workerId);
  const terms = {
    workerId: worker.workerId,
    queues,
    loopVersions,
    capabilities,
  };
  const claim = { terms, leaving: AbortSignal.any([options.signal, worker.lost]) };
  const active = createActiveRuns({ ...options, claim });
  const leaving = AbortSignal.any([options.signal, worker.lost, active.stuck]);
  const left = new AbortController();
  const heartbeats = keepLease(options, worker, { active, left: left.signal });
  using _watch = watchJobs(options);
  try {
    await claimWhileThereIsRoom(options, terms, { active, leaving });
  } finally {
    if (worker.lost.aborted) {
      const facts = { workerId: worker.workerId, runCount: active.size };
      logger.warn("The lease of this worker is lost; its runs continue elsewhere", facts);
    } else {
      // Whatever the reason for leaving, its runs may continue for a while; a lost lease ends that.
      await active.settled({ withinMs: options.graceMsMax ?? workerDefaults.graceMsMax, signal: worker.lost });
    }
    const reason = worker.lost.aborted ? "The lease of this worker is lost" : "The worker is stopping";
    active.abortAll(new Error(reason));
    await active.settled();
    left.abort();
    await heartbeats;
    if (!worker.lost.aborted) await worker.release();
  }
}

/** Workers report when no scheduler fires jobs: schedulers cannot. */
function watchJobs({ kernel, logger }: WorkerOptions): Disposable {
  let isLooking = false;
  const stoodStill = createStoodStill(systemClock, workerDefaults.jobWatchMs);
  const look = async () => {
    // The next look reports what is still not fired then.
    if (stoodStill() || isLooking) return;
    isLooking = true;
    try {
      const count = await reportSilentJobs(kernel);
      if (count > 0) logger.warn("Jobs are due and do not fire: is a scheduler running?", { jobCount: count });
    } catch (error) {
      logger.warn("Due jobs could not be checked", { error: toRoostError(error).message });
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), workerDefaults.jobWatchMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function claimWhileThereIsRoom(
  { kernel, logger, ...options }: WorkerOptions,
  terms: ClaimTerms,
  { active, leaving }: { active: ActiveRuns; leaving: AbortSignal },
): Promise<void> {
  const concurrencyMax = options.concurrencyMax ?? workerDefaults.concurrencyMax;
  // Watched from before the first check, so that no run that becomes ready in between is missed.
  using ready = kernel.wakeups.watch(terms.queues.map((queue) => `runs:${queue}`));
  let isWoken = false;
  while (!leaving.aborted) {
    const room = concurrencyMax - active.size;
    if (room <= 0) {
      await active.roomMade({ signal: leaving });
      continue;
    }
    let isMoreReady = false;
    let timeoutMs: number = isWoken ? workerDefaults.secondLookMs : workerDefaults.pollMs;
    try {
      const limit = Math.min(room, runLimits.claimMax);
      const claimed = await claimRuns(kernel, { ...terms, limit });
      for (const run of claimed) active.start(run);
      isMoreReady = claimed.length === limit;
    } catch (error) {
      // Its runs continue: only its lease decides whether they may.
      if (leaving.aborted) return;
      logger.warn("Runs could not be claimed", { error: toRoostError(error).message });
      timeoutMs = workerDefaults.claimRetryMs;
    }
    if (!isMoreReady) isWoken = (await ready.next({ timeoutMs, signal: leaving })) === "woken";
  }
}

/** Renews the lease every few seconds and at once when a cancel is announced; aborts runs that this worker may not continue. */
async function keepLease(
  { kernel, logger, leaseMs }: WorkerOptions,
  worker: WorkerRegistration,
  { active, left }: { active: ActiveRuns; left: AbortSignal },
): Promise<void> {
  using cancels = kernel.wakeups.watch("cancel");
  const over = AbortSignal.any([left, worker.lost]);
  const timeoutMs = Math.min(workerDefaults.heartbeatMs, (leaseMs ?? Infinity) / 3);
  let isDrained = false;
  while (!over.aborted) {
    try {
      const beat = await worker.heartbeat({ running: active.owned() });
      if (beat.isDrained !== isDrained) tellDrained(logger, (isDrained = beat.isDrained));
      for (const runId of beat.cancelled) active.abort(runId, new RunCancelled());
      for (const runId of beat.lostRuns) active.abort(runId, new Error("The run belongs to another worker"));
      for (const owned of beat.unheld) await giveBackUnheld(kernel, owned, logger);
    } catch (error) {
      logger.warn("A heartbeat of the worker failed", { error: toRoostError(error).message });
    }
    await cancels.next({ timeoutMs, signal: over });
  }
}

function tellDrained(logger: Logger, isDrained: boolean): void {
  if (isDrained) logger.warn("This worker is drained: it ends its runs and takes no new ones; roost hosts says why");
  else logger.info("This worker is not drained any more and takes runs again");
}

/** The database committed a claim and its answer was lost: without this the run would belong to this worker, unexecuted, for as long as it lives. */
async function giveBackUnheld(kernel: Kernel, owned: Owned, logger: Logger): Promise<void> {
  const reason = "the answer to its claim was lost";
  const isGivenBack = await giveBackRun(kernel, owned, { reason });
  if (!isGivenBack)
    await finishRun(kernel, owned, {
      state: "failed",
      error: { code: "unavailable", message: reason, isRetryable: true },
    });
  logger.warn("A run that this worker owned without executing it was given back", { runId: owned.runId });
}

/** The abort reason of a cancelled run. */
export class RunCancelled extends Error {
  constructor() {
    super("The run was cancelled");
    this.name = "RunCancelled";
  }
}
