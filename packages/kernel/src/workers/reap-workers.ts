/** Finds dead and hung workers and lets others continue their runs. A loop over state: its own death loses nothing. */
import { labelSetNumbers } from "../log/label-sets.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { allSteps, eachAlone, isPassing } from "../each-alone.ts";
import { endRuns } from "../runs/end-runs.ts";
import { lockRuns } from "../runs/lock-runs.ts";
import { runLimits } from "../runs/run.ts";
import { handBackRun, handBackRuns, setAsideLostRun, type HandBack } from "./hand-back-runs.ts";

interface DeadWorker {
  id: string;
  host: string;
  pid: number;
  kind: string;
  reason: string;
}

/** One pass; may be called concurrently. Returns how many workers were given up. */
export async function reapWorkers(kernel: Kernel): Promise<number> {
  return (await lookAfterWorkers(kernel)).reapedCount;
}

/** As reapWorkers; `isBusy`: a worker has a run, so a death should be noticed soon. */
export async function lookAfterWorkers(kernel: Kernel): Promise<{ reapedCount: number; isBusy: boolean }> {
  const rows = await findSuspects(kernel);
  let reapedCount = 0;
  // One that cannot be given up does not block the others.
  await allSteps(
    rows.flatMap(({ id }) =>
      id === null
        ? []
        : [
            async () => {
              if (await reap(kernel, id)) reapedCount += 1;
            },
          ],
    ),
  );
  return { reapedCount, isBusy: rows.some(({ id }) => id === null) };
}

async function reap(kernel: Kernel, id: string): Promise<boolean> {
  const dead = await kernel.transact((tx) => declareDead(tx, id));
  if (dead === undefined) return false;
  await endHopelessRuns(kernel, dead);
  const handedBack = await buryOrEach(kernel, dead);
  if (handedBack === undefined) return false;
  kernel.logger.warn("A worker is lost; its runs continue elsewhere", {
    workerId: id,
    host: dead.host,
    pid: dead.pid,
    reason: dead.reason,
    runCount: handedBack,
  });
  return true;
}

/**
 * One statement when all are well. Taking a worker's lock, for the length of this statement, succeeds only when it is free. A row without an id: a
 * worker has a run.
 */
async function findSuspects(kernel: Kernel): Promise<{ id: string | null }[]> {
  return kernel.database.query<{ id: string | null }>(
    `(select id from roost.worker
      where case when expires_at <= roost.now() then true else pg_try_advisory_xact_lock(lock_key) end limit $1)
     union all
     select null where exists (select 1 from roost.run where state = 'running')`,
    [runLimits.passMax],
    { name: "roost_worker_suspects" },
  );
}

/** Invariant: a passed deadline is final (no heartbeat renews it), so work on the dead in several transactions stays valid. */
async function declareDead(tx: KernelTransaction, workerId: string): Promise<DeadWorker | undefined> {
  const [worker] = await tx.query<DeadWorker & { isExpired: boolean; isFree: boolean }>(
    `select id, host, pid, kind, expires_at <= roost.now() as "isExpired" from roost.worker where id = $1 for update skip locked`,
    [workerId],
  );
  if (worker === undefined) return undefined;
  const [lock] = await tx.query<{ isFree: boolean }>(
    'select pg_try_advisory_xact_lock(lock_key) as "isFree" from roost.worker where id = $1',
    [workerId],
  );
  if (!worker.isExpired && lock?.isFree !== true) return undefined;
  if (!worker.isExpired) await tx.query("update roost.worker set expires_at = roost.now() where id = $1", [workerId]);
  const reason = lock?.isFree === true ? "its connection is gone" : "it did not renew its lease in time";
  return { ...worker, reason };
}

/** Runs that need no further owner: they are to be cancelled, or have cost too many workers. Each in its own transaction. */
async function endHopelessRuns(kernel: Kernel, dead: DeadWorker): Promise<void> {
  const runs = await kernel.database.query<{ id: string }>(
    `select id from roost.run where worker_id = $1 and state = 'running' and (cancel_requested_at is not null or stall_count + 1 >= $2)`,
    [dead.id, runLimits.stallsMax],
  );
  await eachAlone(
    kernel,
    runs.map(({ id }) => id),
    {
      what: "run",
      work: async (tx, ids) => {
        await endHopelessRun(tx, ids[0]!, dead);
        return 1;
      },
      setAside: (tx, id) => setAsideLostRun(tx, id, dead.id),
    },
  );
}

/** Beginning of the message of a run that has cost too many workers. */
export const crashLoop = "crash loop";

async function endHopelessRun(tx: KernelTransaction, runId: string, dead: DeadWorker): Promise<void> {
  const run = (await lockRuns(tx, [runId])).get(runId);
  if (run === undefined || run.state !== "running" || run.workerId !== dead.id) return;
  if (run.cancelRequestedAt !== null) {
    await endRuns(tx, [
      { run, state: "cancelled", reason: run.cancelReason ?? "cancelled", by: run.cancelBy ?? "kernel", isTaken: true },
    ]);
    return;
  }
  const stalls = run.stallCount + 1;
  const message = `${crashLoop}: its worker was lost ${stalls} times in a row without a finished step (limit ${runLimits.stallsMax}); the last one because ${dead.reason}`;
  await endRuns(tx, [
    { run, state: "failed", error: { code: "internal", message, isRetryable: false }, reason: message, isTaken: true },
  ]);
}

function handBackOf(dead: DeadWorker): HandBack {
  return { workerId: dead.id, reason: `worker lost: ${dead.reason}`, isStall: true };
}

/** Invariant: a run that cannot be handed back does not block other runs of its worker. */
async function buryOrEach(kernel: Kernel, dead: DeadWorker): Promise<number | undefined> {
  try {
    return await kernel.transact((tx) => bury(tx, dead));
  } catch (error) {
    if (isPassing(error)) throw error;
    kernel.logger.warn("the runs of a lost worker could not be handed back together and are handed back one by one", {
      workerId: dead.id,
      error,
    });
  }
  const runs = await kernel.database.query<{ id: string }>(
    "select id from roost.run where worker_id = $1 and state = 'running' order by depth, id",
    [dead.id],
  );
  await eachAlone(
    kernel,
    runs.map(({ id }) => id),
    {
      what: "run",
      work: (tx, ids) => handBackRun(tx, ids[0]!, handBackOf(dead)),
      setAside: (tx, id) => setAsideLostRun(tx, id, dead.id),
    },
  );
  return kernel.transact((tx) => bury(tx, dead));
}

async function bury(tx: KernelTransaction, dead: DeadWorker): Promise<number | undefined> {
  const runCount = await handBackRuns(tx, handBackOf(dead));
  if (runCount === undefined) return undefined;
  tx.emit({
    type: "worker.lost",
    subject: dead.id,
    labelSet: labelSetNumbers.open,
    data: {
      workerId: dead.id,
      host: dead.host.slice(0, 255),
      pid: dead.pid,
      kind: dead.kind,
      reason: dead.reason,
      runCount,
    },
  });
  return runCount;
}
