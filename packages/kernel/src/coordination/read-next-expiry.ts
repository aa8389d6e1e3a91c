import type { Kernel } from "../open-kernel.ts";

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
