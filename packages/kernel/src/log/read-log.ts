/**
 * Reads many partitions as one stream, ordered by time as far as partitions allow: within one partition by offset. A page examines a bounded number
 * of events, however rare the wanted ones are.
 */
import { RoostError } from "@roost/base";
import { covers, parseLabels, type Clearance } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { StoredEvent } from "./event.ts";
import type { LabelSets } from "./label-sets.ts";
import { partitionName, type OffsetVector } from "./offsets.ts";
import { aboutFields, checkLimit, readEvents, readOn, readPartitions, type PartitionRange } from "./read-events.ts";

/** Offsets of a partition examined per statement for a filter. */
export const examinedMax = 10_000;
export const passesMax = 40;

export interface EventFilter {
  types?: readonly string[] | undefined;
  without?: readonly string[] | undefined;
  subject?: string | undefined;
  about?: readonly string[] | undefined;
  label?: string | undefined;
  /** Only what a session may know. */
  readable?: Readable | undefined;
}

/** From readableBy. */
export interface Readable {
  clearance: Clearance;
  /** Undefined: all. */
  labelSets: readonly number[] | undefined;
}

/** What a session of this clearance may read of the log, by the label sets that exist now. Sets added meanwhile are left out. */
export async function readableBy(sql: Sql, labelSets: LabelSets, clearance: Clearance): Promise<Readable> {
  return { clearance, labelSets: await labelSets.covered(sql, clearance) };
}

export interface ReadLog extends EventFilter {
  topics: readonly string[];
  /** Where to continue; default: the oldest event. */
  after?: OffsetVector | undefined;
  limit: number;
}

export interface LogPage {
  events: StoredEvent[];
  /** Where to continue: after every event that was delivered or did not match. */
  offsets: OffsetVector;
  /** Whether it saw everything that existed when it started. */
  isCaughtUp: boolean;
}

/** How many events of a topic retention dropped before they were read. */
export interface DroppedEvents {
  topic: string;
  count: number;
}

/** Events of several topics. A page may be empty although there is more: see `isCaughtUp`. */
export async function readLog(sql: Sql, read: ReadLog): Promise<LogPage & { dropped: DroppedEvents[] }> {
  checkLimit(read.limit);
  const events: StoredEvent[] = [];
  let offsets: OffsetVector = { ...read.after };
  const { ranges, reads: first } = await readFirst(sql, read);
  const dropped = findDropped(ranges, offsets);
  for (let pass = 0; pass < passesMax; pass += 1) {
    const limit = read.limit - events.length;
    const reads = (pass === 0 ? first : undefined) ?? (await readPass(sql, read, { ranges, offsets, limit }));
    const page = toPage(reads, { ranges, offsets, limit });
    events.push(...page.events);
    offsets = page.offsets;
    if (page.isCaughtUp || events.length === read.limit)
      return { events, offsets, isCaughtUp: page.isCaughtUp, dropped };
  }
  return { events, offsets, isCaughtUp: false, dropped };
}

function findDropped(ranges: readonly PartitionRange[], after: OffsetVector): DroppedEvents[] {
  const dropped = new Map<string, number>();
  for (const { topic, partition, firstOffset } of ranges) {
    const reached = after[partitionName(topic, partition)];
    if (reached !== undefined && reached < firstOffset)
      dropped.set(topic, (dropped.get(topic) ?? 0) + firstOffset - reached);
  }
  return [...dropped].map(([topic, count]) => ({ topic, count }));
}

/** One topic's events; otherwise as readLog. */
export function readTopic(sql: Sql, { topic, ...read }: { topic: string } & Omit<ReadLog, "topics">): Promise<LogPage> {
  return readLog(sql, { ...read, topics: [topic] });
}

interface PartitionRead {
  range: PartitionRange;
  events: StoredEvent[];
  /** Index of the next event to deliver. */
  next: number;
  /** Everything below has been examined. */
  reached: number;
}

/** Where the partitions end; with them, unless more than types is asked for, what a first pass reads of them. */
async function readFirst(sql: Sql, read: ReadLog): Promise<{ ranges: PartitionRange[]; reads?: PartitionRead[] }> {
  const { topics, after: reached = {}, types, limit } = read;
  const { types: _inTheCall, ...others } = { ...wantedOf(read), readable: read.readable };
  if (Object.values(others).some((wanted) => wanted !== undefined))
    return { ranges: await readPartitions(sql, topics) };
  const ranges = await readOn(sql, { topics, reached, types, limit, examinedMax });
  const reads = ranges.flatMap(({ events, ...range }) => {
    const from = Math.max(reached[partitionName(range.topic, range.partition)] ?? 0, range.firstOffset);
    if (from >= range.nextOffset) return [];
    return [toRead(events, { filter: read, range, from, until: Math.min(range.nextOffset, from + examinedMax) })];
  });
  return { ranges, reads };
}

interface Pass {
  ranges: readonly PartitionRange[];
  offsets: OffsetVector;
  limit: number;
}

