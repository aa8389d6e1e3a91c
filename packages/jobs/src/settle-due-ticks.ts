/** Brings a job up to date before it is changed: due ticks are recorded first. Firing by the clock: fire-due-ticks.ts. */
import { toRoostError } from "@roost/base";
import { isPassing, type KernelTransaction } from "@roost/kernel";
import { clipReason, type StoredJob } from "./job-row.ts";
import { dueTicks } from "./job-moments.ts";
import { leaveUntold, advanceJobs } from "./advance-jobs.ts";
import { recordTicks } from "./record-ticks.ts";
import { skipUnrecordable } from "./set-aside-job.ts";

/** Far more than any outage needs at an interval of a second; a schedule that does not advance ends here. */
const passesMax = 100_000;

/**
 * Records every due tick of a locked job under its current definition and returns the updated job. Called before a job is changed, paused or
 * removed, so that no due tick is lost. `isLast`: its schedule ends, so a moment that only waits for its jitter fires now.
 */
export async function settleDueTicks(
  tx: KernelTransaction,
  job: StoredJob,
  options: { nowMs: number; isLast?: boolean },
): Promise<StoredJob> {
  if (job.state !== "active" || job.fireAt === null) return job;
  try {
    return await tx.attempt(() => settleAll(tx, job, options));
  } catch (error) {
    if (isPassing(error)) throw error;
    // Otherwise the job could not be paused, changed or removed.
    const reason = clipReason(`it could not be recorded: ${toRoostError(error).message}`);
    await skipUnrecordable(tx, job, { nowMs: options.nowMs, reason });
    return { ...job, nextAt: null, fireAt: null };
  }
}

async function settleAll(
  tx: KernelTransaction,
  job: StoredJob,
  { nowMs, isLast = false }: { nowMs: number; isLast?: boolean },
): Promise<StoredJob> {
  let settled = isLast
    ? { ...job, fireAt: job.nextAt, definition: { ...job.definition, delayMs: 0, jitterMs: 0 } }
    : job;
  for (let pass = 0; pass < passesMax; pass += 1) {
    if (settled.state !== "active" || settled.fireAt === null || settled.fireAt.getTime() > nowMs) break;
    const { ticks, plan: planned } = dueTicks(settled, nowMs);
    const plan = leaveUntold(planned, job.id, await recordTicks(tx, ticks, nowMs));
    await advanceJobs(tx, [{ job: settled, plan }]);
    settled = {
      ...settled,
      nextAt: plan.nextAtMs === undefined ? null : new Date(plan.nextAtMs),
      fireAt: plan.fireAtMs === undefined ? null : new Date(plan.fireAtMs),
      missedCount: plan.missedCount,
      state: plan.nextAtMs === undefined ? "finished" : settled.state,
    };
  }
  return { ...settled, definition: job.definition };
}
