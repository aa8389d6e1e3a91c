/**
 * Fires jobs on events. The reader's cursor moves in the transaction that
 * records the ticks, or gathers the events, so an event fires a job once; the
 * tick's key is the event's id, so it would even if the cursor were lost.
 */
import {
  commitCursor,
  emitSkipped,
  eventJobGroup,
  lockCursor,
  matchesFilter,
  readEvents,
  readLag,
  readPartitions,
  requireSeen,
  type Kernel,
  type KernelTransaction,
  type StoredEvent,
  type WaitFilter,
} from "@roost/kernel";
import { eventLoopDepth, loopDepthMax } from "./event-loop-depth.ts";
import { eventTick } from "./event-ticks.ts";
import { closeDueWindows, gatherEvents, type Gathered } from "./gather-events.ts";
import { jobColumns, type StoredJob } from "./job-row.ts";
import { recordTicks, type NewTick } from "./record-ticks.ts";
import { topicHeads } from "./topic-heads.ts";

/** Events of one partition in one transaction. */
const eventsPerPassMax = 200;

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
    const pass = await kernel.transact((tx) => readOn(kernel, tx, place));
    recorded += pass.recorded;
    isMore ||= pass.isMore;
  }
  const closed = await closeDueWindows(kernel, eventJobGroup);
  return { recorded: recorded + closed.recorded, isMore: isMore || closed.isMore };
}

interface Place {
  topic: string;
  partition: number;
}

async function readOn(
  kernel: Kernel,
  tx: KernelTransaction,
  { topic, partition }: Place,
): Promise<{ recorded: number; isMore: boolean }> {
  const name = { group: eventJobGroup, topic, partition };
  const heads = await topicHeads(tx, topic);
  const [kept] = (await readPartitions(tx, [topic])).filter((range) => range.partition === partition);
  const head = heads[partition] ?? 0;
  // The head is read before the jobs: a job that is there before an event is appended sees it.
  const jobs = await tx.query<StoredJob>(
    `select ${jobColumns} from roost.job where state = 'active' and topic = $1 order by id`,
    [topic],
  );
  const earliest = Math.min(head, ...jobs.map((job) => job.fromOffsets?.[partition] ?? 0));
  const cursor = await lockCursor(tx, name, { startAt: earliest });
  if (cursor === undefined || cursor >= head) return { recorded: 0, isMore: false };
  const wanted = Math.max(cursor, earliest);
  const offset = Math.max(wanted, kept?.firstOffset ?? 0);
  if (offset > wanted) emitSkipped(tx, name, { fromOffset: wanted, toOffset: offset });
  const types = [...new Set(jobs.flatMap((job) => (job.trigger.kind === "event" ? [job.trigger.eventType] : [])))];
  const read = { ...name, offset, offsetUntil: head, types, limit: eventsPerPassMax };
  const [, events] =
    offset >= head
      ? [undefined, []]
      : await Promise.all([requireSeen(tx, topic, [{ partition, until: head }]), readEvents(tx, read)]);
  const isMore = events.length === eventsPerPassMax;
  const nextOffset = isMore ? (events.at(-1)?.offset ?? head) + 1 : head;
  const ticks = await matchTicks(tx, jobs, kernel.registry.upcast(events));
  const recorded = ticks.length === 0 ? [] : await recordTicks(tx, ticks, await nowMsOf(tx));
  await commitCursor(tx, { ...name, from: cursor, nextOffset });
  return { recorded: recorded.length, isMore };
}

async function nowMsOf(tx: KernelTransaction): Promise<number> {
  const [row] = await tx.query<{ now: Date }>("select roost.now() as now");
  return row?.now.getTime() ?? 0;
}

async function matchTicks(tx: KernelTransaction, jobs: StoredJob[], events: StoredEvent[]): Promise<NewTick[]> {
  const wanted = jobs.filter((job) => events.some((event) => matches(job, event))).map((job) => job.id);
  if (wanted.length === 0) return [];
  // Locked as they are now: a job that was paused or changed meanwhile is judged by what it has become.
  const locked = await tx.query<StoredJob>(
    `select ${jobColumns} from roost.job where id = any($1) and state = 'active' order by id for update`,
    [wanted],
  );
  const nowMs = await nowMsOf(tx);
  const ticks: NewTick[] = [];
  const gathered: Gathered[] = [];
  for (const event of events) {
    for (const job of locked) {
      if (!matches(job, event)) continue;
      const depth = await eventLoopDepth(tx, job.id, event);
      const window = job.trigger.kind === "event" && depth < loopDepthMax ? job.trigger.window : undefined;
      if (window === undefined) ticks.push(eventTick(job, event, { depth, nowMs }));
      else gathered.push({ job, window, event, depth });
    }
  }
  if (gathered.length > 0) await gatherEvents(tx, gathered);
  return ticks;
}

function matches(job: StoredJob, event: StoredEvent): boolean {
  const { trigger } = job;
  if (trigger.kind !== "event" || trigger.eventType !== event.type) return false;
  if (event.offset < (job.fromOffsets?.[event.partition] ?? 0)) return false;
  return matchesFilter((trigger.filter ?? {}) as WaitFilter, event.data);
}
