/**
 * Reads many partitions backward as one stream, the newest first, ordered by time as far as partitions allow. A page examines a bounded number of
 * events, however rare the wanted ones are.
 */
import type { Sql } from "@roost/database";
import type { StoredEvent } from "./event.ts";
import { partitionName, type OffsetVector } from "./offsets.ts";
import { checkLimit, readEvents, readLimitMax, readPartitions, type PartitionRange } from "./read-events.ts";
import {
  compareEvents,
  examinedMax,
  matchesEvent,
  passesMax,
  wantedOf,
  type EventFilter,
  type LogPage,
  type ReadLog,
} from "./read-log.ts";

export interface ReadBefore extends EventFilter {
  topics: readonly string[];
  /** Only events below these offsets; default: all that exist. */
  below?: OffsetVector | undefined;
  limit: number;
}

export interface PageBefore {
  /** The newest first. A page may be empty although there is more: see `isWhole`. */
  events: StoredEvent[];
  /** Where to continue. */
  below: OffsetVector;
  /** Nothing older is kept. */
  isWhole: boolean;
}

interface PartitionRead {
  range: PartitionRange;
  /** Everything from it on has been examined. */
  until: number;
  events: StoredEvent[];
  /** Index of the next event to deliver. */
  next: number;
}

export async function readBefore(sql: Sql, read: ReadBefore): Promise<PageBefore> {
  checkLimit(read.limit);
  const ranges = await readPartitions(sql, read.topics);
  return readRangesBefore(sql, read, ranges);
}

/** The newest matching events, oldest first, and the position after them. */
export async function readLatest(sql: Sql, read: Omit<ReadLog, "after">): Promise<LogPage> {
  checkLimit(read.limit);
  const ranges = await readPartitions(sql, read.topics);
  const { events } = await readRangesBefore(sql, read, ranges);
  const offsets = Object.fromEntries(
    ranges.map(({ topic, partition, nextOffset }) => [partitionName(topic, partition), nextOffset]),
  );
  return { events: events.toReversed(), offsets, isCaughtUp: true };
}

async function readRangesBefore(sql: Sql, read: ReadBefore, ranges: readonly PartitionRange[]): Promise<PageBefore> {
  const reads = ranges.map((range): PartitionRead => {
    const below = read.below?.[partitionName(range.topic, range.partition)] ?? range.nextOffset;
    return { range, until: Math.min(below, range.nextOffset), events: [], next: 0 };
  });
  const events: StoredEvent[] = [];
  for (let pass = 0; pass < passesMax && events.length < read.limit && reads.some(isOpen); pass += 1) {
    for (const one of reads.filter(isOpen)) await readOn(sql, read, one, read.limit - events.length);
    deliver(reads, events, read.limit);
  }
  return {
    events,
    below: Object.fromEntries(
      reads.map(({ range, until, events: found, next }) => [
        partitionName(range.topic, range.partition),
        found[next] === undefined ? until : found[next].offset + 1,
      ]),
    ),
    isWhole: reads.every((one) => one.next === one.events.length && !isOpen(one)),
  };
}

/** Nothing is at hand, and there is more. */
function isOpen({ range, until, events, next }: PartitionRead): boolean {
  return next === events.length && until > range.firstOffset;
}

/**
 * Offsets are dense, so the event before `until` exists. Requested together with the wanted ones, it proves that the statement saw all segments: a
 * segment that this connection does not know yet is looked up again with the next pass.
 */
async function readOn(sql: Sql, read: ReadBefore, one: PartitionRead, wantedCount: number): Promise<void> {
  const { range, until } = one;
  const offset = Math.max(range.firstOffset, until - examinedMax);
  const limit = Math.min(readLimitMax, wantedCount + 1);
  const place = { ...range, offset, offsetUntil: until, besides: until - 1, direction: "backward" as const };
  const newest = await readEvents(sql, { ...place, ...wantedOf(read), limit });
  if (newest[0]?.offset !== until - 1) return;
  one.events = newest.filter((event) => matchesEvent(event, read));
  one.next = 0;
  one.until = newest.length === limit ? (newest.at(-1)?.offset ?? offset) : offset;
}

/** The newest event again and again, until the limit or until a partition has to be read on. */
function deliver(reads: readonly PartitionRead[], events: StoredEvent[], limit: number): void {
  while (events.length < limit && !reads.some(isOpen)) {
    let newest: PartitionRead | undefined;
    for (const one of reads) {
      const event = one.events[one.next];
      if (event === undefined) continue;
      if (newest === undefined || compareEvents(event, newest.events[newest.next]!) > 0) newest = one;
    }
    if (newest === undefined) return;
    events.push(newest.events[newest.next]!);
    newest.next += 1;
  }
}
