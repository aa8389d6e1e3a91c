/**
 * Runs that wait for an event: where such a wait begins in the log, and the reader that ends it. No event is missed between the
 * two because both hold the reader's cursor: a wait begins under a shared lock of it, the reader works under an exclusive one.
 * Cursors are locked before runs.
 */
import { RoostError, type JsonObject, type JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";
import { emitSkipped } from "../log/emit-skipped.ts";
import { isPassing } from "../each-alone.ts";
import { parkEvents, readParkedKeys } from "../dead-letters/park-events.ts";
import { nextRetriesSql, retryDeadLetters, type Redelivery } from "../dead-letters/retry-dead-letters.ts";
import type { StoredEvent } from "../log/event.ts";
import { eventColumns, readPartitions } from "../log/read-events.ts";
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
  const found = await kernel.database.query<{ topic: string | null; runId: string | null }>(
    `select distinct topic, null as "runId" from roost.wait where resolved_at is null and kind = 'event'
     union all select null, key from (${nextRetriesSql(eventWaitGroup, "true")}) as retry where at <= roost.now()`,
  );
  let delivered = 0;
  for (const { topic } of found) {
    if (topic === null) continue;
    let pass: Pass;
    do {
      pass = await readTopic(kernel, topic);
      delivered += pass.resumedCount;
    } while (!pass.isAtEnd);
  }
  const retries = found.flatMap(({ runId }) => (runId === null ? [] : [runId]));
  return delivered + (await retryDeadLetters(kernel, redelivery, retries));
}

async function readTopic(kernel: Kernel, topic: string): Promise<Pass> {
  try {
    return await kernel.transact((tx) => deliverTopic(kernel, tx, topic));
  } catch (error) {
    if (isPassing(error)) throw error;
    kernel.logger.warn("runs could not go on together from their events and go on one by one", { topic, error });
    return await kernel.transact((tx) => deliverTopic(kernel, tx, topic, { isEachAlone: true }));
  }
}

/** How an event that was set aside comes to its run after all; one that does not wait any more does not want it. */
const redelivery: Redelivery = {
  group: eventWaitGroup,
  what: "run",
  lock: async (tx, runId) => (await lockRuns(tx, [runId])).size >= 0,
  async deliver(tx, runId, event) {
    const waits = await tx.query<OpenWait>(`${openWaitsSql} and run_id = $1`, [runId]);
    const resumptions = matchWaits(waits, [event]);
    if (resumptions.length > 0)
      await resumeRuns(
        tx,
        resumptions.map(({ resumption }) => resumption),
      );
  },
};

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

const openWaitsSql = `select run_id as "runId", seq, event_type as "eventType", filter, from_offsets as "fromOffsets"
  from roost.wait where resolved_at is null and kind = 'event'`;

/** `isEachAlone`: each run goes on or fails to by itself. */
async function deliverTopic(
  kernel: Kernel,
  tx: KernelTransaction,
  topic: string,
  { isEachAlone = false }: { isEachAlone?: boolean } = {},
): Promise<Pass> {
  await makeCursors(tx, topic);
  const cursors = await tx.query<{ partition: number; nextOffset: number }>(
    `select partition, next_offset as "nextOffset" from roost.cursor where group_name = $1 and topic = $2 order by partition for update skip locked`,
    [eventWaitGroup, topic],
  );
  const waits = await tx.query<OpenWait>(`${openWaitsSql} and topic = $1 order by created_at, run_id`, [topic]);
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
  const resumedCount = await resumeMatching(kernel, tx, matchWaits(waits, events), isEachAlone);
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
): Promise<StoredEvent[]> {
  const seen = requireSeen(
    tx,
    topic,
    windows.filter((window) => window.from < window.until),
  );
  const found = tx.query<StoredEvent>(
    `select ${eventColumns} from roost.event where topic = $1 and type = any($5::text[]) and exists (
       select 1 from unnest($2::integer[], $3::bigint[], $4::bigint[]) as w(part, first, until)
       where partition = w.part and "offset" >= w.first and "offset" < w.until)
     order by time, partition, "offset"`,
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

interface Matched {
  resumption: Resumption;
  event: StoredEvent;
}

/** Of each wait the first event that it waits for. */
function matchWaits(waits: OpenWait[], events: StoredEvent[]): Matched[] {
  return waits.flatMap((wait): Matched[] => {
    const event = events.find(
      (each) =>
        each.type === wait.eventType &&
        each.offset >= (wait.fromOffsets[each.partition] ?? 0) &&
        matchesFilter(wait.filter, each.data),
    );
    if (event === undefined) return [];
    const resumption = {
      runId: wait.runId,
      seq: wait.seq,
      reason: `the event ${event.type} it waited for has come`,
      causation: event.id,
      result: { kind: "event" as const, event: resultOf(event) },
    };
    return [{ resumption, event }];
  });
}

async function resumeMatching(
  kernel: Kernel,
  tx: KernelTransaction,
  matched: Matched[],
  isEachAlone: boolean,
): Promise<number> {
  if (matched.length === 0) return 0;
  const runIds = matched.map(({ resumption }) => resumption.runId);
  await lockRuns(tx, runIds);
  const parked = await readParkedKeys(tx, eventWaitGroup, runIds);
  const open = matched.filter(({ resumption }) => !parked.has(resumption.runId));
  // An earlier event ends the wait, when it can be delivered.
  for (const each of matched) if (parked.has(each.resumption.runId)) await park(tx, each, undefined);
  const resumptions = open.map(({ resumption }) => resumption);
  if (!isEachAlone) return resumptions.length === 0 ? 0 : (await resumeRuns(tx, resumptions)).length;
  let resumedCount = 0;
  for (const each of open) {
    try {
      resumedCount += (await tx.attempt(() => resumeRuns(tx, [each.resumption]))).length;
    } catch (error) {
      if (isPassing(error)) throw error;
      await park(tx, each, error);
      const { runId } = each.resumption;
      tx.afterCommit(() =>
        kernel.logger.error("an event could not be delivered to a run and is set aside", { runId, error }),
      );
    }
  }
  return resumedCount;
}

function park(tx: KernelTransaction, { resumption, event }: Matched, error: unknown): Promise<void> {
  return parkEvents(tx, { group: eventWaitGroup, key: resumption.runId, events: [event], error });
}

function resultOf({ id, type, subject, topic, partition, offset, time, data, labels }: StoredEvent) {
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
