/** Promise: the log is dense and in the order of commits, what was acknowledged is in it once, its events are valid, and no reader skips or repeats. */
import type { Sql } from "@roost/database";
import { findInvalidEvents } from "@roost/kernel/testing/find-invalid-events";
import type { History } from "./history.ts";
import { consumedTopics } from "./reader-actor.ts";

const gaps = `
  select 'the offsets of ' || h.topic || '/' || h.partition || ' are not dense: ' || count(e.*) || ' events below ' || h.next_offset as what
  from roost.partition_head h left join roost.event e on e.topic = h.topic and e.partition = h.partition and e."offset" < h.next_offset
  group by h.topic, h.partition, h.next_offset having count(e.*) <> h.next_offset
  union all
  select 'an event lies beyond the head of ' || e.topic || '/' || e.partition from roost.event e
  join roost.partition_head h using (topic, partition) where e."offset" >= h.next_offset
  union all
  select 'an event is there twice: ' || type || ' ' || id from roost.event group by type, id having count(*) > 1`;

/** What the consumer group did against what it was to do: each event once, in order, as far as its cursor says. */
const consumption = `
  select 'an event was consumed ' || count(*) || ' times: ' || event_id as what from roost.simulated_consumption group by event_id having count(*) > 1
  union all
  select 'the cursor at ' || c.topic || '/' || c.partition || ' says ' || c.next_offset || ' and ' || count(s.*) || ' events were consumed'
  from roost.cursor c left join roost.simulated_consumption s using (topic, partition)
  where c.group_name = 'simulation' group by c.topic, c.partition, c.next_offset having count(s.*) <> c.next_offset
  union all
  select 'events of ' || topic || '/' || partition || ' were consumed out of order' from (
    select topic, partition, "offset", lag("offset") over (partition by topic, partition order by place) as before from roost.simulated_consumption
  ) s where "offset" < before`;

export async function findLogViolations(sql: Sql, history: History): Promise<string[]> {
  const rows = await sql.query<{ what: string }>(`${gaps} union all ${consumption}`);
  return [
    ...rows.map((row) => row.what),
    ...(await findLost(sql, history)),
    ...(await findMisread(sql, history)),
    ...(await findInvalidEvents(sql)),
  ];
}

async function findLost(sql: Sql, { appended }: History): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    "select id from unnest($1::text[]) as id where not exists (select 1 from roost.event e where e.id = $2 || id)",
    [[...appended], ""],
  );
  return rows.map(({ id }) => `an acknowledged event is not in the log: ${id}`);
}

/** A reader saw the beginning of each partition as it is, whenever it looked. */
async function findMisread(sql: Sql, { readings }: History): Promise<string[]> {
  const rows = await sql.query<{ place: string; ids: string[] }>(
    `select topic || '/' || partition as place, array_agg(id order by "offset") as ids from roost.event group by topic, partition`,
  );
  const log = new Map(rows.map((row) => [row.place, row.ids]));
  return readings.flatMap((reading) =>
    [...reading].flatMap(([place, seen]) => {
      const index = seen.findIndex((id, offset) => log.get(place)?.[offset] !== id);
      return index < 0 ? [] : [`a reader of ${place} skipped an event, or saw one that is gone, at offset ${index}`];
    }),
  );
}

/** Only true when readers have caught up. */
export async function findUnread(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ what: string }>(
    `select 'an event was never consumed: ' || e.id as what from roost.event e
     where e.topic = any($1) and not exists (select 1 from roost.simulated_consumption s where s.event_id = e.id)`,
    [consumedTopics],
  );
  return rows.map((row) => row.what);
}
