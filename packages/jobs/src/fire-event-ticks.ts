/**
 * Fires jobs on events. The reader's cursor moves in the transaction that
 * records the ticks, or gathers the events, so an event fires a job once; the
 * tick's key is the event's id, so it would even if the cursor were lost.
 */
import assert from "node:assert/strict";
import { RoostError } from "@roost/base";
import {
  commitCursor,
  emitSkipped,
  eventJobGroup,
  isPassing,
  lockCursor,
  matchesFilter,
  parkEvents,
  readEvents,
  readLag,
  readParkedKeys,
  readPartitions,
  requireSeen,
  retryDeadLetters,
  type Kernel,
  type KernelTransaction,
  type Redelivery,
  type StoredEvent,
  type WaitFilter,
} from "@roost/kernel";
import { eventLoopDepth, loopDepthMax } from "./event-loop-depth.ts";
import { eventTick } from "./event-ticks.ts";
import { closeDue, gatherEvents, readDueWork, type Gathered } from "./gather-events.ts";
import { jobColumns, lockJob, type StoredJob } from "./job-row.ts";
import { recordTicks, type NewTick } from "./record-ticks.ts";
import { setAsideJob, setAsideWithin } from "./set-aside-job.ts";
import { topicHeads } from "./topic-heads.ts";

/** Events of one partition in one transaction. */
const eventsPerPassMax = 200;
/** Of those that could not be recorded together: fewer, because they may have been too many. */
const eventsAlonePerPassMax = 10;

/** Reads on wherever jobs wait for events. Any number of schedulers may call it. Returns how many ticks were recorded. */
export async function fireEventTicks(kernel: Kernel): Promise<{ recorded: number; isMore: boolean }> {
  const topics = await kernel.database.query<{ topic: string }>(
    `select distinct topic from roost.job where state = 'active' and topic is not null`,
    [],
    { name: "job-event-topics" },
  );
  if (topics.length === 0) return { recorded: 0, isMore: false };
  const lagging = await readLag(kernel.database, { group: eventJobGroup, topics: topics.map((row) => row.topic) });
  let recorded = 0;
  let isMore = false;
  for (const place of lagging) {
    const pass = await readPlace(kernel, place);
    recorded += pass.recorded;
    isMore ||= pass.isMore;
  }
  const due = await readDueWork(kernel);
  const closed = await closeDueWindows(kernel, due.windows);
  const redelivered = await retryDeadLetters(kernel, redelivery(kernel), due.retries);
  recorded += closed.recorded + redelivered;
  return { recorded, isMore: isMore || closed.isMore || redelivered > 0 };
}

async function readPlace(kernel: Kernel, place: Place): Promise<Pass> {
  try {
    return await kernel.transact((tx) => readOn(kernel, tx, place));
  } catch (error) {
    if (isPassing(error)) throw error;
    kernel.logger.warn("ticks of events could not be recorded together and are recorded job by job", { place, error });
    return await kernel.transact((tx) => readOn(kernel, tx, { ...place, isEachAlone: true }));
  }
}

/** Invariant: a job whose windows cannot be closed is set aside, and those of all others are closed in the same pass. */
async function closeDueWindows(kernel: Kernel, jobIds: readonly string[]): Promise<Pass> {
  let recorded = 0;
  for (const jobId of jobIds) {
    try {
      recorded += await kernel.transact((tx) => closeDue(tx, jobId, eventJobGroup));
    } catch (error) {
      if (isPassing(error)) throw error;
      await setAsideJob(kernel, jobId, error);
    }
  }
  return { recorded, isMore: recorded > 0 };
}

interface Place {
  topic: string;
  partition: number;
}

interface Pass {
  recorded: number;
  isMore: boolean;
}

