/**
 * One look of a reader that keeps no lease (groups/ has members that do): events in, effects and cursor out, in one transaction per
 * partition under the lock of its cursor. Any number of processes may do it at once.
 */
import type { Database, Transaction } from "@roost/database";
import { commitCursor, lockCursor } from "./cursor.ts";
import type { StoredEvent } from "./event.ts";
import type { SchemaRegistry } from "./schema-registry.ts";
import { refuseOutOfRange } from "./out-of-range.ts";
import { checkLimit, readEvents, readPartitions } from "./read-events.ts";

export interface ConsumeEvents {
  group: string;
  topics: readonly string[];
  /** Most events handed to one transaction. */
  limit: number;
  /** Where a partition begins that the group never read. Default "start". */
  startAt?: "start" | "end" | undefined;
}

/** What a consumer needs of a kernel; its transactions are passed through. */
export interface ConsumeSource<Tx extends Transaction> {
  database: Database;
  registry: Pick<SchemaRegistry, "upcast">;
  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/**
 * Hands each partition's next events to `handle`, whose effects commit together with the cursor: an event takes effect once.
 * Partitions that another process is consuming, or a member of the group has, are left out. Returns how many events were consumed;
 * call it again while it is not 0.
 * @throws RoostError `not_found` when retention has dropped what the group reads next: reset the group
 */
export async function consumeEvents<Tx extends Transaction>(
  source: ConsumeSource<Tx>,
  consume: ConsumeEvents,
  handle: (tx: Tx, events: StoredEvent[]) => Promise<void>,
): Promise<number> {
  checkLimit(consume.limit);
  const lagging = await readLag(source.database, consume);
  let consumedCount = 0;
  for (const { topic, partition } of lagging) {
    consumedCount += await source.transact(async (tx) => {
      const name = { group: consume.group, topic, partition };
      const [range] = await readPartitions(tx, [topic]).then((all) =>
        all.filter((each) => each.partition === partition),
      );
      if (range === undefined) return 0;
      const from = await lockCursor(tx, name, {
        startAt: consume.startAt === "end" ? range.nextOffset : range.firstOffset,
      });
      if (from === undefined) return 0;
      refuseOutOfRange(range, from);
      const stored = await readEvents(tx, { ...name, offset: from, limit: consume.limit });
      const events = source.registry.upcast(stored);
      const last = events.at(-1);
      if (last === undefined) return 0;
      await handle(tx, events);
      await commitCursor(tx, { ...name, from, nextOffset: last.offset + 1 });
      return events.length;
    });
  }
  return consumedCount;
}

export interface PartitionLag {
  topic: string;
  partition: number;
  lagCount: number;
}

/** Partitions in which the group has events to read, or where it has no cursor yet. */
export async function readLag(
  sql: Pick<Database, "query">,
  { group, topics }: { group: string; topics: readonly string[] },
): Promise<PartitionLag[]> {
  return await sql.query<PartitionLag>(
    `select h.topic, h.partition, h.next_offset - greatest(c.next_offset, t.offsets_from, 0) as "lagCount"
     from roost.partition_head h join roost.topic t on t.name = h.topic
     left join roost.cursor c on c.group_name = $1 and c.topic = h.topic and c.partition = h.partition
     where h.topic = any($2) and (c.next_offset is null or c.next_offset < h.next_offset)
     order by h.topic, h.partition`,
    [group, topics],
    { name: "roost_read_lag" },
  );
}
