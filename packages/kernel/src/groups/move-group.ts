/** A person's actions on a group: reset it, skip a failing event, or remove it. Each leaves an event with the person and the previous position. */
import { RoostError } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { refuseOutOfRange } from "../log/out-of-range.ts";
import { partitionName } from "../log/offsets.ts";
import { readEvents, readPartitions, type PartitionRange } from "../log/read-events.ts";
import { findOffsets } from "../log/read-log.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { groupsChannel } from "./group.ts";
import { isOwnGroup } from "./list-groups.ts";

export type ResetTarget =
  | { kind: "earliest" }
  | { kind: "latest" }
  | { kind: "offset"; offset: number }
  | { kind: "time"; time: Date };

export interface ResetGroup {
  group: string;
  to: ResetTarget;
  /** Only these; default: every partition with a cursor of the group. */
  topic?: string | undefined;
  partition?: number | undefined;
  by: string;
  /** Also one of Roost's own. */
  isForced?: boolean | undefined;
}

export interface MovedCursor {
  topic: string;
  partition: number;
  from: number;
  to: number;
}

/**
 * @throws RoostError `conflict` for Roost's own groups without force, `not_found` for a group without a cursor there and for an offset that is no
 * longer kept
 */
export async function resetGroup(kernel: Kernel, reset: ResetGroup): Promise<MovedCursor[]> {
  const { group, to, by, isForced = false } = reset;
  return await kernel.transact(async (tx) => {
    if (!isForced) refuseOwn(group, "reset");
    const cursors = await lockCursors(tx, reset);
    if (cursors.length === 0)
      throw new RoostError("not_found", `group "${group}" has no cursor there: see roost log groups`);
    const moved = await placesOf(tx, cursors, to);
    // Invariant: under the lock of the cursors, so no reader is between its position and its move.
    await tx.query(
      `update roost.cursor c set next_offset = m.next_offset, failure_count = 0, failing_offset = null, retry_at = null, updated_at = roost.now()
       from unnest($2::text[], $3::integer[], $4::bigint[]) as m(topic, partition, next_offset)
       where c.group_name = $1 and c.topic = m.topic and c.partition = m.partition`,
      [group, moved.map((each) => each.topic), moved.map((each) => each.partition), moved.map((each) => each.to)],
    );
    for (const each of moved) {
      tx.emit({
        type: "consumer.reset",
        labels: formatLabels(mainLabels),
        subject: group,
        data: { group, topic: each.topic, partition: each.partition, fromOffset: each.from, toOffset: each.to, by },
      });
    }
    tx.wake(groupsChannel);
    return moved;
  });
}

export interface SkipEvent {
  group: string;
  topic: string;
  partition: number;
  /** The event to skip: the one at the cursor. */
  offset: number;
  by: string;
  reason?: string | undefined;
}

/** Skips the event that the group fails on. @throws RoostError `conflict` when the group does not (or no longer) fail there */
export async function skipEvent(
  kernel: Kernel,
  skip: SkipEvent,
): Promise<{ eventId: string | null; nextOffset: number }> {
  const { group, topic, partition, offset, by, reason } = skip;
  return await kernel.transact(async (tx) => {
    const [cursor] = await lockCursors(tx, skip);
    const place = `group "${group}" at ${partitionName(topic, partition)}`;
    if (cursor === undefined) throw new RoostError("not_found", `${place} has no cursor: see roost log groups`);
    if (cursor.nextOffset !== offset || cursor.failingOffset !== offset) {
      throw new RoostError(
        "conflict",
        `${place} does not fail at offset ${offset}: it is at ${cursor.nextOffset}${cursor.failingOffset === cursor.nextOffset ? " and fails there" : ""}; only the failing event can be skipped`,
      );
    }
    const [event] = await readEvents(tx, { topic, partition, offset, offsetUntil: offset + 1, limit: 1 });
    if (event === undefined)
      throw new RoostError("conflict", `${place}: offset ${offset} is no longer kept: reset the group to earliest`);
    await tx.query(
      `update roost.cursor set next_offset = $4 + 1, failure_count = 0, failing_offset = null, retry_at = null, updated_at = roost.now()
       where group_name = $1 and topic = $2 and partition = $3`,
      [group, topic, partition, offset],
    );
    tx.emit({
      type: "consumer.skipped",
      labels: formatLabels(mainLabels),
      subject: group,
      data: {
        group,
        topic,
        partition,
        fromOffset: offset,
        toOffset: offset + 1,
        by,
        eventId: event.id,
        reason,
      },
      causation: event.id,
      correlation: event.correlation,
    });
    tx.wake(groupsChannel);
    return { eventId: event.id, nextOffset: offset + 1 };
  });
}

/** Deletes a group and its position. @throws RoostError `conflict` for Roost's own groups */
export async function removeGroup(kernel: Kernel, { group, by }: { group: string; by: string }): Promise<void> {
  await kernel.transact(async (tx) => {
    refuseOwn(group, "removed");
    const cursors = await tx.query("delete from roost.cursor where group_name = $1 returning 1", [group]);
    const groups = await tx.query("delete from roost.consumer_group where name = $1 returning 1", [group]);
    if (cursors.length + groups.length === 0)
      throw new RoostError("not_found", `there is no consumer group "${group}": see roost log groups`);
    tx.emit({ type: "consumer.removed", subject: group, labels: formatLabels(mainLabels), data: { group, by } });
  });
}

function refuseOwn(group: string, what: string): void {
  if (!isOwnGroup(group)) return;
  throw new RoostError(
    "conflict",
    `group "${group}" belongs to Roost itself and is read by any scheduler: it can only be ${what} with --force`,
  );
}

interface LockedCursor {
  topic: string;
  partition: number;
  nextOffset: number;
  failingOffset: number | null;
}

function lockCursors(
  tx: KernelTransaction,
  { group, topic, partition }: { group: string; topic?: string | undefined; partition?: number | undefined },
): Promise<LockedCursor[]> {
  return tx.query<LockedCursor>(
    `select topic, partition, next_offset as "nextOffset", failing_offset as "failingOffset" from roost.cursor
     where group_name = $1 and ($2::text is null or topic = $2) and ($3::integer is null or partition = $3)
     order by topic, partition for update`,
    [group, topic ?? null, partition ?? null],
  );
}

async function placesOf(tx: KernelTransaction, cursors: LockedCursor[], to: ResetTarget): Promise<MovedCursor[]> {
  const topics = [...new Set(cursors.map((cursor) => cursor.topic))];
  const ranges = new Map(
    (await readPartitions(tx, topics)).map((range) => [partitionName(range.topic, range.partition), range]),
  );
  const times = to.kind === "time" ? await findOffsets(tx, { topics, since: to.time }) : {};
  return cursors.map(({ topic, partition, nextOffset }) => {
    const name = partitionName(topic, partition);
    const range = ranges.get(name)!;
    return { topic, partition, from: nextOffset, to: to.kind === "time" ? times[name]! : placeOf(range, to) };
  });
}

function placeOf(range: PartitionRange, to: Exclude<ResetTarget, { kind: "time" }>): number {
  if (to.kind === "earliest") return range.firstOffset;
  if (to.kind === "latest") return range.nextOffset;
  refuseOutOfRange(range, to.offset);
  return to.offset;
}
