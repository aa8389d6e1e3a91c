/** Drops ticks past their retention. One pass; any number of schedulers may call it. */
import type { Kernel } from "@roost/kernel";

const ticksPerPassMax = 5_000;

/**
 * Returns how many ticks were dropped; after a full pass call again. Invariant: ticks_from only grows and is set before a tick is dropped, so that
 * a comparison with the log knows from where on all ticks exist. Moments that old are never due again.
 */
export async function dropTicks(kernel: Kernel): Promise<{ tickCount: number; isMore: boolean }> {
  const [set] = await kernel.database.query<{ hasTicks: boolean }>(
    `select ticks_ms is not null as "hasTicks" from roost.retention`,
  );
  if (set?.hasTicks !== true) return { tickCount: 0, isMore: false };
  await kernel.database.query(
    `update roost.retention set ticks_from = roost.now() - ticks_ms * interval '1 millisecond'
     where ticks_from < roost.now() - ticks_ms * interval '1 millisecond'`,
  );
  const dropped = await kernel.database.query(
    `delete from roost.tick where (job_id, tick_key) in (
       select t.job_id, t.tick_key from roost.tick t, roost.retention r
       where t.scheduled_at < r.ticks_from and t.recorded_at < r.ticks_from order by t.scheduled_at limit $1)
     returning 1`,
    [ticksPerPassMax],
  );
  return { tickCount: dropped.length, isMore: dropped.length === ticksPerPassMax };
}