/** One pass over a partition: ticks and cursor commit together. `isEachAlone`: each job's ticks may fail by themselves. */
async function readOn(
  kernel: Kernel,
  tx: KernelTransaction,
  { topic, partition, isEachAlone = false }: Place & { isEachAlone?: boolean },
): Promise<Pass> {
  const name = { group: eventJobGroup, topic, partition };
  const limit = isEachAlone ? eventsAlonePerPassMax : eventsPerPassMax;
  const heads = await topicHeads(tx, topic);
  const [kept] = (await readPartitions(tx, [topic])).filter((range) => range.partition === partition);
  const head = heads[partition] ?? 0;
  // The head is read before the jobs: a job that is there before an event is appended sees it.
  const active = await tx.query<StoredJob>(
    `select ${jobColumns} from roost.job where state = 'active' and topic = $1 order by id`,
    [topic],
  );
  const jobs = isEachAlone ? await setAsideUnreadable(kernel, tx, active) : active;
  const earliest = Math.min(head, ...jobs.map((job) => fromOffset(job, partition)));
  const cursor = await lockCursor(tx, name, { startAt: earliest });
  if (cursor === undefined || cursor >= head) return { recorded: 0, isMore: false };
  const wanted = Math.max(cursor, earliest);
  const offset = Math.max(wanted, kept?.firstOffset ?? 0);
  if (offset > wanted) emitSkipped(tx, name, { fromOffset: wanted, toOffset: offset });
  const types = [...new Set(jobs.flatMap((job) => (job.trigger.kind === "event" ? [job.trigger.eventType] : [])))];
  const read = { ...name, offset, offsetUntil: head, types, limit };
  const [, stored] =
    offset >= head
      ? [undefined, []]
      : await Promise.all([requireSeen(tx, topic, [{ partition, until: head }]), readEvents(tx, read)]);
  const isMore = stored.length === limit;
  const nextOffset = isMore ? (stored.at(-1)?.offset ?? head) + 1 : head;
  const events = kernel.registry.upcast(stored);
  const recorded = isEachAlone ? await fireEach(kernel, tx, jobs, events) : await fireAll(tx, jobs, events);
  await commitCursor(tx, { ...name, from: cursor, nextOffset });
  return { recorded, isMore };
}

/** @throws when the row has no place for it: such a job is set aside */
function fromOffset({ id, fromOffsets }: StoredJob, partition: number): number {
  const offset: unknown = fromOffsets?.[partition] ?? 0;
  if (typeof offset === "number" && Number.isSafeInteger(offset)) return offset;
  throw new RoostError("internal", `the job "${id}" has no offset from which on its events count`);
}

/** Leaves out the jobs whose rows do not even say which events they want. */
async function setAsideUnreadable(kernel: Kernel, tx: KernelTransaction, jobs: StoredJob[]): Promise<StoredJob[]> {
  const readable: StoredJob[] = [];
  for (const job of jobs) {
    const fault = faultOf(job);
    if (fault === undefined) readable.push(job);
    else await setAsideLocked(kernel, tx, job.id, fault);
  }
  return readable;
}

