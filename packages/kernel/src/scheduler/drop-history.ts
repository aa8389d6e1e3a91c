/** Drops what the retention settings give up: months of ended runs, and ticks. One pass; any number of schedulers may call it. */
import type { Kernel } from "../open-kernel.ts";
import { dropRunHistory } from "../runs/sweep-finished-runs.ts";

const ticksPerPassMax = 5_000;

/** Returns how many ticks were dropped; a full pass asks for another. */
export async function dropHistory(kernel: Kernel): Promise<{ tickCount: number; isMore: boolean }> {
  const [set] = await kernel.database.query<{ runsBefore: Date | null; hasTicks: boolean }>(
    `select roost.now() - runs_ms * interval '1 millisecond' as "runsBefore", ticks_ms is not null as "hasTicks" from roost.retention`,
  );
  if (set?.runsBefore != null) await dropRunHistory(kernel, { before: set.runsBefore });
  if (set?.hasTicks !== true) return { tickCount: 0, isMore: false };
  const tickCount = await dropTicks(kernel);
  return { tickCount, isMore: tickCount === ticksPerPassMax };
}

/**
 * Invariant: ticks_from only grows and is set before a tick goes, so whoever compares ticks with the log knows from where on they are
 * all there. A tick's key makes it happen once; moments that lie this far back are never due again.
 */
async function dropTicks(kernel: Kernel): Promise<number> {
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
  return dropped.length;
}
