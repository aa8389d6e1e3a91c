/**
 * A consumer of Kafka: partitions by leases, records by offset, places in the database with the effects. It is no member of a consumer group of
 * Kafka, whose rebalances and dead streams it has no use for.
 */
import { backoffMs, jitteredMs, severalAtOnce, sleepUntilAborted, toRoostError, type Logger } from "@roost/base";
import {
  failForeignLetter,
  groupsChannel,
  isPassing,
  readForeignLetters,
  readForeignOffsets,
  resetForeignOffset,
  takeForeignLetter,
  type Kernel,
} from "@roost/kernel";
import { isOutOfRange, type Fetched, type ReceivedRecord, type TopicRange } from "../client/fetch-records.ts";
import type { Kafka } from "../client/open-kafka.ts";
import { fromRecord } from "../records.ts";
import { holdPartitions } from "../hold-partitions.ts";
import { createLeases, isLeaseGone, type LeasedPartition } from "../leases.ts";
import { leaseMsDefault } from "../relay/run-relay.ts";
import { createDeadLetters, type SentLetter } from "./dead-letters.ts";
import { positionsOf, setAside, takeNew, takeRecords, type HandleEvents, type RecordTaking } from "./take-records.ts";

export interface ConsumeKafka {
  kernel: Kernel;
  kafka: Kafka;
  group: string;
  /** By their names in Kafka. */
  topics: readonly string[];
  /** Those that only relays may write, so that the places in logs that records name are believed. Default: all. */
  logTopics?: readonly string[] | undefined;
  deadLetterTopic: string;
  /** What an event does whose effect fails: its partition waits for it, or it goes to the dead letters. */
  onFailure: "stop" | "set-aside";
  handle: HandleEvents;
  ownLog?: string | undefined;
  signal: AbortSignal;
  logger: Logger;
  leaseMs?: number | undefined;
}

const lookMs = 5_000;
const eventsPerCommitMax = 1_000;
const lettersPerLookMax = 100;
const partitionsAtOnce = 4;
const failureBackoff = { firstMs: 200, maxMs: 10_000 };

/** Until the signal. Never rejects for what Kafka or the database do. */
export async function consumeKafka(options: ConsumeKafka): Promise<void> {
  const { kernel, kafka, group, signal, logger, leaseMs = leaseMsDefault } = options;
  const leases = createLeases(kernel.database, { purpose: group, owner: kernel.createId(), leaseMs });
  const letters = createDeadLetters(kafka, { group, topic: options.deadLetterTopic });
  const { handle, ownLog, logTopics = options.topics } = options;
  const taking: RecordTaking = { kernel, leases, letters, group, handle, ownLog, logTopics: new Set(logTopics) };
  const places = createPlaces(options);
  await using partitions = holdPartitions(leases, { wanted: places.partitions, leaseMs, logger });
  using retries = kernel.wakeups.watch(groupsChannel);
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (await places.look()) await partitions.claim();
      if ((await retries.next({ timeoutMs: 0 })) === "woken" || places.isDueForLetters())
        await retryLetters(options, taking);
      // Claiming goes on beside it.
      const held = partitions.now();
      const fetched = await fetchHeld(kafka, held, places);
      if (held.length === 0) await sleepUntilAborted(Math.min(1_000, leaseMs / 3), { signal });
      await takeAll(options, { taking, held, fetched, places });
      failures = 0;
    } catch (error) {
      if (signal.aborted) break;
      failures += 1;
      places.forget();
      logger.warn("a reader of Kafka tries again", { group, error });
      await places.note(toRoostError(error).message).catch(() => undefined);
      await sleepUntilAborted(jitteredMs(backoffMs(failures, failureBackoff)), { signal });
    }
  }
}

async function fetchHeld(kafka: Kafka, held: readonly LeasedPartition[], places: Places): Promise<Fetched[]> {
  const from = held.map(({ topic, partition }) => ({ topic, partition, offset: places.next({ topic, partition }) }));
  try {
    return await kafka.fetch(from);
  } catch (error) {
    if (isOutOfRange(error)) await places.returnToRange();
    throw error;
  }
}

interface Take {
  taking: RecordTaking;
  held: readonly LeasedPartition[];
  fetched: readonly Fetched[];
  places: Places;
}

async function takeAll(options: ConsumeKafka, { taking, held, fetched, places }: Take): Promise<void> {
  const waiting = fetched.filter(({ records }) => records.length > 0);
  const failures: unknown[] = [];
  await severalAtOnce(waiting, partitionsAtOnce, async ({ topic, partition, records }) => {
    if (options.signal.aborted) return;
    const leased = held.find((each) => each.topic === topic && each.partition === partition)!;
    try {
      for (let at = 0; at < records.length; at += eventsPerCommitMax) {
        const some = records.slice(at, at + eventsPerCommitMax);
        await takeSome(options, taking, leased, some);
        places.moved({ topic, partition }, some.at(-1)!.offset + 1);
      }
    } catch (error) {
      if (!isLeaseGone(error)) failures.push(error);
      // Its new owner may have gone on.
      places.forget();
    }
  });
  if (failures.length > 0) throw failures[0];
}

