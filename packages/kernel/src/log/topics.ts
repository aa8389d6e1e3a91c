/** Topics: creating, listing, and keeping their segments ahead of their heads and within their retention. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";

export const partitionCountDefault = 4;
export const segmentSizeDefault = 1_000_000;

export interface NewTopic {
  /** Lower-case letters, digits, - and _. */
  name: string;
  /** Can grow, never shrink: a key's partition depends on it. */
  partitionCount?: number;
  /** Offsets per segment; unchanged for an existing topic. */
  segmentSize?: number;
  /** Events may be dropped after this long, a whole segment at a time. Default: kept for ever. */
  retentionMs?: number;
}

export interface Topic {
  name: string;
  partitionCount: number;
  segmentSize: number;
  /** Offsets below it have been dropped. */
  offsetsFrom: number;
  /** Segments exist for the offsets below it. */
  offsetsUntil: number;
  retentionMs: number | null;
}

/** Creates a topic, or raises the partition count of an existing one. Repeating it changes nothing. */
export async function createTopic(sql: Sql, topic: NewTopic): Promise<void> {
  const partitionCount = topic.partitionCount ?? partitionCountDefault;
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(topic.name)) {
    throw new RoostError(
      "invalid_input",
      `topic "${topic.name}" must be lower-case letters, digits, - and _, at most 63`,
    );
  }
  const existing = (await readTopics(sql)).get(topic.name);
  if (existing !== undefined && topic.partitionCount !== undefined && topic.partitionCount < existing.partitionCount) {
    throw new RoostError(
      "conflict",
      `topic "${topic.name}" has ${existing.partitionCount} partitions and cannot shrink to ${topic.partitionCount}: keys would change their partition`,
    );
  }
  await sql.query("select roost.create_topic_1($1, $2, $3, $4)", [
    topic.name,
    Math.max(partitionCount, existing?.partitionCount ?? 0),
    topic.segmentSize ?? segmentSizeDefault,
    topic.retentionMs ?? null,
  ]);
}

export async function readTopics(sql: Sql): Promise<Map<string, Topic>> {
  const rows = await sql.query<Topic>(
    `select name, partition_count as "partitionCount", segment_size as "segmentSize", offsets_from as "offsetsFrom",
       offsets_until as "offsetsUntil", retention_ms as "retentionMs" from roost.topic order by name`,
  );
  return new Map(rows.map((row) => [row.name, row]));
}
