import type { Kernel } from "../open-kernel.ts";
import { coordinationLimits } from "./coordination-limits.ts";

/** Deletes expired rows, a bounded number of each kind. Returns how many. */
export async function sweepCoordination(kernel: Kernel): Promise<number> {
  const { passMax, keepReleasedMs } = coordinationLimits;
  // Epochs never repeat although names do: they come from one sequence.
  const statements: [sql: string, values: unknown[]][] = [
    [
      `delete from roost.lock where name in (
         select name from roost.lock where holder is null and coalesce(released_at, '-infinity') < roost.now() - $2 * interval '1 ms'
           and not exists (select 1 from roost.lock_waiter waiter where waiter.name = lock.name) limit $1 for update skip locked)
       returning 1`,
      [passMax, keepReleasedMs],
    ],
    [
      `delete from roost.lock_waiter where (name, waiter) in (select name, waiter from roost.lock_waiter where expires_at <= roost.now() limit $1) returning 1`,
      [passMax],
    ],
    [
      `delete from roost.once where (scope, key) in (select scope, key from roost.once where keep_until <= roost.now() limit $1 for update skip locked) returning 1`,
      [passMax],
    ],
    [
      `with answers as (
         delete from roost.answer where (scope, key) in (select scope, key from roost.answer where expires_at <= roost.now() limit $1 for update skip locked))
       delete from roost.idempotency_key where (scope, key) in (select scope, key from roost.idempotency_key where expires_at <= roost.now() limit $1 for update skip locked) returning 1`,
      [passMax],
    ],
  ];
  let count = 0;
  for (const [sql, values] of statements) count += (await kernel.database.query(sql, values)).length;
  return count;
}

/** When the next lock or begun effect expires; those of an ended run at once. One cheap statement while there is nothing. */
export async function readNextExpiry(kernel: Kernel): Promise<{ at: Date | null; isDue: boolean }> {
  const [row] = await kernel.database.query<{ at: Date | null; isDue: boolean }>(
    `select n.at, coalesce(n.at <= roost.now(), false) as "isDue" from (select least(
       (select min(expires_at) from roost.lock where holder is not null),
       (select min(expires_at) from roost.once where state = 'begun'),
       (select roost.now() from roost.lock l where l.holder is not null and l.run_id is not null
          and not exists (select 1 from roost.run r where r.id = l.run_id and r.ended_at is null) limit 1)) as at) as n`,
    [],
    { name: "lock-next-expiry" },
  );
  return row!;
}
