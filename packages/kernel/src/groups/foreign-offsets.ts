/** Readers of foreign logs: their places, what they know already, and what they set aside. All in the transaction of the effect (functions/foreign.sql). */
import { storableValue, type JsonObject } from "@roost/base";
import type { Sql, Transaction } from "@roost/database";
import { recordedError } from "../log/recorded-error.ts";

/** A partition of a log elsewhere; the topic's name says which log. */
export interface ForeignPartition {
  group: string;
  topic: string;
  partition: number;
}

/** The next offset that the group takes: anything lower is known. Kept from its other readers until the transaction ends. */
export async function lockForeignOffset(tx: Transaction, of: ForeignPartition): Promise<number> {
  const [row] = await tx.query<{ place: number }>(
    "select roost.lock_foreign_offset_1($1, $2, $3) as place",
    [of.group, of.topic, of.partition],
    { name: "roost_lock_foreign_offset" },
  );
  return row!.place;
}

export async function moveForeignOffset(tx: Transaction, of: ForeignPartition, nextOffset: number): Promise<void> {
  await tx.query("select roost.move_foreign_offset_1($1, $2, $3, $4)", [of.group, of.topic, of.partition, nextOffset], {
    name: "roost_move_foreign_offset",
  });
}

/**
 * Also back: what is read again is known by its place in its own log, or by its source and id. False: it has no place, or, with `from`, another one by
 * now, which stays.
 */
export async function resetForeignOffset(
  sql: Sql,
  of: ForeignPartition,
  nextOffset: number,
  { from }: { from?: number } = {},
): Promise<boolean> {
  const rows = await sql.query(
    `update roost.foreign_offset set next_offset = $4, updated_at = roost.now()
     where group_name = $1 and topic = $2 and partition = $3 and next_offset = coalesce($5, next_offset) returning 1`,
    [of.group, of.topic, of.partition, nextOffset, from],
  );
  return rows.length === 1;
}

/** Places of a group, as far as it has any. */
export async function readForeignOffsets(
  sql: Sql,
  group: string,
): Promise<{ topic: string; partition: number; nextOffset: number }[]> {
  return await sql.query(
    `select topic, partition, next_offset as "nextOffset" from roost.foreign_offset where group_name = $1 order by topic, partition`,
    [group],
  );
}

/** The positions of those that are new; they are remembered for seven days. */
export async function takeForeignEvents(
  tx: Transaction,
  events: readonly { source: string; id: string }[],
): Promise<Set<number>> {
  const rows = await tx.query<{ place: number }>(
    "select roost.take_foreign_events_1($1, $2) as place",
    [events.map(({ source }) => source), events.map(({ id }) => id)],
    { name: "roost_take_foreign_events" },
  );
  return new Set(rows.map(({ place }) => place - 1));
}

export interface ForeignLetter {
  group: string;
  key: string;
  topic: string;
  partition: number;
  offset: number;
  /** With `id` and `type` where they are known, and where its content is kept. */
  event: JsonObject;
}

/** In the transaction that moves the group past it. A dead letter that waits for `roost log retry`. */
export async function parkForeignEvent(tx: Transaction, letter: ForeignLetter, error: unknown): Promise<void> {
  const { group, key, topic, partition, offset, event } = letter;
  await tx.query("select roost.park_foreign_1($1, $2, $3, $4, $5, $6, $7)", [
    group,
    key,
    topic,
    partition,
    offset,
    // Either may quote what no database stores.
    JSON.stringify(storableValue(event)),
    JSON.stringify(storableValue({ ...recordedError(error) })),
  ]);
}

/** Those that a person wants tried again, oldest first. */
export async function readForeignLetters(
  sql: Sql,
  group: string,
  { limit }: { limit: number },
): Promise<(ForeignLetter & { number: number })[]> {
  return await sql.query(
    `select number, group_name as "group", key, topic, partition, "offset", event from roost.dead_letter
     where group_name = $1 and attempts < attempts_max and coalesce(retry_at <= roost.now(), true) order by number limit $2`,
    [group, limit],
    { name: "roost_foreign_letters" },
  );
}

/** Takes a letter for this transaction, in which its event takes effect. False: another has it, or it is gone. */
export async function takeForeignLetter(tx: Transaction, number: number): Promise<boolean> {
  const rows = await tx.query(
    "delete from roost.dead_letter where number in (select number from roost.dead_letter where number = $1 for update skip locked) returning 1",
    [number],
  );
  return rows.length === 1;
}

export async function failForeignLetter(sql: Sql, number: number, error: unknown): Promise<void> {
  await sql.query("select roost.fail_letter_1($1, $2)", [
    number,
    JSON.stringify(storableValue({ ...recordedError(error) })),
  ]);
}

/** What a group says of itself: what a failing event does, and the topics for which retention waits until it has read them. */
export async function declareGroup(
  sql: Sql,
  { name, attemptsMax, pinnedTopics }: { name: string; attemptsMax: number | null; pinnedTopics: readonly string[] },
): Promise<void> {
  await sql.query("select roost.declare_group_1($1, $2, $3)", [name, attemptsMax, pinnedTopics]);
}
