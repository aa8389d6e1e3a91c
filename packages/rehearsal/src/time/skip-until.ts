/** Starts a simulation later than the state it was given. */
import { jobColumns, advanceJobs, nextTick, type StoredJob } from "@roost/jobs";
import type { Kernel, KernelTransaction } from "@roost/kernel";

/**
 * Drops what is due before `untilMs`; active and ready runs count as ended and leave no trace; those waiting for a person or a time keep waiting.
 * Only for scratch databases: writes no ticks and no events.
 */
export async function skipUntil(kernel: Kernel, untilMs: number): Promise<void> {
  await kernel.transact(async (tx) => {
    await skipTicks(tx, untilMs);
    await tx.query("delete from roost.reservation");
    // A serial key is held by a run that is there.
    await tx.query(
      `with gone as (delete from roost.run where state in ('ready', 'queued', 'running') returning id)
       update roost.serial_key set holder = null where holder in (select id from gone)`,
    );
  });
}

async function skipTicks(tx: KernelTransaction, untilMs: number): Promise<void> {
  const jobs = await tx.query<StoredJob>(
    `select ${jobColumns} from roost.job where state = 'active' and next_at < to_timestamp($1::float8 / 1000) order by id for update`,
    [untilMs],
  );
  const moves = jobs.map((job) => {
    const { nextAt, fireAt } = nextTick(job, untilMs - 1);
    const moments = { nextAtMs: nextAt?.getTime(), fireAtMs: fireAt?.getTime() };
    return { job, plan: { ticks: [], ...moments, missedCount: 0, momentCount: 0 } };
  });
  if (moves.length > 0) await advanceJobs(tx, moves);
}
