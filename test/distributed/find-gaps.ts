import type { Sql } from "@roost/database";

/** Partitions whose offsets are not 0, 1, 2 … up to the head. */
export function findGaps(sql: Sql): Promise<unknown[]> {
  return sql.query(
    `select h.topic, h.partition from roost.partition_head h left join roost.event e using (topic, partition)
     group by h.topic, h.partition, h.next_offset
     having h.next_offset <> count(e) or coalesce(max(e."offset") + 1, 0) <> h.next_offset`,
  );
}