function faultOf(job: StoredJob): unknown {
  try {
    assert(job.trigger.kind === "event" && typeof job.trigger.eventType === "string", "its trigger names no event");
    for (const partition of Object.keys(job.fromOffsets ?? {})) fromOffset(job, Number(partition));
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Ticks of these jobs for these events. Where earlier ones of a job are set aside, later ones wait behind them. */
async function fireAll(tx: KernelTransaction, jobs: StoredJob[], events: StoredEvent[]): Promise<number> {
  const wanted = jobs.filter((job) => events.some((event) => matches(job, event))).map((job) => job.id);
  if (wanted.length === 0) return 0;
  // Locked as they are now: a job that was paused or changed meanwhile is judged by what it has become.
  const locked = await tx.query<StoredJob>(
    `select ${jobColumns} from roost.job where id = any($1) and state = 'active' order by id for update`,
    [wanted],
  );
  const parked = await readParkedKeys(tx, eventJobGroup, wanted);
  for (const job of locked.filter(({ id }) => parked.has(id))) {
    const behind = events.filter((event) => matches(job, event));
    if (behind.length > 0)
      await parkEvents(tx, { group: eventJobGroup, key: job.id, events: behind, error: undefined });
  }
  return await fireLocked(
    tx,
    locked.filter(({ id }) => !parked.has(id)),
    events,
  );
}

/** Invariant: of many jobs the one whose ticks cannot be recorded keeps its events, and all others tick in the same pass. */
async function fireEach(
  kernel: Kernel,
  tx: KernelTransaction,
  jobs: StoredJob[],
  events: StoredEvent[],
): Promise<number> {
  let recorded = 0;
  for (const job of jobs) {
    try {
      recorded += await tx.attempt(() => fireAll(tx, [job], events));
    } catch (error) {
      if (isPassing(error)) throw error;
      recorded += await fireUntilFailed(kernel, tx, job, events);
    }
  }
  return recorded;
}

/** What comes before the first event that fails by itself is carried out; that one is set aside, and later ones wait behind it. */
async function fireUntilFailed(
  kernel: Kernel,
  tx: KernelTransaction,
  job: StoredJob,
  events: StoredEvent[],
): Promise<number> {
  let recorded = 0;
  for (const [place, event] of events.entries()) {
    try {
      recorded += await tx.attempt(() => fireAll(tx, [job], [event]));
    } catch (error) {
      if (isPassing(error)) throw error;
      await parkFrom(kernel, tx, job, { events: events.slice(place), error });
      return recorded;
    }
  }
  return recorded;
}

async function parkFrom(
  kernel: Kernel,
  tx: KernelTransaction,
  job: StoredJob,
  { events, error }: { events: StoredEvent[]; error: unknown },
): Promise<void> {
  try {
    const mine = events.filter((event) => matches(job, event));
    const parked = await readParkedKeys(tx, eventJobGroup, [job.id]);
    const cause = parked.has(job.id) ? undefined : error;
    await tx.attempt(() => parkEvents(tx, { group: eventJobGroup, key: job.id, events: mine, error: cause }));
    tx.afterCommit(() =>
      kernel.logger.error("an event could not be delivered to a job and is set aside", { jobId: job.id, error }),
    );
  } catch (failure) {
    if (isPassing(failure)) throw failure;
    await setAsideLocked(kernel, tx, job.id, failure);
  }
}

async function setAsideLocked(kernel: Kernel, tx: KernelTransaction, jobId: string, error: unknown): Promise<void> {
  const found = await lockJob(tx, jobId);
  if (found !== undefined) await setAsideWithin(tx, found.job, { nowMs: found.nowMs, error });
  tx.afterCommit(() => kernel.logger.error("a job was set aside: its tick could not be recorded", { jobId, error }));
}

/** How events that were set aside come to their job after all. */
function redelivery(kernel: Kernel): Redelivery {
  return {
    group: eventJobGroup,
    what: "job",
    lock: async (tx, jobId) => (await lockJob(tx, jobId))?.job.state === "active",
    async deliver(tx, jobId, event) {
      const found = await lockJob(tx, jobId);
      // With another trigger it does not want the event any more.
      if (found !== undefined && matches(found.job, event)) await fireLocked(tx, [found.job], [event]);
      kernel.logger.info("an event that was set aside came to its job", { jobId, eventId: event.id });
    },
  };
}

async function nowMsOf(tx: KernelTransaction): Promise<number> {
  const [row] = await tx.query<{ now: Date }>("select roost.now() as now");
  return row?.now.getTime() ?? 0;
}

async function fireLocked(tx: KernelTransaction, jobs: StoredJob[], events: StoredEvent[]): Promise<number> {
  if (jobs.length === 0) return 0;
  const nowMs = await nowMsOf(tx);
  const ticks: NewTick[] = [];
  const gathered: Gathered[] = [];
  for (const event of events) {
    for (const job of jobs) {
      if (!matches(job, event)) continue;
      const depth = await eventLoopDepth(tx, job.id, event);
      const window = job.trigger.kind === "event" && depth < loopDepthMax ? job.trigger.window : undefined;
      if (window === undefined) ticks.push(eventTick(job, event, { depth, nowMs }));
      else gathered.push({ job, window, event, depth });
    }
  }
  if (gathered.length > 0) await gatherEvents(tx, gathered);
  return ticks.length === 0 ? 0 : (await recordTicks(tx, ticks, nowMs)).length;
}

function matches(job: StoredJob, event: StoredEvent): boolean {
  const { trigger } = job;
  if (trigger.kind !== "event" || trigger.eventType !== event.type) return false;
  if (event.offset < fromOffset(job, event.partition)) return false;
  return matchesFilter((trigger.filter ?? {}) as WaitFilter, event.data);
}
