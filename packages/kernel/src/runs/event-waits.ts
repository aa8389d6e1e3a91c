/**
 * Runs that wait for an event: where such a wait begins in the log, and the reader that ends it. No event is missed between the
 * two because both hold the reader's cursor: a wait begins under a shared lock of it, the reader works under an exclusive one.
 * Cursors are locked before runs.
 */
import { RoostError, type JsonObject, type JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";
import { emitSkipped } from "../log/emit-skipped.ts";
import { readPartitions } from "../log/read-events.ts";
import { labelsColumn } from "../log/read-events.ts";
import { requireSeen } from "../log/require-seen.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { lockRuns } from "./lock-runs.ts";
import { resumeRuns, type Resumption } from "./resume-runs.ts";
import { runLimits, type WaitFilter } from "./run.ts";

export const eventWaitGroup = "roost.event-waits";

/** The topic of the events waited for, and the offset in each partition from which they count. */
export interface EventWaitPlace {
  topic: string;
  fromOffsets: Record<string, number>;
}

/** Call it before the run is locked. @throws RoostError `invalid_input` when nobody registered the type */
export async function placeEventWait(
  kernel: Kernel,
  tx: KernelTransaction,
  eventType: string,
): Promise<EventWaitPlace> {
  if (kernel.registry.find(eventType) === undefined) await kernel.registry.refresh(tx);
  const topic = kernel.registry.find(eventType)?.topic;
  if (topic === undefined)
    throw new RoostError(
      "invalid_input",
      `no event type "${eventType}" is registered: a run would wait for it for ever`,
    );
  await makeCursors(tx, topic);
  await tx.query("select 1 from roost.cursor where group_name = $1 and topic = $2 order by partition for share", [
    eventWaitGroup,
    topic,
  ]);
  const heads = await tx.query<{ partition: number; nextOffset: number }>(
    'select partition, next_offset as "nextOffset" from roost.partition_head where topic = $1',
    [topic],
  );
  return { topic, fromOffsets: Object.fromEntries(heads.map((head) => [head.partition, head.nextOffset])) };
}

async function makeCursors(sql: Sql, topic: string): Promise<void> {
  await sql.query(
    `insert into roost.cursor (group_name, topic, partition, next_offset)
     select $1, h.topic, h.partition, h.next_offset from roost.partition_head h
     where h.topic = $2 and not exists (
       select 1 from roost.cursor c where c.group_name = $1 and c.topic = h.topic and c.partition = h.partition)
     order by h.partition
     on conflict do nothing`,
    [eventWaitGroup, topic],
  );
}

/** Reads on where runs wait for events and lets those go on whose event has come. Returns how many did. Any number may call it. */
export async function deliverEventWaits(kernel: Kernel): Promise<number> {
  const topics = await kernel.database.query<{ topic: string }>(
    `select distinct topic from roost.wait where resolved_at is null and kind = 'event'`,
  );
  let delivered = 0;
  for (const { topic } of topics) {
    let pass: Pass;
    do {
      pass = await kernel.transact((tx) => deliverTopic(kernel, tx, topic));
      delivered += pass.resumedCount;
    } while (!pass.isAtEnd);
  }
  return delivered;
}

interface Pass {
  resumedCount: number;
  isAtEnd: boolean;
}

interface OpenWait {
  runId: string;
  seq: number;
  eventType: string;
  filter: WaitFilter;
  fromOffsets: Record<string, number>;
}

interface FoundEvent {
  id: string;
  type: string;
  version: number;
  subject: string | null;
  topic: string;
  partition: number;
  offset: number;
  time: Date;
  data: JsonObject;
  labels: string[];
}

async function deliverTopic(kernel: Kernel, tx: KernelTransaction, topic: string): Promise<Pass> {
  await makeCursors(tx, topic);
  const cursors = await tx.query<{ partition: number; nextOffset: number }>(
    `select partition, next_offset as "nextOffset" from roost.cursor where group_name = $1 and topic = $2 order by partition for update skip locked`,
    [eventWaitGroup, topic],
  );
  const waits = await tx.query<OpenWait>(
    `select run_id as "runId", seq, event_type as "eventType", filter, from_offsets as "fromOffsets"
     from roost.wait where resolved_at is null and kind = 'event' and topic = $1 order by created_at, run_id`,
    [topic],
  );
  const ranges = new Map((await readPartitions(tx, [topic])).map((range) => [range.partition, range]));
  const windows = cursors.map(({ partition, nextOffset }) => {
    const { firstOffset = 0, nextOffset: head = nextOffset } = ranges.get(partition) ?? {};
    // Nobody waits for what came before the oldest open wait.
    const oldest = Math.min(head, ...waits.map((wait) => wait.fromOffsets[partition] ?? 0));
    const wanted = Math.max(nextOffset, oldest);
    const from = Math.max(wanted, firstOffset);
    if (from > wanted && waits.length > 0)
      emitSkipped(tx, { group: eventWaitGroup, topic, partition }, { fromOffset: wanted, toOffset: from });
    return { partition, nextOffset, from, until: Math.min(head, from + runLimits.eventPassMax), head };
  });
  const events = waits.length === 0 ? [] : kernel.registry.upcast(await readWindows(tx, topic, windows, waits));
  const resumedCount = await resumeMatching(tx, waits, events);
  const moved = windows.filter((window) => window.until > window.nextOffset);
  if (moved.length > 0) {
    await tx.query(
      `update roost.cursor c set next_offset = i.next_offset, updated_at = roost.now()
       from unnest($3::integer[], $4::bigint[]) as i(partition, next_offset)
       where c.group_name = $1 and c.topic = $2 and c.partition = i.partition`,
      [eventWaitGroup, topic, moved.map((window) => window.partition), moved.map((window) => window.until)],
    );
  }
  return { resumedCount, isAtEnd: windows.every((window) => window.until >= window.head) };
}

async function readWindows(
  tx: KernelTransaction,
  topic: string,
  windows: { partition: number; from: number; until: number }[],
  waits: OpenWait[],
): Promise<FoundEvent[]> {
  const seen = requireSeen(
    tx,
    topic,
    windows.filter((window) => window.from < window.until),
  );
  const found = tx.query<FoundEvent>(
    `select e.id, e.type, e.version, e.subject, e.topic, e.partition, e."offset", e.time, e.data, ${labelsColumn("e")}
     from unnest($2::integer[], $3::bigint[], $4::bigint[]) as w(partition, first, until)
     join roost.event e on e.topic = $1 and e.partition = w.partition and e."offset" >= w.first and e."offset" < w.until
     where e.type = any($5::text[])
     order by e.time, e.partition, e."offset"`,
    [
      topic,
      windows.map((window) => window.partition),
      windows.map((window) => window.from),
      windows.map((window) => window.until),
      [...new Set(waits.map((wait) => wait.eventType))],
    ],
  );
  return (await Promise.all([found, seen]))[0];
}

async function resumeMatching(tx: KernelTransaction, waits: OpenWait[], events: FoundEvent[]): Promise<number> {
  const resumptions = waits.flatMap((wait): Resumption[] => {
    const event = events.find(
      (each) =>
        each.type === wait.eventType &&
        each.offset >= (wait.fromOffsets[each.partition] ?? 0) &&
        matchesFilter(wait.filter, each.data),
    );
    if (event === undefined) return [];
    return [
      {
        runId: wait.runId,
        seq: wait.seq,
        reason: `the event ${event.type} it waited for has come`,
        causation: event.id,
        result: { kind: "event", event: resultOf(event) },
      },
    ];
  });
  if (resumptions.length === 0) return 0;
  await lockRuns(
    tx,
    resumptions.map((resumption) => resumption.runId),
  );
  return (await resumeRuns(tx, resumptions)).length;
}

function resultOf({ id, type, subject, topic, partition, offset, time, data, labels }: FoundEvent) {
  return { id, type, subject, topic, partition, offset, time: time.toISOString(), data, labels };
}

/** Whether the data has, at each dotted path, the value that the filter gives for it. */
export function matchesFilter(filter: WaitFilter, data: JsonObject): boolean {
  return Object.entries(filter).every(([path, expected]) => {
    let value: JsonValue | undefined = data;
    for (const name of path.split(".")) {
      value =
        typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
          ? value[name]
          : undefined;
    }
    return value === expected;
  });
}