async function readPass(sql: Sql, filter: EventFilter, { ranges, offsets, limit }: Pass): Promise<PartitionRead[]> {
  const begins = ranges
    .map((range) => ({
      range,
      from: Math.max(offsets[partitionName(range.topic, range.partition)] ?? 0, range.firstOffset),
    }))
    .filter(({ range, from }) => from < range.nextOffset);
  // What the merge does not deliver is read again, so each of many partitions reads less than the limit.
  const limitOfEach = Math.min(limit, Math.ceil((2 * limit) / Math.max(1, begins.length)));
  const reads: PartitionRead[] = [];
  for (const { range, from } of begins) {
    const until = Math.min(range.nextOffset, from + examinedMax);
    reads.push(await readPartition(sql, { filter, range, from, until, limit: limitOfEach }));
  }
  return reads;
}

function toPage(reads: PartitionRead[], { ranges, offsets, limit }: Pass): LogPage {
  const events = mergeByTime(reads, limit);
  const advanced: Record<string, number> = { ...offsets };
  for (const range of ranges) {
    const name = partitionName(range.topic, range.partition);
    advanced[name] = Math.max(advanced[name] ?? 0, range.firstOffset);
  }
  for (const read of reads) {
    advanced[partitionName(read.range.topic, read.range.partition)] = read.events[read.next]?.offset ?? read.reached;
  }
  return {
    events,
    offsets: advanced,
    isCaughtUp: reads.every((read) => read.next === read.events.length && read.reached === read.range.nextOffset),
  };
}

/**
 * Offsets are dense, so the event before `until` always exists. Requested together with the wanted events, it proves that the statement saw all
 * segments: a connection learns of a segment attached by another one a moment after its events are visible.
 */
async function readPartition(
  sql: Sql,
  {
    filter,
    range,
    from,
    until,
    limit,
  }: { filter: EventFilter; range: PartitionRange; from: number; until: number; limit: number },
): Promise<PartitionRead> {
  const read = { ...range, ...wantedOf(filter), besides: until - 1, offset: from, offsetUntil: until, limit };
  return toRead(await readEvents(sql, read), { filter, range, from, until });
}

/** The server has chosen all but the one that proves that it saw them. */
function toRead(
  found: readonly StoredEvent[],
  { filter, range, from, until }: { filter: EventFilter; range: PartitionRange; from: number; until: number },
): PartitionRead {
  const events = found.filter((event) => event.offset !== until - 1 || matchesEvent(event, filter));
  return { range, events, next: 0, reached: (found.at(-1)?.offset ?? from - 1) + 1 };
}

/** What the server chooses by. */
export function wantedOf({ types, without, subject, about, label, readable }: EventFilter) {
  return { types, without, subject, about, label, labelSets: readable?.labelSets };
}

export function matchesEvent(event: StoredEvent, filter: EventFilter): boolean {
  const { types, without, subject, about, label, readable } = filter;
  return (
    without?.includes(event.type) !== true &&
    (about === undefined || isAbout(event, about)) &&
    (label === undefined || event.labels.includes(label)) &&
    (types === undefined || types.includes(event.type)) &&
    (subject === undefined || event.subject === subject) &&
    (readable === undefined || covers(readable.clearance, parseLabels(event.labels)))
  );
}

function isAbout({ subject, data }: StoredEvent, about: readonly string[]): boolean {
  return [subject, ...aboutFields.map((field) => data[field])].some(
    (id) => typeof id === "string" && about.includes(id),
  );
}

/** Delivers the earliest event repeatedly, until the limit or until a partition with more unexamined events is used up. */
function mergeByTime(reads: PartitionRead[], limit: number): StoredEvent[] {
  const merged: StoredEvent[] = [];
  while (merged.length < limit) {
    let earliest: PartitionRead | undefined;
    for (const read of reads) {
      const event = read.events[read.next];
      if (event === undefined) {
        if (read.reached < read.range.nextOffset) return merged;
        continue;
      }
      if (earliest === undefined || compareEvents(event, earliest.events[earliest.next]!) < 0) earliest = read;
    }
    if (earliest === undefined) return merged;
    merged.push(earliest.events[earliest.next]!);
    earliest.next += 1;
  }
  return merged;
}

/** By time; ids of one process ascend, so they order the events of a transaction. */
export function compareEvents(a: StoredEvent, b: StoredEvent): number {
  return a.time.getTime() - b.time.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The position after everything that exists now: a tail from here shows new events. */
export async function readEnd(sql: Sql, topics?: readonly string[]): Promise<OffsetVector> {
  const ranges = await readPartitions(sql, topics);
  return Object.fromEntries(ranges.map((range) => [partitionName(range.topic, range.partition), range.nextOffset]));
}

/** The position of the first events that are not older than `since`. */
export async function findOffsets(
  sql: Sql,
  { topics, since }: { topics?: readonly string[] | undefined; since: Date },
): Promise<OffsetVector> {
  if (Number.isNaN(since.getTime())) throw new RoostError("invalid_input", "the start time is not a valid time");
  // Keeps: no position is in events dropped by retention.
  const rows = await sql.query<{ topic: string; partition: number; offset: number }>(
    `select h.topic, h.partition,
       roost.find_offset_1(h.topic, h.partition, $2, greatest(h.first_offset, least(t.offsets_from, h.next_offset)), h.next_offset) as "offset"
     from roost.partition_head h join roost.topic t on t.name = h.topic
     where $1::text[] is null or h.topic = any($1)`,
    [topics ?? null, since],
    { name: "roost_find_offsets" },
  );
  return Object.fromEntries(rows.map((row) => [partitionName(row.topic, row.partition), row.offset]));
}
