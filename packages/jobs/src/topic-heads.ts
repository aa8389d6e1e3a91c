import type { Sql } from "@roost/database";

/** The offset that comes next in each partition of a topic, as they are now. */
export async function topicHeads(sql: Sql, topic: string): Promise<Record<string, number>> {
  const rows = await sql.query<{ partition: number; nextOffset: number }>(
    `select partition, next_offset as "nextOffset" from roost.partition_head where topic = $1`,
    [topic],
  );
  return Object.fromEntries(rows.map((row) => [String(row.partition), row.nextOffset]));
}
