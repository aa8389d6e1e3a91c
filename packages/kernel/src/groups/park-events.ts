/** Sets events of a group aside: one that fails alone for a key, and later ones of that key behind it (table dead_letter). The group continues. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import type { Group } from "./group.ts";
import type { StoredEvent } from "../log/event.ts";
import { recordedError } from "../log/recorded-error.ts";
import type { KernelTransaction } from "../transact.ts";

/** Maximum letters per key. */
const parkedMax = 10_000;

export interface ParkEvents {
  /** The recipient; the caller holds its row. */
  key: string;
  /** Of one partition, in order. */
  events: readonly StoredEvent[];
  /** The error of the first one; omitted: they wait behind others of their key. */
  error?: unknown;
}

/** Which of these keys have dead letters: further events wait behind them. */
export async function readParkedKeys(sql: Sql, group: string, keys: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ key: string }>(
    `select k.key from unnest($2::text[]) as k(key)
     where exists (select 1 from roost.dead_letter d where d.group_name = $1 and d.key = k.key)`,
    [group, keys],
    { name: "roost_parked_keys" },
  );
  return new Set(rows.map(({ key }) => key));
}

/** In the transaction that moves the cursor past them. @throws RoostError `limit_exceeded` when too many of the key are waiting */
export async function parkEvents(
  tx: KernelTransaction,
  { name, onFailure }: Pick<Group, "name" | "onFailure">,
  { key, events, error }: ParkEvents,
): Promise<void> {
  if (onFailure === "stop")
    throw new RoostError("internal", `group "${name}" stops at events that fail: it sets none aside`);
  const [row] = await tx.query<{ count: number }>("select roost.park_1($1, $2, $3, $4, $5, $6, $7) as count", [
    name,
    key,
    events[0]?.topic,
    events[0]?.partition,
    events.map((event) => event.offset),
    error === undefined ? null : JSON.stringify(recordedError(error)),
    onFailure.setAsideAfter,
  ]);
  const count = row?.count ?? 0;
  if (count > parkedMax)
    throw new RoostError(
      "limit_exceeded",
      `${count} events wait for ${key} in ${name} (limit ${parkedMax}): none of them could be delivered`,
    );
}
