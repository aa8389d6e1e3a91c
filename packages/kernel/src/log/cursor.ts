/** How far a group of readers got. A cursor moves in the transaction of the effect, and only from where its reader began. */
import { RoostError } from "@roost/base";
import type { Sql, Transaction } from "@roost/database";
import { partitionName, type OffsetVector } from "./offsets.ts";

export interface CursorName {
  group: string;
  topic: string;
  partition: number;
}

/** The next offset the group reads; undefined when it never read. */
export async function readCursor(sql: Sql, { group, topic, partition }: CursorName): Promise<number | undefined> {
  const [row] = await sql.query<{ next_offset: number }>(
    "select next_offset from roost.cursor where group_name = $1 and topic = $2 and partition = $3",
    [group, topic, partition],
    { name: "roost_read_cursor" },
  );
  return row?.next_offset;
}

/** All places of a group. */
export async function readCursors(sql: Sql, group: string): Promise<OffsetVector> {
  const rows = await sql.query<{ topic: string; partition: number; next_offset: number }>(
    "select topic, partition, next_offset from roost.cursor where group_name = $1 order by topic, partition",
    [group],
  );
  return Object.fromEntries(rows.map((row) => [partitionName(row.topic, row.partition), row.next_offset]));
}

/** The group's place, kept from other readers until the transaction ends; undefined while another has it. */
export async function lockCursor(
  tx: Transaction,
  name: CursorName,
  { startAt = 0 }: { startAt?: number } = {},
): Promise<number | undefined> {
  const values = [name.group, name.topic, name.partition];
  const lock = async () => {
    const [row] = await tx.query<{ next_offset: number }>(
      "select next_offset from roost.cursor where group_name = $1 and topic = $2 and partition = $3 for update skip locked",
      values,
      { name: "roost_lock_cursor" },
    );
    return row?.next_offset;
  };
  const locked = await lock();
  if (locked !== undefined) return locked;
  // Absent or taken: only an absent one is inserted.
  await tx.query(
    "insert into roost.cursor (group_name, topic, partition, next_offset) values ($1, $2, $3, $4) on conflict do nothing",
    [...values, startAt],
  );
  return await lock();
}

/**
 * Moves a cursor with the effects of what was read.
 * @throws RoostError `conflict` when another reader moved it meanwhile: roll back, the effects are theirs
 */
export async function commitCursor(
  tx: Transaction,
  cursor: CursorName & { from: number; nextOffset: number },
): Promise<void> {
  const { group, topic, partition, from, nextOffset } = cursor;
  const moved = await tx.query(
    `update roost.cursor set next_offset = $5, updated_at = roost.now()
     where group_name = $1 and topic = $2 and partition = $3 and next_offset = $4 returning 1`,
    [group, topic, partition, from, nextOffset],
    { name: "roost_commit_cursor" },
  );
  if (moved.length === 1) return;
  const begun =
    from === 0 &&
    (await tx.query(
      `insert into roost.cursor (group_name, topic, partition, next_offset) values ($1, $2, $3, $4)
       on conflict do nothing returning 1`,
      [group, topic, partition, nextOffset],
    ));
  if (begun && begun.length === 1) return;
  throw new RoostError(
    "conflict",
    `the cursor of group "${group}" at ${topic}/${partition} is no longer at ${from}: another reader was there`,
  );
}
