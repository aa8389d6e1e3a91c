/**
 * Sets deliveries of a group aside: the event that fails by itself for a key, and later ones of that key behind it (table dead_letter).
 * The group reads on; retry-dead-letters.ts tries them again.
 */
import { RoostError, toRoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import type { StoredEvent } from "../log/event.ts";
import type { KernelTransaction } from "../transact.ts";
import { deadLetterLimits } from "./dead-letter-limits.ts";

export interface ParkEvents {
  group: string;
  /** Whose deliveries they are; the caller holds its row. */
  key: string;
  /** In their order. */
  events: readonly StoredEvent[];
  /** What the first of them failed with; undefined: they wait behind others of their key. */
  error: unknown;
}

/** Of these keys, those that have deliveries set aside: what comes for them waits behind. */
export async function readParkedKeys(sql: Sql, group: string, keys: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ key: string }>(
    `select k.key from unnest($2::text[]) as k(key)
     where exists (select 1 from roost.dead_letter d where d.group_name = $1 and d.key = k.key)`,
    [group, keys],
    { name: "roost_parked_keys" },
  );
  return new Set(rows.map(({ key }) => key));
}

/** In the transaction that moves the cursor past them. @throws RoostError `limit_exceeded` when too many of the key wait already */
export async function parkEvents(tx: KernelTransaction, { group, key, events, error }: ParkEvents): Promise<void> {
  const [waiting] = await tx.query<{ count: number }>(
    "select count(*)::int as count from roost.dead_letter where group_name = $1 and key = $2",
    [group, key],
  );
  const count = (waiting?.count ?? 0) + events.length;
  if (count > deadLetterLimits.parkedMax)
    throw new RoostError(
      "limit_exceeded",
      `${count} events wait for ${key} in ${group} (limit ${deadLetterLimits.parkedMax}): none of them could be delivered`,
    );
  const first = error === undefined ? undefined : recordOf(error);
  await tx.query(
    `insert into roost.dead_letter (group_name, key, topic, partition, "offset", event, attempts, retry_at, error)
     select $1, $2, e.topic, e.partition, e."offset", e.event, case when e.place = 1 and $7::jsonb is not null then 1 else 0 end,
       case when e.place = 1 and $7 is not null then roost.now() + $8 * interval '1 ms' end, case when e.place = 1 then $7 end
     from unnest($3::text[], $4::integer[], $5::bigint[], $6::jsonb[]) with ordinality as e(topic, partition, "offset", event, place)
     order by e.place on conflict do nothing`,
    [
      group,
      key,
      events.map((event) => event.topic),
      events.map((event) => event.partition),
      events.map((event) => event.offset),
      events.map((event) => JSON.stringify(event)),
      first === undefined ? null : JSON.stringify(first),
      deadLetterLimits.retryMsMin,
    ],
  );
}

/** An error as a row and an event have it. */
export function recordOf(error: unknown): { code: string; message: string } {
  const { code, message } = toRoostError(error);
  return { code, message: message.slice(0, deadLetterLimits.errorCharsMax).toWellFormed() };
}
