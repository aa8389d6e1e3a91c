/** Positions of consumer groups: for each partition cursor, head, lag in events and time, and failure. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import { ownFailurePolicy } from "./group.ts";

export type PartitionState = "current" | "lagging" | "failing" | "out_of_range" | "idle";

export interface GroupPartition {
  topic: string;
  partition: number;
  /** The next offset it reads. */
  cursor: number;
  earliest: number;
  head: number;
  /** Number of unread events. */
  lagCount: number;
  /** Age of the first unread event. */
  lagMs: number | null;
  /** idle: a reader of Roost itself that this topic does not need at present; it does not move. */
  state: PartitionState;
  movedAt: Date;
  lastError: { code: string; message: string } | null;
  failedAt: Date | null;
  /** Consecutive failures of the event at the cursor. */
  failureCount: number;
  retryAt: Date | null;
  /** Of the event at the cursor, when it fails. */
  eventId: string | null;
  eventType: string | null;
  /** Retention keeps what the group has not read. */
  isPinned: boolean;
}

export interface ConsumerGroup {
  name: string;
  /** Any scheduler reads for it. */
  isOwn: boolean;
  /** Null: a failing event stops its partition. Otherwise it is set aside, and given up after this many attempts. */
  setAsideAfter: number | null;
  partitions: GroupPartition[];
}

export function isOwnGroup(name: string): boolean {
  return name.startsWith("roost.");
}

/** Topics whose events something beside waiting runs needs at present: Roost's own readers are idle in all others. */
export interface NeededTopics {
  neededTopics: readonly string[];
}

/** By name, after the given one. */
export async function listGroups(
  sql: Sql,
  { limit, after, neededTopics }: NeededTopics & { limit: number; after?: string | undefined },
): Promise<ConsumerGroup[]> {
  const rows = await sql.query<{ name: string }>(
    `select name from (select name from roost.consumer_group union select group_name from roost.cursor) as known
     where $1::text is null or name > $1 collate "C" order by name collate "C" limit $2`,
    [after ?? null, limit],
  );
  return await Promise.all(rows.map(({ name }) => getGroup(sql, name, { neededTopics })));
}

/** @throws RoostError `not_found` */
export async function getGroup(sql: Sql, name: string, { neededTopics }: NeededTopics): Promise<ConsumerGroup> {
  const [partitions, [declared]] = await Promise.all([
    sql.query<GroupPartition & { group?: string }>(
      `select * from (${partitionsSql}) as p where p."group" = $2 order by p.topic, p.partition`,
      [neededTopics, name],
    ),
    sql.query<{ attemptsMax: number | null }>(
      `select attempts_max as "attemptsMax" from roost.consumer_group where name = $1`,
      [name],
    ),
  ]);
  if (declared === undefined && partitions.length === 0)
    throw new RoostError("not_found", `there is no consumer group "${name}": see roost log groups`);
  for (const partition of partitions) delete partition.group;
  const isOwn = isOwnGroup(name);
  return {
    name,
    isOwn,
    setAsideAfter: isOwn ? ownFailurePolicy.setAsideAfter : (declared?.attemptsMax ?? null),
    partitions,
  };
}

/** Partitions that lag by more than this, or fail: for alarms. */
export async function listLaggingPartitions(
  sql: Sql,
  {
    lagMsMin,
    failuresMin,
    limit,
    neededTopics,
  }: NeededTopics & { lagMsMin: number; failuresMin: number; limit: number },
): Promise<(GroupPartition & { group: string })[]> {
  return await sql.query(
    `select * from (${partitionsSql}) as p
     where p.state <> 'idle' and (p."failureCount" >= $2 or p."lagMs" >= $3)
     order by p."lagMs" desc nulls last, p."group", p.topic, p.partition limit $4`,
    [neededTopics, failuresMin, lagMsMin, limit],
  );
}

/** Roost's own readers count only where something waits: they do not move in a topic that nothing needs. `$1`: neededTopics. */
const partitionsSql = `
  select c.group_name as "group", c.topic, c.partition, c.next_offset as cursor, r.earliest, h.next_offset as head,
    greatest(0, h.next_offset - greatest(c.next_offset, r.earliest)) as "lagCount", (extract(epoch from roost.now() - e.time) * 1000)::bigint as "lagMs",
    case
      when o.is_own and c.topic <> all($1::text[]) and not exists (
        select 1 from roost.wait w where w.resolved_at is null and w.kind = 'event' and w.topic = c.topic) then 'idle'
      when c.next_offset < r.earliest and not o.is_own then 'out_of_range'
      when f.is_failing then 'failing'
      when c.next_offset < h.next_offset then 'lagging'
      else 'current' end as state,
    c.updated_at as "movedAt", c.last_error as "lastError", c.failed_at as "failedAt",
    case when f.is_failing then c.failure_count else 0 end as "failureCount", c.retry_at as "retryAt",
    case when f.is_failing then e.id end as "eventId", case when f.is_failing then e.type end as "eventType",
    coalesce(c.topic = any(g.pinned_topics), false) as "isPinned"
  from roost.cursor c
  join roost.topic t on t.name = c.topic
  join roost.partition_head h on h.topic = c.topic and h.partition = c.partition
  left join roost.consumer_group g on g.name = c.group_name
  cross join lateral (select c.group_name like 'roost.%' as is_own) as o
  cross join lateral (select coalesce(c.failing_offset = c.next_offset, false) as is_failing) as f
  cross join lateral (select greatest(h.first_offset, least(t.offsets_from, h.next_offset)) as earliest) as r
  left join lateral (
    select e.time, e.id, e.type from roost.event e where e.topic = c.topic and e.partition = c.partition and e."offset" = greatest(c.next_offset, r.earliest)
  ) as e on c.next_offset < h.next_offset`;
