/**
 * Jobs that fire once for several events: where the events are kept (tables gathered_event and event_window), and when a window closes. Windows are
 * cut by the events' times once all earlier events are read, so that the order of partitions, outages and the number of schedulers make no
 * difference. The caller holds the job's row.
 */
import { RoostError } from "@roost/base";
import {
  eventColumns,
  isPassing,
  nextRetriesSql,
  type Kernel,
  type KernelTransaction,
  type StoredEvent,
} from "@roost/kernel";
import { windowTick, type EventWindow } from "./event-ticks.ts";
import { lockJob, type StoredJob } from "./job-row.ts";
import { recordTicks, type RecordedTick } from "./record-ticks.ts";
import type { TriggerWindow } from "./trigger.ts";

/** The group of all jobs on events (fire-event-ticks.ts). */
export const eventJobGroupName = "roost.event-jobs";

interface Entry {
  topic: string;
  partition: number;
  offset: number;
  eventId: string;
  time: Date;
  depth: number;
}

interface OpenWindow extends EventWindow {
  entries: Entry[];
}

/** Jobs per pass, and windows closed for each. */
const jobsPerPassMax = 100;
const windowsPerJobMax = 20;

export interface Gathered {
  job: StoredJob;
  window: TriggerWindow;
  event: StoredEvent;
  depth: number;
}

/** Invariant: committed together with the cursor that moves past the events. */
export async function gatherEvents(tx: KernelTransaction, gathered: Gathered[]): Promise<void> {
  await tx.query(
    `insert into roost.gathered_event (job_id, topic, partition, "offset", event_id, time, depth)
     select * from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::text[], $6::timestamptz[], $7::integer[])
     on conflict do nothing`,
    [
      gathered.map(({ job }) => job.id),
      gathered.map(({ event }) => event.topic),
      gathered.map(({ event }) => event.partition),
      gathered.map(({ event }) => event.offset),
      gathered.map(({ event }) => event.id),
      gathered.map(({ event }) => event.time),
      gathered.map(({ depth }) => depth),
    ],
  );
  const windows = new Map(gathered.map(({ job, window }) => [job.id, window]));
  for (const [jobId, window] of windows) await planNext(tx, jobId, window);
}

/** First dead letters of active jobs. */
const retriesSql = nextRetriesSql(
  eventJobGroupName,
  "exists (select 1 from roost.job j where j.id = d.key and j.state = 'active')",
);

/** Jobs with a window to close or a dead letter to retry, earliest due first. */
export async function readDueWork(kernel: Kernel): Promise<{ windows: string[]; retries: string[] }> {
  const due = await kernel.database.query<{ jobId: string; isRetry: boolean }>(
    `(select job_id as "jobId", false as "isRetry" from roost.event_window where due_at <= roost.now() order by due_at, job_id limit $1)
     union all (select key, true from (${retriesSql}) as retry where at <= roost.now() order by at, key limit $1)`,
    [jobsPerPassMax],
    { name: "event-work-due" },
  );
  const idsOf = (isRetry: boolean) => due.filter((row) => row.isRetry === isRetry).map(({ jobId }) => jobId);
  return { windows: idsOf(false), retries: idsOf(true) };
}

/** Closes due windows of one job, unless earlier events are still to be read. Returns how many. */
export async function closeDue(tx: KernelTransaction, jobId: string): Promise<number> {
  const found = await lockJob(tx, jobId);
  if (found === undefined) return 0;
  const { job, nowMs } = found;
  const settings = windowOf(job);
  if (settings === undefined)
    throw new RoostError("internal", "it has gathered events, and its trigger does not say for how long");
  let recorded = 0;
  for (let count = 0; count < windowsPerJobMax; count += 1) {
    const open = await readFirst(tx, jobId, settings);
    if (open === undefined || open.atMs > nowMs || (await hasUnread(tx, job, open.atMs))) break;
    recorded += (await close(tx, job, { ...open, nowMs })).length;
  }
  if (recorded > 0) await planNext(tx, jobId, settings);
  return recorded;
}

/** When the next window closes or dead letter is retried; undefined when there are none. */
export async function readNextWindow(kernel: Kernel): Promise<Date | undefined> {
  const [row] = await kernel.database.query<{ dueAt: Date | null }>(
    `select least((select min(due_at) from roost.event_window), (select min(at) from (${retriesSql}) as retry)) as "dueAt"`,
    [],
    { name: "event-window-next" },
  );
  return row?.dueAt ?? undefined;
}

interface EarlyClose {
  nowMs: number;
  reason: string;
  /** Windows that are not due start nothing. */
  isSkipped?: boolean;
  /** Due windows start nothing either. */
  isUnrecordable?: boolean;
}

/** Closes early, for the given reason, all windows of a locked job. What cannot be recorded does not prevent the job's change. */
export async function closeWindows(tx: KernelTransaction, job: StoredJob, early: EarlyClose): Promise<void> {
  const settings = windowOf(job);
  if (settings === undefined) {
    if (job.topic !== null) await forgetGathered(tx, job.id);
    return;
  }
  try {
    await tx.attempt(() => closeAll(tx, job, { ...early, settings }));
  } catch (error) {
    if (isPassing(error)) throw error;
    if (early.isUnrecordable === true) return await forgetGathered(tx, job.id);
    await closeWindows(tx, job, { ...early, isSkipped: true, isUnrecordable: true });
  }
}