/** Together; if that fails, each alone, so that only the failing one waits or is set aside. */
async function takeSome(
  { onFailure, logger, group }: ConsumeKafka,
  taking: RecordTaking,
  leased: LeasedPartition,
  records: readonly ReceivedRecord[],
): Promise<void> {
  const sent = new Map<ReceivedRecord, SentLetter>();
  try {
    return await takeRecords(taking, leased, { records, sent });
  } catch (error) {
    if (isPassing(error) || isLeaseGone(error)) throw error;
  }
  for (const record of records) {
    try {
      await takeRecords(taking, leased, { records: [record], sent });
    } catch (error) {
      if (isPassing(error) || isLeaseGone(error) || onFailure === "stop") throw error;
      await setAside(taking, leased, record, error);
      const { topic, partition, offset } = record;
      logger.error("a record of Kafka could not take effect and is set aside", {
        group,
        topic,
        partition,
        offset,
        error,
      });
    }
  }
}

/** What a person wants tried again. It stands behind what came after it: its log's place is long past it. */
async function retryLetters({ kernel, logger, group }: ConsumeKafka, taking: RecordTaking): Promise<void> {
  for (const letter of await readForeignLetters(kernel.database, group, { limit: lettersPerLookMax })) {
    try {
      const event = fromRecord(await taking.letters.read(letter.event));
      await kernel.transact(async (tx) => {
        if (!(await takeForeignLetter(tx, letter.number))) return;
        // By source and id also what comes from a log: it may be in Kafka, and among the letters, twice.
        const isNew = (await takeNew(tx, taking, [{ name: event, place: undefined }])).length > 0;
        if (isNew) await taking.handle(tx, [event], { topic: letter.topic });
      });
      logger.info("a record that was set aside took effect", { group, key: letter.key });
    } catch (error) {
      if (isPassing(error)) throw error;
      await failForeignLetter(kernel.database, letter.number, error);
      kernel.wakeups.wake("failures");
    }
  }
}

interface Places {
  /** Every few seconds: which partitions there are, and where they end. True: it has looked. */
  look(): Promise<boolean>;
  partitions(): readonly TopicRange[];
  next(of: { topic: string; partition: number }): number;
  moved(of: { topic: string; partition: number }, nextOffset: number): void;
  /** Reads the places from the database again. */
  forget(): void;
  isDueForLetters(): boolean;
  /** Kafka dropped what was not read, or the topic is another one: goes on where it begins. */
  returnToRange(): Promise<void>;
  /** What went wrong, for the status. */
  note(error: string): Promise<void>;
}

function createPlaces({ kernel, kafka, group, topics, deadLetterTopic, logger }: ConsumeKafka): Places {
  let ranges: TopicRange[] = [];
  let offsets = new Map<string, number>();
  let lookedAtMs = -Infinity;
  let lettersAtMs = -Infinity;
  let isKnown = false;
  let hasTopic = false;
  const nameOf = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`;
  const record = (error: string | null) =>
    kernel.database.query(
      `insert into kafka.seen as s (group_name, topic, partition, end_offset, error) select $1, t, p, e, $5 from unnest($2::text[], $3::integer[], $4::bigint[]) as r(t, p, e)
       on conflict (group_name, topic, partition) do update set end_offset = excluded.end_offset, seen_at = roost.now(), error = excluded.error`,
      [
        group,
        ranges.map(({ topic }) => topic),
        ranges.map(({ partition }) => partition),
        ranges.map(({ endOffset }) => endOffset),
        error,
      ],
    );
  return {
    async look() {
      if (performance.now() - lookedAtMs < lookMs && isKnown) return false;
      if (!hasTopic) await kafka.ensureTopics([{ name: deadLetterTopic, partitions: 1, isKept: true }]);
      hasTopic = true;
      ranges = await kafka.readRanges(topics);
      if (!isKnown) {
        const rows = await readForeignOffsets(kernel.database, positionsOf(group));
        offsets = new Map(rows.map((row) => [nameOf(row), row.nextOffset]));
        isKnown = true;
      }
      await record(null);
      lookedAtMs = performance.now();
      return true;
    },
    partitions: () => ranges,
    next: (of) => offsets.get(nameOf(of)) ?? ranges.find((range) => nameOf(range) === nameOf(of))?.startOffset ?? 0,
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
        logger.error("Kafka does not have the records that come next: reading goes on where the topic begins", {
          group,
          ...range,
          at,
        });
        await resetForeignOffset(
          kernel.database,
          { group: positionsOf(group), topic: range.topic, partition: range.partition },
          range.startOffset,
        );
      }
    },
    async note(error) {
      if (ranges.length > 0) await record(error);
    },
  };
}
