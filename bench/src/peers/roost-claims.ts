/**
 * Roost under the workload "claim", in three ways: `single` takes one run with each claim and ends each run in a transaction of
 * its own; `worker` is the worker as it is; `ahead` claims ahead and lets ends travel together without waiting for each, as
 * queues with a local queue do. The fence, the history and the events are on in all three.
 */
import { silentLogger } from "@roost/base";
import type { Database } from "@roost/database";
import { claimRuns, createRuns, finishRun, runLimits, type ClaimedRun, type Kernel } from "@roost/kernel";
import { runWorker, type RunCall } from "@roost/worker";
import { joinAsWorker, openRoost, type OpenRoost } from "./open-roost.ts";
import type { PeerSetup, WorkloadParameters, WorkloadResult } from "./peer.ts";
import { inParallel, timeJobs } from "./time-jobs.ts";

export type ClaimMode = "single" | "worker" | "ahead";

const queues = ["default"];
const handler = "noop";
/** As many as graphile-worker's local queue holds here. */
const aheadMax = 500;
const unacknowledgedMax = 4_000;
const emptyLookMs = 5;

export async function measureRoostClaims(
  setup: PeerSetup,
  mode: ClaimMode,
  parameters: WorkloadParameters,
): Promise<WorkloadResult> {
  const { concurrency, count } = parameters as { concurrency: number; count: number };
  await using opened = await openRoost(setup);
  await createReadyRuns(opened.kernel, count);
  const start = { single: startSingle, worker: startWorker, ahead: startAhead }[mode];
  return await timeJobs({
    count,
    start: (handled) => start(opened, concurrency, handled),
    isOver: () => isOver(opened.database),
  });
}

async function createReadyRuns(kernel: Kernel, count: number): Promise<void> {
  const width = 4;
  await inParallel(Math.ceil(count / runLimits.createMax), width, (part) => {
    const size = Math.min(runLimits.createMax, count - part * runLimits.createMax);
    const runs = Array.from({ length: size }, () => ({ reason: "a benchmark", handler, input: {} }));
    return kernel.transact((tx) => createRuns(tx, runs));
  });
}

/** Stuck runs belong to a worker that is not there, so they are neither ready nor this one's. */
async function isOver(database: Database): Promise<boolean> {
  const [row] = await database.query<{ isLeft: boolean }>(
    `select exists (select from roost.run where state = 'ready' and queue = 'default')
       or exists (select from roost.run r join roost.worker w on w.id = r.worker_id where r.state = 'running') as "isLeft"`,
  );
  return row?.isLeft !== true;
}

async function startSingle(
  { kernel }: OpenRoost,
  concurrency: number,
  handled: () => void,
): Promise<() => Promise<unknown>> {
  const worker = await joinAsWorker(kernel);
  let isStopped = false;
  const loops = Array.from({ length: concurrency }, async () => {
    while (!isStopped) {
      const [run] = await claimRuns(kernel, { workerId: worker.workerId, queues, limit: 1 });
      if (run === undefined) {
        await new Promise((resolve) => setTimeout(resolve, emptyLookMs));
        continue;
      }
      handled();
      // What commits alongside keeps an end from travelling with others.
      await finishRun(kernel, ownedOf(run), { state: "done" }, { alongside: async () => undefined });
    }
  });
  return async () => {
    isStopped = true;
    await Promise.all(loops);
    await worker.release();
  };
}

async function startWorker(
  { kernel }: OpenRoost,
  concurrencyMax: number,
  handled: () => void,
): Promise<() => Promise<unknown>> {
  const stop = new AbortController();
  const handlers = {
    // As the agent's handler does: its end takes the next run along.
    [handler]: async (run: ClaimedRun, { claimer }: RunCall) => {
      handled();
      await finishRun(kernel, ownedOf(run), { state: "done" }, { claimer });
    },
  };
  const running = runWorker({
    kernel,
    handlers,
    logger: silentLogger,
    signal: stop.signal,
    concurrencyMax,
    pid: process.pid,
  });
  return async () => {
    stop.abort();
    await running;
  };
}

async function startAhead(
  { kernel }: OpenRoost,
  concurrency: number,
  handled: () => void,
): Promise<() => Promise<unknown>> {
  const worker = await joinAsWorker(kernel);
  const ahead: ClaimedRun[] = [];
  const ending = new Set<Promise<unknown>>();
  let fetching: Promise<void> | undefined;
  let isStopped = false;
  const fetch = async () => {
    const claimed = await claimRuns(kernel, { workerId: worker.workerId, queues, limit: aheadMax });
    ahead.push(...claimed);
    if (claimed.length === 0) await new Promise((resolve) => setTimeout(resolve, emptyLookMs));
    fetching = undefined;
  };
  const loops = Array.from({ length: concurrency }, async () => {
    while (!isStopped) {
      if (ahead.length < aheadMax / 2) fetching ??= fetch();
      const run = ahead.shift();
      if (run === undefined) {
        await fetching;
        continue;
      }
      handled();
      const end = finishRun(kernel, ownedOf(run), { state: "done" }).finally(() => ending.delete(end));
      ending.add(end);
      if (ending.size > unacknowledgedMax) await Promise.race(ending);
    }
  });
  return async () => {
    isStopped = true;
    await Promise.all([...loops, ...ending]);
    await worker.release();
  };
}

function ownedOf(run: ClaimedRun): { runId: string; epoch: number } {
  return { runId: run.id, epoch: run.epoch };
}

/** Runs that a worker holds and never ends: what a claim must not come across. */
export async function stickRoostRuns(setup: PeerSetup, parameters: WorkloadParameters): Promise<WorkloadResult> {
  const { count } = parameters as { count: number };
  await using opened = await openRoost(setup);
  await createReadyRuns(opened.kernel, count);
  await opened.database.query(
    `update roost.run set state = 'running', epoch = 1, worker_id = gen_random_uuid(), ready_at = null, claimed_at = roost.now(), started_at = roost.now()
     where state = 'ready'`,
  );
  await opened.database.query("vacuum analyze roost.run");
  return { count };
}
