/**
 * Shares the partitions of a group out among its live members. Nobody leads: each member looks at the same rows, gives up what is
 * not its own any more and takes what is free. A live member is never robbed; what it gives up, it gives up between two batches.
 */
import type { Sql, Transaction } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import { assignPartitions } from "./assign-partitions.ts";
import type { PartitionLease } from "./partition-lease.ts";

export interface Rebalance {
  /** What the member has now. */
  leases: PartitionLease[];
  /** False: the member's process was given up, or somebody removed the group. It joins anew. */
  isMember: boolean;
}

export interface MemberName {
  group: string;
  memberId: string;
}

export function groupChannel(group: string): string {
  return `group:${group}`;
}

/** One look, and one transaction if there is something to give up or to take. */
export async function rebalanceGroup(kernel: Kernel, member: MemberName): Promise<Rebalance> {
  const seen = await readGroup(kernel.database, member.group);
  const planned = planFor(member, seen);
  if (planned === undefined) return { leases: [], isMember: false };
  if (planned.give.length === 0 && planned.take.length === 0) return { leases: planned.keep, isMember: true };
  return await kernel.transact(async (tx) => {
    await lockGroup(tx, member.group);
    // What was seen without the lock may have changed.
    const plan = planFor(member, await readGroup(tx, member.group));
    if (plan === undefined) return { leases: [], isMember: false };
    await release(tx, member, plan.give);
    const taken = await take(tx, member, plan);
    if (plan.give.length > 0) tx.wake(groupChannel(member.group));
    return { leases: [...plan.keep, ...taken], isMember: true };
  });
}

/** Gives up everything that the member has, in the caller's transaction. */
export async function releaseAll(tx: Transaction, { group, memberId }: MemberName): Promise<void> {
  await tx.query(
    `update roost.cursor set owner = null, owned_since = null, epoch = nextval('roost.partition_epoch')
     where group_name = $1 and owner = $2`,
    [group, memberId],
  );
}

export async function lockGroup(tx: Transaction, group: string): Promise<boolean> {
  const rows = await tx.query("select 1 from roost.consumer_group where name = $1 for no key update", [group]);
  return rows.length === 1;
}

interface SeenMember {
  memberId: string;
  topics: string[];
  isLive: boolean;
}

interface SeenPartition {
  topic: string;
  partition: number;
  owner: string | null;
  epoch: number;
}

interface SeenGroup {
  members: SeenMember[];
  partitions: SeenPartition[];
}

async function readGroup(sql: Sql, group: string): Promise<SeenGroup> {
  const members = await readMembers(sql, group);
  const topics = [...new Set(members.flatMap((member) => member.topics))];
  const partitions = await sql.query<SeenPartition>(
    `select h.topic, h.partition, c.owner, coalesce(c.epoch, 0) as epoch
     from roost.partition_head h
     left join roost.cursor c on c.group_name = $1 and c.topic = h.topic and c.partition = h.partition
     where h.topic = any($2) order by h.topic, h.partition`,
    [group, topics],
    { name: "roost_group_partitions" },
  );
  return { members, partitions };
}

/** A member is alive while its process is: its lease has not run out, and nobody but it holds its lock. */
export async function readMembers(sql: Sql, group: string): Promise<SeenMember[]> {
  return await sql.query<SeenMember>(
    `select m.member_id as "memberId", m.topics,
       case when w.expires_at <= roost.now() then false else not pg_try_advisory_xact_lock(w.lock_key) end as "isLive"
     from roost.group_member m join roost.worker w on w.id = m.worker_id
     where m.group_name = $1 order by m.member_id`,
    [group],
    { name: "roost_group_members" },
  );
}

interface Plan {
  keep: PartitionLease[];
  give: SeenPartition[];
  take: SeenPartition[];
}

function planFor({ group, memberId }: MemberName, { members, partitions }: SeenGroup): Plan | undefined {
  // Whoever asks is alive, whatever a lock that a look of another tried for a moment says.
  const live = members.filter((member) => member.isLive || member.memberId === memberId);
  if (!live.some((member) => member.memberId === memberId)) return undefined;
  const isLive = new Set(live.map((member) => member.memberId));
  const free = partitions.map((each) => ({
    ...each,
    owner: each.owner !== null && isLive.has(each.owner) ? each.owner : null,
  }));
  const assigned = assignPartitions(live, free);
  const plan: Plan = { keep: [], give: [], take: [] };
  for (const [index, each] of free.entries()) {
    const { topic, partition, epoch } = each;
    const isMine = assigned[index] === memberId;
    if (each.owner === memberId && isMine) plan.keep.push({ group, topic, partition, epoch });
    else if (each.owner === memberId) plan.give.push(each);
    // What another has to give up first is taken when it is free.
    else if (isMine && each.owner === null) plan.take.push(each);
  }
  return plan;
}

async function release(tx: Transaction, { group, memberId }: MemberName, given: SeenPartition[]): Promise<void> {
  if (given.length === 0) return;
  await tx.query(
    `update roost.cursor c set owner = null, owned_since = null, epoch = nextval('roost.partition_epoch')
     from unnest($3::text[], $4::integer[]) as g(topic, partition)
     where c.group_name = $1 and c.owner = $2 and c.topic = g.topic and c.partition = g.partition`,
    [group, memberId, given.map((each) => each.topic), given.map((each) => each.partition)],
  );
}

/** A partition that is new since the group began is read from its first event. */
async function take(tx: Transaction, { group, memberId }: MemberName, plan: Plan): Promise<PartitionLease[]> {
  if (plan.take.length === 0) return [];
  // Invariant: owners change under the group's lock only, so what was seen to be free still is; a new owner has a new epoch.
  return await tx.query<PartitionLease>(
    `insert into roost.cursor as c (group_name, topic, partition, next_offset, owner, owned_since, epoch)
     select $1, h.topic, h.partition, greatest(h.first_offset, least(t.offsets_from, h.next_offset)), $2, roost.now(), nextval('roost.partition_epoch')
     from unnest($3::text[], $4::integer[]) as g(topic, partition)
     join roost.partition_head h on h.topic = g.topic and h.partition = g.partition join roost.topic t on t.name = h.topic
     order by h.topic, h.partition
     on conflict (group_name, topic, partition) do update set owner = $2, owned_since = roost.now(), epoch = excluded.epoch
     returning group_name as "group", topic, partition, epoch`,
    [group, memberId, plan.take.map((each) => each.topic), plan.take.map((each) => each.partition)],
  );
}
