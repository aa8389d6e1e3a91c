import type { Sql } from "@roost/database";

/** The next offset of each partition of a topic. */
export async function topicHeads(sql: Sql, topic: string): Promise<Record<string, number>> {
  const rows = await sql.query<{ partition: number; nextOffset: number }>(
    `select partition, next_offset as "nextOffset" from roost.partition_head where topic = $1`,
    [topic],
  );
  return Object.fromEntries(rows.map((row) => [String(row.partition), row.nextOffset]));
}
