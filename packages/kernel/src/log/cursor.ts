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

/** The group's place, kept from other readers until the transaction ends; undefined while another, or a member of the group, has it. */
export async function lockCursor(
  tx: Transaction,
  name: CursorName,
  { startAt = 0 }: { startAt?: number } = {},
): Promise<number | undefined> {
  const values = [name.group, name.topic, name.partition];
  const lock = async () => {
    const [row] = await tx.query<{ next_offset: number }>(
      // A cursor that a member of the group has is moved by that member alone.
      `select next_offset from roost.cursor
       where group_name = $1 and topic = $2 and partition = $3 and owner is null for update skip locked`,
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

export interface CursorMove extends CursorName {
  from: number;
  nextOffset: number;
  /** Of the member's lease; without one the cursor must have no owner. */
  epoch?: number | undefined;
}

/**
 * Moves a cursor with the effects of what was read. Invariant: it moves from where its reader began, and only at the epoch of its
 * lease, checked in the statement that writes: of two readers of the same events one commits.
 * @throws RoostError `conflict` when another reader moved it meanwhile, or has it now: roll back, the effects are theirs
 */
export async function commitCursor(tx: Transaction, cursor: CursorMove): Promise<void> {
  const { group, topic, partition, from, nextOffset, epoch } = cursor;
  const moved = await tx.query(
    `update roost.cursor set next_offset = $5, updated_at = roost.now(), failure_count = 0, failing_offset = null, retry_at = null,
       batch_limit = case when batch_limit < 1000 then batch_limit * 2 end
     where group_name = $1 and topic = $2 and partition = $3 and next_offset = $4
       and case when $6::bigint is null then owner is null else owner is not null and epoch = $6 end
     returning 1`,
    [group, topic, partition, from, nextOffset, epoch ?? null],
    { name: "roost_commit_cursor" },
  );
  if (moved.length === 1) return;
  if (epoch !== undefined) throw await partitionLost(tx, { group, topic, partition, epoch, from });
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
    `the cursor of group "${group}" at ${partitionName(topic, partition)} is no longer at ${from}: another reader was there`,
    { details: { reason: "cursor_moved" } },
  );
}

/** Why a fenced move touched no row: the lease is another's, or somebody moved the cursor itself (a skip). */
export async function partitionLost(
  sql: Sql,
  lease: CursorName & { epoch: number; from?: number },
): Promise<RoostError> {
  const { group, topic, partition, epoch, from } = lease;
  const [now] = await sql.query<{ owner: string | null; epoch: number; nextOffset: number }>(
    `select owner, epoch, next_offset as "nextOffset" from roost.cursor where group_name = $1 and topic = $2 and partition = $3`,
    [group, topic, partition],
  );
  const place = `group "${group}" at ${partitionName(topic, partition)}`;
  if (now !== undefined && now.owner !== null && now.epoch === epoch) {
    return new RoostError(
      "conflict",
      `the cursor of ${place} is at ${now.nextOffset}, no longer at ${from}: read on from there`,
      {
        details: { reason: "cursor_moved" },
      },
    );
  }
  const present =
    now === undefined
      ? "is gone"
      : now.owner === null
        ? "has no owner"
        : `belongs to ${now.owner} at epoch ${now.epoch}`;
  return new RoostError(
    "conflict",
    `the lease of ${place} at epoch ${epoch} is lost: it ${present}; stop working on it`,
    {
      details: { reason: "partition_lost" },
    },
  );
}
