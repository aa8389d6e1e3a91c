/**
 * Where a group stands in the partitions of Kafka that it reads, and what Kafka has of them: looked at every few seconds, and read from the database
 * again after anything failed.
 */
import { toRoostError, type Logger } from "@roost/base";
import { readForeignOffsets, resetForeignOffset, type Kernel } from "@roost/kernel";
import type { OnMissed } from "../client/ask-brokers.ts";
import type { FetchFrom } from "../client/fetch-records.ts";
import type { Kafka } from "../client/open-kafka.ts";
import type { TopicRange } from "../client/read-ranges.ts";
import { nameOf, type PartitionName } from "../leases.ts";
import { positionsOf } from "./take-records.ts";

export interface Places {
  /** Every few seconds: which partitions there are, and where they end. True: it has looked. */
  look(): Promise<boolean>;
  partitions(): readonly TopicRange[];
  next(of: PartitionName): FetchFrom;
  moved(of: PartitionName, nextOffset: number): void;
  /** Reads the places from the database again. */
  forget(): void;
  isDueForLetters(): boolean;
  /** Kafka dropped what was not read, or lost what was: goes on with what it has. */
  returnToRange(): Promise<void>;
  /** What went wrong, for the status. */
  note(error: string): Promise<void>;
}

export interface PlacesOptions {
  kernel: Kernel;
  kafka: Kafka;
  group: string;
  topics: readonly string[];
  deadLetterTopic: string;
  logger: Logger;
}

const lookMs = 5_000;
const recentMs = 86_400_000;

export function createPlaces({ kernel, kafka, group, topics, deadLetterTopic, logger }: PlacesOptions): Places {
  let ranges: TopicRange[] = [];
  let offsets = new Map<string, number>();
  let lookedAtMs = -Infinity;
  let lettersAtMs = -Infinity;
  let isKnown = false;
  let hasTopic = false;
  const rangeOf = (of: PartitionName) => ranges.find((range) => nameOf(range) === nameOf(of));
  return {
    async look() {
      if (performance.now() - lookedAtMs < lookMs && isKnown) return false;
      if (!hasTopic) await kafka.ensureTopics([{ name: deadLetterTopic, partitions: 1, isKept: true }]);
      hasTopic = true;
      let missed: string | null = null;
      // A partition whose broker does not answer is left to readers on other hosts when its lease is over.
      const onMissed: OnMissed = (_, error) => void (missed = toRoostError(error).message);
      const found = await kafka.readRanges(topics, { onMissed });
      // Also one that the last look did not find: its topic may have been made anew since.
      if (found.some((range) => rangeOf(range)?.topicId !== range.topicId)) isKnown = false;
      ranges = found;
      if (!isKnown) {
        const anew = await beginAnew(kernel, { group, ranges });
        if (anew.length > 0)
          logger.error("topics of Kafka were made anew: they are read from their beginnings", { group, anew });
        const rows = await readForeignOffsets(kernel.database, positionsOf(group));
        offsets = new Map(rows.map((row) => [nameOf(row), row.nextOffset]));
        isKnown = true;
      }
      await recordRanges(kernel, { group, ranges }, missed);
      lookedAtMs = performance.now();
      return true;
    },
    partitions: () => ranges,
    next({ topic, partition }) {
      const range = rangeOf({ topic, partition });
      const offset = offsets.get(nameOf({ topic, partition })) ?? range?.startOffset ?? 0;
      return { topic, partition, offset, ...(range !== undefined && { topicId: range.topicId }) };
    },
    moved: (of, nextOffset) => void offsets.set(nameOf(of), nextOffset),
    forget() {
      isKnown = false;
    },
    isDueForLetters() {
      if (performance.now() - lettersAtMs < lookMs) return false;
      lettersAtMs = performance.now();
      return true;
    },
    async returnToRange() {
      for (const range of await kafka.readRanges(topics)) {
        const at = offsets.get(nameOf(range));
        if (at === undefined || (at >= range.startOffset && at <= range.endOffset)) continue;
        const start = at < range.startOffset ? range.startOffset : await readRecently(kernel, kafka, range);
        // One that another reader has may be further by now than this one remembers.
        if (!(await resetForeignOffset(kernel.database, positionOf(group, range), start, { from: at }))) continue;
        logger.error("Kafka does not have the records that come next: reading goes on with what it has", {
          group,
          ...range,
          at,
          start,
        });
      }
    },
    async note(error) {
      if (ranges.length > 0) await recordRanges(kernel, { group, ranges }, error);
    },
  };
}

/**
 * Of a partition that ends before the place that was read up to: its leader has lost records, and others have their offsets. Of what is read again nothing
 * acts twice: places in logs, and names of events for seven days, are remembered.
 */
async function readRecently(
  { clock }: Kernel,
  kafka: Kafka,
  { topic, partition, endOffset }: TopicRange,
): Promise<number> {
  const [recent] = await kafka.readRanges([topic], { partition, since: new Date(clock.nowMs() - recentMs) });
  return Math.min(recent?.startOffset ?? endOffset, endOffset);
}

interface GroupRanges {
  group: string;
  ranges: readonly TopicRange[];
}

/** A topic that was deleted and made again is read from its beginning, whichever reader finds it first. */
async function beginAnew(kernel: Kernel, { group, ranges }: GroupRanges): Promise<PartitionName[]> {
  return await kernel.transact(async (tx) => {
    const anew = await tx.query<PartitionName & { startOffset: number }>(
      `update kafka.seen s set topic_id = r.id from unnest($2::text[], $3::integer[], $4::text[], $5::bigint[]) as r(topic, partition, id, start)
       where s.group_name = $1 and s.topic = r.topic and s.partition = r.partition and s.topic_id <> r.id
       returning s.topic, s.partition, r.start as "startOffset"`,
      [...columnsOf({ group, ranges }), ranges.map(({ startOffset }) => startOffset)],
    );
    for (const range of anew) await resetForeignOffset(tx, positionOf(group, range), range.startOffset);
    return anew;
  });
}

async function recordRanges(kernel: Kernel, { group, ranges }: GroupRanges, error: string | null): Promise<void> {
  await kernel.database.query(
    `insert into kafka.seen as s (group_name, topic, partition, topic_id, end_offset, error)
     select $1, t, p, i, e, $6 from unnest($2::text[], $3::integer[], $4::text[], $5::bigint[]) as r(t, p, i, e)
     on conflict (group_name, topic, partition) do update set end_offset = excluded.end_offset, seen_at = roost.now(), error = excluded.error`,
    [...columnsOf({ group, ranges }), ranges.map(({ endOffset }) => endOffset), error],
  );
}

function columnsOf({ group, ranges }: GroupRanges): unknown[] {
  return [
    group,
    ranges.map(({ topic }) => topic),
    ranges.map(({ partition }) => partition),
    ranges.map(({ topicId }) => topicId),
  ];
}

function positionOf(group: string, { topic, partition }: PartitionName) {
  return { group: positionsOf(group), topic, partition };
}
