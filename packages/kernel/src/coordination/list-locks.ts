import type { Kernel } from "../open-kernel.ts";
import { coordinationLimits } from "./coordination-limits.ts";

export interface HeldLockRow {
  name: string;
  holder: string;
  epoch: number;
  purpose: string | null;
  /** The run that holds it; released when the run ends. */
  runId: string | null;
  acquiredAt: Date;
  expiresAt: Date;
  waitingCount: number;
}

/** Held locks, by name. `after`: `next` of the page before. Reads only. */
export async function listLocks(
  kernel: Kernel,
  options: { limit: number; after?: string | undefined; runId?: string | undefined },
): Promise<{ locks: HeldLockRow[]; next: string | null }> {
  const limit = Math.min(options.limit, coordinationLimits.listMax);
  const rows = await kernel.database.query<HeldLockRow>(
    `select name, holder, epoch, purpose, run_id as "runId", acquired_at as "acquiredAt", expires_at as "expiresAt",
       (select count(*)::int from roost.lock_waiter waiter where waiter.name = lock.name and waiter.expires_at > roost.now()) as "waitingCount"
     from roost.lock
     where holder is not null and expires_at > roost.now() and ($1::text is null or name > $1) and ($2::uuid is null or run_id = $2)
     order by name limit $3`,
    [options.after ?? null, options.runId ?? null, limit + 1],
  );
  const locks = rows.slice(0, limit);
  return { locks, next: rows.length > limit ? (locks.at(-1)?.name ?? null) : null };
}
