/**
 * A member of a consumer group: joins, keeps its partitions, hands their events on, and leaves. Each call does one thing and comes
 * back, so that a test, or a loop (consume-group.ts), decides when. It owns its process's registration when it was given none.
 */
import { RoostError } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { registerWorker, type WorkerRegistration } from "../workers/register-worker.ts";
import { consumeBatch, type HandleEvents } from "./consume-batch.ts";
import { groupLimits, requireGroupName, type PartitionLease, type ConsumedBatch } from "./partition-lease.ts";
import {
  groupChannel,
  lockGroup,
  readMembers,
  rebalanceGroup,
  releaseAll,
  type MemberName,
} from "./rebalance-group.ts";

export interface JoinGroup {
  group: string;
  topics: readonly string[];
  /** Its effects commit with the cursor, or not at all; it may run again for the same events until then. */
  handle: HandleEvents;
  /** Unique in the group; default: a fresh id. */
  memberId?: string | undefined;
  /** Most events in one transaction. Default 100. */
  batchMax?: number | undefined;
  /** Partitions worked on at the same time, each in a transaction of its own. Default 1. */
  concurrency?: number | undefined;
  /** Where the group begins in a topic that it never read. Default "earliest". */
  startAt?: "earliest" | "latest" | undefined;
  /** Of the process; whoever gives it renews it. Default: one of its own. */
  registration?: WorkerRegistration | undefined;
  /** Of its own registration: how long it may be silent. */
  ttlMs?: number | undefined;
  host?: string | undefined;
  pid?: number | undefined;
}

export interface ConsumePass {
  eventCount: number;
  failureCount: number;
  /** There is more to read at once. */
  isMore: boolean;
  /** A lease was lost: look at the group again. */
  isLost: boolean;
  /** When the first failed event is tried again. */
  retryAt: Date | undefined;
}

export interface GroupMember extends AsyncDisposable {
  readonly group: string;
  readonly memberId: string;
  readonly leases: readonly PartitionLease[];
  /** Aborted when the process was given up: join anew. */
  readonly lost: AbortSignal;
  /** Of its own registration. */
  heartbeat(): Promise<void>;
  /** Gives up what is not its own any more and takes what is free. False: it is no member any more. */
  rebalance(): Promise<boolean>;
  /** One batch of each of its partitions. */
  consume(options?: { signal?: AbortSignal | undefined }): Promise<ConsumePass>;
  /** Gives its partitions to the others and goes. Disposing does the same. */
  leave(): Promise<void>;
}

/** @throws RoostError `conflict` when a live member has the same id */
export async function joinGroup(kernel: Kernel, join: JoinGroup): Promise<GroupMember> {
  checkJoin(join);
  await using opened = new AsyncDisposableStack();
  const { host = "", pid = process.pid, ttlMs } = join;
  const registration =
    join.registration ??
    opened.use(
      await registerWorker(kernel, { kind: "consumer", host, pid, ...(ttlMs === undefined ? {} : { ttlMs }) }),
    );
  const name = { group: join.group, memberId: join.memberId ?? kernel.createId() };
  await kernel.transact((tx) => enter(tx, join, { ...name, workerId: registration.workerId }));
  const member = new Member(kernel, { join, name, registration, owned: opened.move() });
  await member.rebalance();
  return member;
}

function checkJoin({ group, topics, batchMax = 1, concurrency = 1 }: JoinGroup): void {
  requireGroupName(group);
  if (topics.length === 0 || topics.length > groupLimits.topicsMax)
    throw new RoostError(
      "invalid_input",
      `group "${group}" reads ${topics.length} topics: from 1 to ${groupLimits.topicsMax} can be read`,
    );
  if (!Number.isInteger(batchMax) || batchMax < 1 || batchMax > groupLimits.batchMax)
    throw new RoostError(
      "invalid_input",
      `batchMax ${batchMax} must be a whole number from 1 to ${groupLimits.batchMax}`,
    );
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > groupLimits.concurrencyMax)
    throw new RoostError(
      "invalid_input",
      `concurrency ${concurrency} must be a whole number from 1 to ${groupLimits.concurrencyMax}`,
    );
}

