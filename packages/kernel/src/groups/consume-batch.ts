/**
 * One batch of one partition: events in, effects and cursor out, in one transaction under the lease's epoch. A batch that fails is
 * taken apart until the event that fails stands alone; that one is tried again and again, ever less often, and is never passed over.
 */
import type { JsonObject } from "@roost/base";
import { isDatabaseUnavailable, type Sql } from "@roost/database";
import { commitCursor, partitionLost } from "../log/cursor.ts";
import type { StoredEvent } from "../log/event.ts";
import { refuseOutOfRange } from "../log/out-of-range.ts";
import { readEvents } from "../log/read-events.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { isCursorMoved, isPartitionLost, type ConsumedBatch, type PartitionLease } from "./partition-lease.ts";
import { recordFailure } from "./record-failure.ts";

/** Nothing in it may wait for a model or the network: what does becomes a run. */
export type HandleEvents = (tx: KernelTransaction, events: StoredEvent[]) => Promise<void>;

export interface ConsumeBatch {
  handle: HandleEvents;
  batchMax: number;
  signal: AbortSignal;
}

interface Place {
  nextOffset: number;
  batchLimit: number | null;
  isResting: boolean;
  retryAt: Date | null;
  firstOffset: number;
  headOffset: number;
}

export async function consumeBatch(kernel: Kernel, lease: PartitionLease, batch: ConsumeBatch): Promise<ConsumedBatch> {
  // What was being tried, for the record of its failure.
  let tried: { offset: number; events: StoredEvent[] } | undefined;
  try {
    return await kernel.transact(
      async (tx) => {
        tried = undefined;
        const place = await readPlace(tx, lease);
        if (place === undefined) throw await partitionLost(tx, lease);
        if (place.isResting)
          return { state: "idle", eventCount: 0, isMore: false, retryAt: place.retryAt ?? undefined };
        tried = { offset: place.nextOffset, events: [] };
        refuseOutOfRange({ ...lease, firstOffset: place.firstOffset, nextOffset: place.headOffset }, place.nextOffset);
        const limit = Math.min(batch.batchMax, place.batchLimit ?? batch.batchMax);
        const stored = await readEvents(tx, { ...lease, offset: place.nextOffset, limit });
        const last = stored.at(-1);
        // A segment that this connection does not know yet is looked for again.
        if (last === undefined) return { state: "idle", eventCount: 0, isMore: place.nextOffset < place.headOffset };
        tried.events = stored;
        await batch.handle(tx, kernel.registry.upcast(stored));
        await commitCursor(tx, { ...lease, from: place.nextOffset, nextOffset: last.offset + 1 });
        return { state: "consumed", eventCount: stored.length, isMore: last.offset + 1 < place.headOffset };
      },
      { signal: batch.signal },
    );
  } catch (error) {
    if (isPartitionLost(error)) return { state: "lost", eventCount: 0, isMore: false };
    // Skipped by a person while it was tried, or committed although nobody was told: the cursor knows.
    if (isCursorMoved(error) || isOutcomeUnknown(error)) return { state: "idle", eventCount: 0, isMore: true };
    if (batch.signal.aborted || tried === undefined || isDatabaseLost(error)) throw error;
    return await recordFailure(kernel, lease, { ...tried, error });
  }
}

/** Undefined when the lease is lost: then nothing is tried at all. */
async function readPlace(sql: Sql, { group, topic, partition, epoch }: PartitionLease): Promise<Place | undefined> {
  const [place] = await sql.query<Place>(
    `select c.next_offset as "nextOffset", c.batch_limit as "batchLimit", c.retry_at as "retryAt", coalesce(c.retry_at > roost.now(), false) as "isResting",
       greatest(h.first_offset, least(t.offsets_from, h.next_offset)) as "firstOffset", h.next_offset as "headOffset"
     from roost.cursor c join roost.partition_head h on h.topic = c.topic and h.partition = c.partition join roost.topic t on t.name = c.topic
     where c.group_name = $1 and c.topic = $2 and c.partition = $3 and c.epoch = $4 and c.owner is not null`,
    [group, topic, partition, epoch],
    { name: "roost_group_place" },
  );
  return place;
}

/** No event is to blame for it: whoever consumes waits until the database is back. */
function isDatabaseLost(error: unknown): boolean {
  return isDatabaseUnavailable(error) && error.code === "unavailable";
}

function isOutcomeUnknown(error: unknown): boolean {
  return (error as { details?: JsonObject } | undefined)?.details?.["outcome"] === "unknown";
}
