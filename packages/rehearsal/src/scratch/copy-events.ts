/** Copies the end of the log with its offsets, so that cursors, digests and event jobs continue where the home is. */
import type { Sql } from "@roost/database";
import { copyRows } from "./copy-tables.ts";

/** Events of a partition. A digest that reaches further back is told that there is more. */
export const eventsPerPartitionMax = 1_000;

export interface CopiedTopic {
  name: string;
  partitions: number;
  segmentSize: number;
  retentionMs: number | null;
  /** Start of the segment with the oldest copied event. */
  offsetsFrom: number;
  until: number;
}

/** Topics of the home's services too: cursors and schemas, which are copied next, refer to them. */
export async function createTopics(home: Sql, scratch: Sql): Promise<CopiedTopic[]> {
  const topics = await home.query<CopiedTopic>(
    `select t.name, t.partition_count as partitions, t.segment_size as "segmentSize", t.retention_ms as "retentionMs",
       coalesce(min(greatest(0, h.next_offset - $1)), 0) / t.segment_size * t.segment_size as "offsetsFrom", coalesce(max(h.next_offset), 0) as until
     from roost.topic t left join roost.partition_head h on h.topic = t.name group by t.name order by t.name`,
    [eventsPerPartitionMax],
  );
  for (const { name, partitions, segmentSize, retentionMs } of topics)
    await scratch.query("select roost.create_topic_1($1, $2, $3, $4)", [name, partitions, segmentSize, retentionMs]);
  return topics;
}

export async function copyEvents(home: Sql, scratch: Sql, topics: readonly CopiedTopic[]): Promise<void> {
  for (const topic of topics) await copyTopic(home, scratch, topic);
}

async function copyTopic(home: Sql, scratch: Sql, topic: CopiedTopic): Promise<void> {
  // Segments begin where the copy does: earlier offsets are missing, as after retention.
  await scratch.query(
    "update roost.topic set offsets_from = $2, offsets_until = greatest(offsets_until, $2), segment_size = $3 where name = $1",
    [topic.name, topic.offsetsFrom, topic.segmentSize],
  );
  await scratch.query("select roost.extend_topic_1($1, $2)", [topic.name, topic.until + 1]);
  const heads = await home.query<{ partition: number; nextOffset: number }>(
    'select partition, next_offset as "nextOffset" from roost.partition_head where topic = $1',
    [topic.name],
  );
  for (const { partition, nextOffset } of heads) {
    await copyRows(home, scratch, {
      table: "roost.event",
      from: "roost.event as t",
      where: `t.topic = '${topic.name.replaceAll("'", "''")}' and t.partition = ${partition} and t."offset" >= ${nextOffset - eventsPerPartitionMax}`,
      limit: eventsPerPartitionMax,
    });
    await scratch.query("update roost.partition_head set next_offset = $3 where topic = $1 and partition = $2", [
      topic.name,
      partition,
      nextOffset,
    ]);
  }
}