async function closeAll(
  tx: KernelTransaction,
  job: StoredJob,
  { nowMs, settings, isUnrecordable = false, ...early }: EarlyClose & { settings: TriggerWindow },
): Promise<void> {
  for (;;) {
    const open = await readFirst(tx, job.id, settings);
    if (open === undefined) break;
    const isDue = open.atMs <= nowMs;
    await close(tx, job, {
      ...open,
      ...(isDue && !isUnrecordable ? {} : { early, atMs: Math.min(open.atMs, nowMs) }),
      nowMs,
    });
  }
  await planNext(tx, job.id, settings);
}

async function forgetGathered(tx: KernelTransaction, jobId: string): Promise<void> {
  await tx.query("delete from roost.gathered_event where job_id = $1", [jobId]);
  await tx.query("delete from roost.event_window where job_id = $1", [jobId]);
}

function windowOf({ trigger }: StoredJob): TriggerWindow | undefined {
  return trigger?.kind === "event" ? trigger.window : undefined;
}

/** The first window of the gathered events, as far as it is known now. */
async function readFirst(
  tx: KernelTransaction,
  jobId: string,
  settings: TriggerWindow,
): Promise<OpenWindow | undefined> {
  const entries = await tx.query<Entry>(
    `select topic, partition, "offset", event_id as "eventId", time, depth
     from roost.gathered_event where job_id = $1 order by time, event_id limit $2`,
    [jobId, settings.eventsMax],
    { name: "gathered-first" },
  );
  return entries.length === 0 ? undefined : cutWindow(settings, entries);
}

/** Invariant: a window ends at the first of its limits, and holds every event up to that end. */
function cutWindow(settings: TriggerWindow, entries: Entry[]): OpenWindow {
  const firstMs = entries[0]!.time.getTime();
  const latestMs = firstMs + (settings.kind === "batch" ? settings.maxAgeMs : settings.maxWaitMs);
  let endMs = settings.kind === "batch" ? latestMs : Math.min(latestMs, firstMs + settings.quietMs);
  let count = 1;
  for (; count < entries.length; count += 1) {
    const timeMs = entries[count]!.time.getTime();
    if (timeMs > endMs) break;
    if (settings.kind === "debounce") endMs = Math.min(latestMs, timeMs + settings.quietMs);
  }
  const within = entries.slice(0, count);
  const isFull = count === settings.eventsMax;
  return { entries: within, atMs: isFull ? within.at(-1)!.time.getTime() : endMs };
}

async function hasUnread(tx: KernelTransaction, job: StoredJob, untilMs: number): Promise<boolean> {
  const rows = await tx.query(
    `select 1 from roost.partition_head h
     join roost.topic t on t.name = h.topic
     left join roost.cursor c on c.group_name = $2 and c.topic = h.topic and c.partition = h.partition
     join roost.event e on e.topic = h.topic and e.partition = h.partition
       and e."offset" = greatest(coalesce(c.next_offset, ($3::jsonb ->> h.partition::text)::bigint, 0), t.offsets_from)
     where h.topic = $1 and e.time <= $4 limit 1`,
    [job.topic, eventJobGroupName, JSON.stringify(job.fromOffsets ?? {}), new Date(untilMs)],
  );
  return rows.length > 0;
}

/** Invariant: the events are deleted in the transaction that records their tick. */
async function close(
  tx: KernelTransaction,
  job: StoredJob,
  { nowMs, ...window }: OpenWindow & { nowMs: number },
): Promise<RecordedTick[]> {
  const places = [
    window.entries.map((entry) => entry.topic),
    window.entries.map((entry) => entry.partition),
    window.entries.map((entry) => entry.offset),
  ];
  const rows = await tx.query<StoredEvent>(
    `select ${eventColumns} from roost.event
     where (topic, partition, "offset") in (select * from unnest($1::text[], $2::integer[], $3::bigint[]))`,
    places,
  );
  const events = new Map(rows.map((event) => [event.id, event]));
  await tx.query(
    `delete from roost.gathered_event
     where job_id = $4 and (topic, partition, "offset") in (select * from unnest($1::text[], $2::integer[], $3::bigint[]))`,
    [...places, job.id],
  );
  return recordTicks(tx, [windowTick(job, window, { events, nowMs })], nowMs);
}

/** Invariant: a row of event_window exists exactly while something is gathered. */
async function planNext(tx: KernelTransaction, jobId: string, settings: TriggerWindow): Promise<void> {
  const open = await readFirst(tx, jobId, settings);
  if (open === undefined) {
    await tx.query("delete from roost.event_window where job_id = $1", [jobId]);
    return;
  }
  await tx.query(
    `insert into roost.event_window (job_id, event_count, due_at)
     select $1, (select count(*) from roost.gathered_event where job_id = $1), $2
     on conflict (job_id) do update set event_count = excluded.event_count, due_at = excluded.due_at`,
    [jobId, new Date(open.atMs)],
  );
}
