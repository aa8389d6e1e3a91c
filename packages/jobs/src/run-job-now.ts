/** Runs a job by hand: with a key, so that the same call starts one run. Overlap and active hours apply to the tick as usual. */
import { createId, RoostError } from "@roost/base";
import { placedFor } from "@roost/contract/labels";
import type { Kernel, KernelTransaction } from "@roost/kernel";
import type { JobCause } from "./emit-job-event.ts";
import { lockJob } from "./job-row.ts";
import { readTick, type Tick } from "./read-jobs.ts";
import { recordTicks } from "./record-ticks.ts";
import { unknown } from "./versions.ts";

export interface RunJobNowOptions extends JobCause {
  by: string;
  reason?: string | undefined;
  /** A second call with the same key returns the first tick, or is refused when only its run is still on record. Default: a fresh key. */
  idempotencyKey?: string | undefined;
  /** Start it whatever the overlap policy says. */
  isForced?: boolean | undefined;
}

/**
 * Runs a job now, also when it is paused or finished. Its overlap policy applies: the tick can be skipped, with the reason.
 * @throws not_found, conflict for a key whose tick was dropped by retention
 */
export async function runJobNow(
  kernel: Kernel,
  jobId: string,
  options: RunJobNowOptions,
): Promise<{ tick: Tick; isRepeated: boolean }> {
  const tickKey = `manual:${options.idempotencyKey ?? createId()}`;
  const isRepeated = await kernel.transact(async (tx) => {
    const found = await lockJob(tx, jobId);
    if (found === undefined) throw await unknown(tx, "job", jobId);
    const { job, nowMs } = found;
    if (options.idempotencyKey !== undefined) await refuseForgotten(tx, jobId, tickKey);
    const recorded = await recordTicks(
      tx,
      [
        {
          job,
          key: tickKey,
          atMs: nowMs,
          outcome: "fire",
          lateMs: 0,
          missedCount: 0,
          why: `started by ${options.by}${options.reason === undefined ? "" : `: ${options.reason}`}`,
          // A request by hand ignores active hours.
          ignoresHours: true,
          isForced: options.isForced ?? false,
          causation: options.causation,
          correlation: options.correlation,
          traceparent: options.traceparent,
          labels: options.labels && placedFor(options.labels, []),
        },
      ],
      nowMs,
    );
    return recorded.length === 0;
  });
  const tick = await readTick(kernel, jobId, tickKey);
  if (tick === undefined)
    throw new RoostError(
      "internal",
      `The tick ${tickKey} of the job "${jobId}" disappeared right after it was recorded`,
    );
  return { tick, isRepeated };
}

/** Invariant: a key starts one run for as long as that run is on record, even when its tick is not. */
async function refuseForgotten(tx: KernelTransaction, jobId: string, tickKey: string): Promise<void> {
  // Nothing is read while no tick has ever been dropped.
  const [run] = await tx.query<{ id: string; createdAt: Date }>(
    `select r.id, r.created_at as "createdAt" from roost.run_all r
     where (select ticks_from > '-infinity' from roost.retention) and r.job_id = $1 and r.tick_key = $2
       and not exists (select 1 from roost.tick t where t.job_id = $1 and t.tick_key = $2)
     limit 1`,
    [jobId, tickKey],
  );
  if (run === undefined) return;
  throw new RoostError(
    "conflict",
    `The key "${tickKey.slice("manual:".length)}" started run ${run.id} at ${run.createdAt.toISOString()}; its tick was dropped by retention: use a new key for each start`,
  );
}
