/** How far a group got in a partition. What moves a cursor are functions in SQL, which services call too (functions/consume.sql). */
import { RoostError } from "@roost/base";
import type { Sql, Transaction } from "@roost/database";
import { partitionName } from "./offsets.ts";
import { recordedError } from "./recorded-error.ts";

export interface CursorName {
  group: string;
  topic: string;
  partition: number;
}

export interface LockedCursor {
  /** The next offset that the group reads. */
  place: number;
  /** Of the partition: the oldest that is kept, and the one that the next event will have. */
  firstOffset: number;
  nextOffset: number;
}

/** The group's place, kept from its other readers until the transaction ends; undefined while another has it, or a failure rests. */
export async function lockCursor(
  tx: Transaction,
  { group, topic, partition }: CursorName,
  { isFromEnd = false }: { isFromEnd?: boolean | undefined } = {},
): Promise<LockedCursor | undefined> {
  const [row] = await tx.query<{ [Name in keyof LockedCursor]: number | null }>(
    `select place, first_offset as "firstOffset", next_offset as "nextOffset" from roost.lock_cursor_1($1, $2, $3, $4)`,
    [group, topic, partition, isFromEnd],
    { name: "roost_lock_cursor" },
  );
  return row?.place == null ? undefined : (row as LockedCursor);
}

/** @throws RoostError `conflict` when another reader moved it meanwhile: roll back, the effects are theirs */
export async function moveCursor(
  tx: Transaction,
  { group, topic, partition, from, nextOffset }: CursorName & { from: number; nextOffset: number },
): Promise<void> {
  const [row] = await tx.query<{ isMoved: boolean }>(
    `select roost.move_cursor_1($1, $2, $3, $4, $5) as "isMoved"`,
    [group, topic, partition, from, nextOffset],
    { name: "roost_move_cursor" },
  );
  if (row?.isMoved === true) return;
  throw new RoostError(
    "conflict",
    `the cursor of group "${group}" at ${partitionName(topic, partition)} is no longer at ${from}: another reader was there`,
  );
}

/** What the event at the cursor fails with. */
export async function failCursor(
  tx: Transaction,
  { group, topic, partition, offset, error }: CursorName & { offset: number; error: unknown },
): Promise<void> {
  await tx.query("select roost.fail_cursor_1($1, $2, $3, $4, $5)", [
    group,
    topic,
    partition,
    offset,
    JSON.stringify(recordedError(error)),
  ]);
}

/** Partitions in which the group has events to read, or no cursor yet. */
export async function readLag(
  sql: Sql,
  { group, topics }: { group: string; topics: readonly string[] },
): Promise<{ topic: string; partition: number; lagCount: number }[]> {
  return await sql.query(
    `select h.topic, h.partition, h.next_offset - greatest(c.next_offset, t.offsets_from, 0) as "lagCount"
     from roost.partition_head h join roost.topic t on t.name = h.topic
     left join roost.cursor c on c.group_name = $1 and c.topic = h.topic and c.partition = h.partition
     where h.topic = any($2) and (c.next_offset is null or c.next_offset < h.next_offset) and coalesce(c.retry_at <= roost.now(), true)
     order by h.topic, h.partition`,
    [group, topics],
    { name: "roost_read_lag" },
  );
}
