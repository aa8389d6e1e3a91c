/**
 * A consumer of Kafka: partitions by leases, records by offset, places in the database with the effects. It is no member of a consumer group of
 * Kafka, whose rebalances and dead streams it has no use for.
 */
import {
  backoffMs,
  jitteredMs,
  severalAtOnce,
  sleepUntilAborted,
  toRoostError,
  type Logger,
  type RoostError,
} from "@roost/base";
import {
  failForeignLetter,
  groupsChannel,
  isPassing,
  readForeignLetters,
  takeForeignLetter,
  type Kernel,
} from "@roost/kernel";
import { isOutOfRange, type OnMissed } from "../client/ask-brokers.ts";
import type { Fetched, ReceivedRecord } from "../client/fetch-records.ts";
import type { Kafka } from "../client/open-kafka.ts";
import { fromRecord } from "../records.ts";
import { holdPartitions, type HeldPartitions } from "../hold-partitions.ts";
import { createLeases, isLeaseGone, type LeasedPartition, type PartitionName } from "../leases.ts";
import { leaseMsDefault } from "../relay/run-relay.ts";
import { createDeadLetters, type SentLetter } from "./dead-letters.ts";
import { createPlaces, type Places } from "./places.ts";
import {
  setAside,
  takeNew,
  takeRecords,
  type HandleEvents,
  type RecordTaking,
  type RecordsAhead,
} from "./take-records.ts";

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
      const hasLooked = await places.look().catch(async (error: unknown) => {
        await partitions.missed(partitions.now());
        throw error;
      });
      if (hasLooked) await partitions.claim();
      if ((await retries.next({ timeoutMs: 0 })) === "woken" || places.isDueForLetters())
        await retryLetters(options, taking);
      // Claiming goes on beside it.
      const held = partitions.now();
      const { fetched, missed } = await fetchHeld(kafka, { held, places, partitions });
      if (held.length === 0) await sleepUntilAborted(Math.min(1_000, leaseMs / 3), { signal });
      await takeAll(options, { taking, held, fetched, places });
      if (missed !== undefined) throw missed;
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

interface FetchHeld {
  held: readonly LeasedPartition[];
  places: Places;
  partitions: HeldPartitions;
}

/** Of the partitions whose brokers answer; `missed` says why others did not. */
async function fetchHeld(
  kafka: Kafka,
  { held, places, partitions }: FetchHeld,
): Promise<{ fetched: Fetched[]; missed: RoostError | undefined }> {
  let missed: { of: readonly PartitionName[]; error: unknown } | undefined;
  const onMissed: OnMissed = (of, error) => void (missed = { of: [...(missed?.of ?? []), ...of], error });
  let fetched: Fetched[] = [];
  try {
    fetched = await kafka.fetch(
      held.map((each) => places.next(each)),
      { onMissed },
    );
  } catch (error) {
    if (isOutOfRange(error)) await places.returnToRange();
    if (isOutOfRange(error) || !isPassing(error)) throw error;
    missed = { of: held, error };
  }
  partitions.reached(fetched);
  if (missed !== undefined) await partitions.missed(missed.of);
  return { fetched, missed: missed && toRoostError(missed.error) };
}

interface Take {
  taking: RecordTaking;
  held: readonly LeasedPartition[];
  fetched: readonly Fetched[];
  places: Places;
}

async function takeAll(options: ConsumeKafka, { taking, held, fetched, places }: Take): Promise<void> {
  const waiting = fetched.filter((each) => each.nextOffset > places.next(each).offset);
  const failures: unknown[] = [];
  await severalAtOnce(waiting, partitionsAtOnce, async ({ topic, partition, ...all }) => {
    if (options.signal.aborted) return;
    const leased = held.find((each) => each.topic === topic && each.partition === partition)!;
    try {
      for (const some of inCommits(all)) {
        await takeSome(options, taking, leased, some);
        places.moved({ topic, partition }, some.nextOffset);
      }
    } catch (error) {
      if (!isLeaseGone(error)) failures.push(error);
      // Its new owner may have gone on.
      places.forget();
    }
  });
  if (failures.length > 0) throw failures[0];
}

/** One at least: also what holds no record is passed over. */
function inCommits({ records, nextOffset }: RecordsAhead): RecordsAhead[] {
  const commits: RecordsAhead[] = [];
  for (let at = 0; at === 0 || at < records.length; at += eventsPerCommitMax) {
    const some = records.slice(at, at + eventsPerCommitMax);
    const isLast = at + eventsPerCommitMax >= records.length;
    commits.push({ records: some, nextOffset: isLast ? nextOffset : some.at(-1)!.offset + 1 });
  }
  return commits;
}

/** Together; if that fails, each alone, so that only the failing one waits or is set aside. */
async function takeSome(
  { onFailure, logger, group }: ConsumeKafka,
  taking: RecordTaking,
  leased: LeasedPartition,
  { records, nextOffset }: RecordsAhead,
): Promise<void> {
  const sent = new Map<ReceivedRecord, SentLetter>();
  try {
    return await takeRecords(taking, leased, { records, nextOffset, sent });
  } catch (error) {
    if (isPassing(error) || isLeaseGone(error)) throw error;
  }
  for (const record of records) {
    try {
      await takeRecords(taking, leased, { records: [record], nextOffset: record.offset + 1, sent });
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
  await takeRecords(taking, leased, { records: [], nextOffset, sent });
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