async function enter(tx: KernelTransaction, join: JoinGroup, member: MemberName & { workerId: string }): Promise<void> {
  const { group, memberId, workerId } = member;
  await tx.query("insert into roost.consumer_group (name) values ($1) on conflict do nothing", [group]);
  await lockGroup(tx, group);
  const members = await readMembers(tx, group);
  if (members.some((each) => each.memberId === memberId && each.isLive))
    throw new RoostError(
      "conflict",
      `group "${group}" has a live member "${memberId}": give each member an id of its own`,
    );
  if (members.length >= groupLimits.membersMax)
    throw new RoostError(
      "limit_exceeded",
      `group "${group}" has ${members.length} members (limit ${groupLimits.membersMax})`,
    );
  await makeCursors(tx, join);
  // What a dead member of that name had is not this one's.
  await releaseAll(tx, member);
  await tx.query(
    `insert into roost.group_member (group_name, member_id, worker_id, topics) values ($1, $2, $3, $4)
     on conflict (group_name, member_id) do update set worker_id = $3, topics = $4, joined_at = roost.now()`,
    [group, memberId, workerId, [...new Set(join.topics)]],
  );
  tx.wake(groupChannel(group));
}

/** Invariant: a group has a place in every partition of its topics from its first member on, so that nothing that is appended later is missed. */
async function makeCursors(tx: KernelTransaction, { group, topics, startAt = "earliest" }: JoinGroup): Promise<void> {
  await tx.query(
    `insert into roost.cursor (group_name, topic, partition, next_offset)
     select $1, h.topic, h.partition, case
       when $3 = 'latest' and not exists (select 1 from roost.cursor k where k.group_name = $1 and k.topic = h.topic) then h.next_offset
       else greatest(h.first_offset, least(t.offsets_from, h.next_offset)) end
     from roost.partition_head h join roost.topic t on t.name = h.topic
     where h.topic = any($2) order by h.topic, h.partition
     on conflict do nothing`,
    [group, topics, startAt],
  );
}

class Member implements GroupMember {
  readonly group: string;
  readonly memberId: string;
  readonly lost: AbortSignal;
  leases: readonly PartitionLease[] = [];
  readonly #kernel: Kernel;
  readonly #join: JoinGroup;
  readonly #registration: WorkerRegistration;
  readonly #owned: AsyncDisposable;
  #hasLeft = false;

  constructor(
    kernel: Kernel,
    parts: { join: JoinGroup; name: MemberName; registration: WorkerRegistration; owned: AsyncDisposable },
  ) {
    this.#kernel = kernel;
    this.#join = parts.join;
    this.#registration = parts.registration;
    this.#owned = parts.owned;
    this.group = parts.name.group;
    this.memberId = parts.name.memberId;
    this.lost = parts.registration.lost;
  }

  async heartbeat(): Promise<void> {
    await this.#registration.heartbeat();
  }

  async rebalance(): Promise<boolean> {
    const { leases, isMember } = await rebalanceGroup(this.#kernel, this);
    this.leases = leases;
    return isMember;
  }

  async consume(options: { signal?: AbortSignal | undefined } = {}): Promise<ConsumePass> {
    const signal = options.signal === undefined ? this.lost : AbortSignal.any([options.signal, this.lost]);
    const pass: ConsumePass = { eventCount: 0, failureCount: 0, isMore: false, isLost: false, retryAt: undefined };
    const waiting = [...this.leases];
    const work = async () => {
      for (let lease = waiting.shift(); lease !== undefined && !signal.aborted; lease = waiting.shift()) {
        add(pass, await consumeBatch(this.#kernel, lease, { ...this.#batch(), signal }));
      }
    };
    const done = await Promise.allSettled(Array.from({ length: this.#join.concurrency ?? 1 }, work));
    for (const one of done) if (one.status === "rejected") throw one.reason;
    return pass;
  }

  async leave(): Promise<void> {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.leases = [];
    try {
      if (!this.lost.aborted) await this.#kernel.transact((tx) => leaveGroup(tx, this));
    } finally {
      await this.#owned[Symbol.asyncDispose]();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  #batch() {
    return { handle: this.#join.handle, batchMax: this.#join.batchMax ?? groupLimits.batchDefault };
  }
}

async function leaveGroup(tx: KernelTransaction, member: MemberName): Promise<void> {
  await lockGroup(tx, member.group);
  await releaseAll(tx, member);
  await tx.query("delete from roost.group_member where group_name = $1 and member_id = $2", [
    member.group,
    member.memberId,
  ]);
  tx.wake(groupChannel(member.group));
}

function add(pass: ConsumePass, outcome: ConsumedBatch): void {
  pass.eventCount += outcome.eventCount;
  pass.isMore ||= outcome.isMore;
  if (outcome.state === "failed") pass.failureCount += 1;
  if (outcome.state === "lost") pass.isLost = true;
  const { retryAt } = outcome;
  if (retryAt !== undefined && (pass.retryAt === undefined || retryAt < pass.retryAt)) pass.retryAt = retryAt;
}
