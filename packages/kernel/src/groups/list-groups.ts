/** How far consumer groups are: for each partition cursor, head, lag in events and in time, owner, and what it fails on. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import { eventWaitGroup } from "../runs/event-waits.ts";
import { readMembers } from "./rebalance-group.ts";

export type PartitionState = "current" | "lagging" | "failing" | "out_of_range" | "idle";

export interface GroupPartition {
  topic: string;
  partition: number;
  /** The next offset it reads. */
  cursor: number;
  earliest: number;
  head: number;
  /** Events that it has not read. */
  lagCount: number;
  /** Age of the first event that it has not read. */
  lagMs: number | null;
  /** idle: one of Roost's own readers that nobody needs in this topic at present; it does not move. */
  state: PartitionState;
  owner: string | null;
  epoch: number;
  movedAt: Date;
  lastError: { code: string; message: string } | null;
  failedAt: Date | null;
  /** How often the event at the cursor has failed by itself; 0 when it does not. */
  failureCount: number;
  retryAt: Date | null;
}

export interface GroupMemberRow {
  memberId: string;
  topics: string[];
  host: string;
  pid: number;
  joinedAt: Date;
  isLive: boolean;
}

export interface ConsumerGroup {
  name: string;
  /** Roost's own reader: it has no members, any scheduler moves it. */
  isOwn: boolean;
  members: GroupMemberRow[];
  partitions: GroupPartition[];
}

/** The group that reads for jobs on events; packages/jobs moves its cursors. */
export const eventJobGroup = "roost.event-jobs";
/** Groups of Roost's own, which any scheduler moves under the lock of their cursors. */
export const ownGroups: readonly string[] = [eventJobGroup, eventWaitGroup];

/** By name, after the given one. */
export async function listGroups(
  sql: Sql,
  { limit, after }: { limit: number; after?: string | undefined },
): Promise<ConsumerGroup[]> {
  const rows = await sql.query<{ name: string }>(
    `select name from (select name from roost.consumer_group union select group_name from roost.cursor) as known
     where $1::text is null or name > $1 collate "C" order by name collate "C" limit $2`,
    [after ?? null, limit],
  );
  return await Promise.all(rows.map(({ name }) => readGroupState(sql, name)));
}

/** @throws RoostError `not_found` */
export async function getGroup(sql: Sql, name: string): Promise<ConsumerGroup> {
  const group = await readGroupState(sql, name);
  const [row] = await sql.query("select 1 from roost.consumer_group where name = $1", [name]);
  if (row === undefined && group.partitions.length === 0)
    throw new RoostError("not_found", `there is no consumer group "${name}": look at the list of groups`);
  return group;
}

/** Partitions that are behind by more than these, or fail: what an alarm is about. */
export async function listLaggingPartitions(
  sql: Sql,
  { lagMsMin, failuresMin, limit }: { lagMsMin: number; failuresMin: number; limit: number },
): Promise<(GroupPartition & { group: string })[]> {
  return await sql.query(
    `select * from (${partitionsSql}) as p
     where p.state <> 'idle' and (p."failureCount" >= $2 or p."lagMs" >= $3)
     order by p."lagMs" desc nulls last, p."group", p.topic, p.partition limit $4`,
    [ownGroups, failuresMin, lagMsMin, limit],
  );
}

async function readGroupState(sql: Sql, name: string): Promise<ConsumerGroup> {
  const [partitions, members, live] = await Promise.all([
    sql.query<GroupPartition>(
      `select ${partitionColumns} from (${partitionsSql}) as p where p."group" = $2 order by p.topic, p.partition`,
      [ownGroups, name],
    ),
    sql.query<Omit<GroupMemberRow, "isLive">>(
      `select m.member_id as "memberId", m.topics, w.host, w.pid, m.joined_at as "joinedAt"
       from roost.group_member m join roost.worker w on w.id = m.worker_id where m.group_name = $1 order by m.member_id`,
      [name],
    ),
    readMembers(sql, name),
  ]);
  const alive = new Set(live.filter((member) => member.isLive).map((member) => member.memberId));
  return {
    name,
    isOwn: ownGroups.includes(name),
    members: members.map((member) => ({ ...member, isLive: alive.has(member.memberId) })),
    partitions,
  };
}

const partitionColumns = `topic, partition, cursor, earliest, head, "lagCount", "lagMs", state, owner, epoch, "movedAt", "lastError", "failedAt", "failureCount", "retryAt"`;

/** Of Roost's own readers only what somebody waits for lags: they do not move in a topic that no job and no run asks about. */
const partitionsSql = `
  select c.group_name as "group", c.topic, c.partition, c.next_offset as cursor, r.earliest, h.next_offset as head,
    greatest(0, h.next_offset - greatest(c.next_offset, r.earliest)) as "lagCount", (extract(epoch from roost.now() - e.time) * 1000)::bigint as "lagMs",
    case
      when c.group_name = any($1) and not exists (
        select 1 from roost.job j where j.state = 'active' and j.topic = c.topic
        union all select 1 from roost.wait w where w.resolved_at is null and w.kind = 'event' and w.topic = c.topic) then 'idle'
      when c.next_offset < r.earliest and not c.group_name = any($1) then 'out_of_range'
      when c.failing_offset = c.next_offset then 'failing'
      when c.next_offset < h.next_offset then 'lagging'
      else 'current' end as state,
    c.owner, c.epoch, c.updated_at as "movedAt", c.last_error as "lastError", c.failed_at as "failedAt",
    case when c.failing_offset = c.next_offset then c.failure_count else 0 end as "failureCount", c.retry_at as "retryAt"
  from roost.cursor c
  join roost.topic t on t.name = c.topic
  join roost.partition_head h on h.topic = c.topic and h.partition = c.partition
  cross join lateral (select greatest(h.first_offset, least(t.offsets_from, h.next_offset)) as earliest) as r
  left join lateral (
    select e.time from roost.event e where e.topic = c.topic and e.partition = c.partition and e."offset" = greatest(c.next_offset, r.earliest)
  ) as e on c.next_offset < h.next_offset`;
