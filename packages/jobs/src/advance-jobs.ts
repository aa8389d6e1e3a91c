import type { Sql } from "@roost/database";
import type { StoredJob } from "./job-row.ts";
import type { TickPlan } from "./plan-ticks.ts";
import type { RecordedTick } from "./record-ticks.ts";

/** The plan, with the missed moments that the last tick to fire has left unreported. */
export function leaveUntold(plan: TickPlan, jobId: string, recorded: RecordedTick[]): TickPlan {
  const last = recorded.findLast((tick) => tick.jobId === jobId && tick.untoldCount !== undefined);
  return { ...plan, missedCount: plan.missedCount + (last?.untoldCount ?? 0) };
}

/** Advances jobs past the ticks just recorded, in the same transaction. A job without a further due time is finished. */
export async function advanceJobs(tx: Sql, moves: { job: StoredJob; plan: TickPlan }[]): Promise<void> {
  const rows = moves.map(({ job, plan }) => ({
    id: job.id,
    next_at: plan.nextAtMs === undefined ? null : new Date(plan.nextAtMs).toISOString(),
    fire_at: plan.fireAtMs === undefined ? null : new Date(plan.fireAtMs).toISOString(),
    missed_count: plan.missedCount,
    last_tick_at: plan.ticks.length === 0 ? null : new Date(plan.ticks.at(-1)?.atMs ?? 0).toISOString(),
  }));
  await tx.query(
    `update roost.job set
       next_at = moved.next_at, fire_at = moved.fire_at, missed_count = moved.missed_count,
       last_tick_at = coalesce(moved.last_tick_at, job.last_tick_at),
       state = case when moved.next_at is null then 'finished' else job.state end
     from jsonb_to_recordset($1) as moved(id text, next_at timestamptz, fire_at timestamptz, missed_count integer, last_tick_at timestamptz)
     where job.id = moved.id`,
    [JSON.stringify(rows)],
    { name: "job-move" },
  );
}
