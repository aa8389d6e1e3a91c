/**
 * Kafka as the rest of this room sees it: topics, sending to a partition, reading from an offset. It knows the client's traps: every call has a
 * deadline of its own, retries are bounded, and a client that failed is closed and made anew, since it may ask a dead broker for ever.
 */
import { Admin, Consumer, Producer, type BaseOptions } from "@platformatic/kafka";
import { createId, type Logger, RoostError } from "@roost/base";
import type { KafkaSettings } from "../kafka-settings.ts";
import { ensureTopics, type WantedTopic } from "./ensure-topics.ts";
import type { LeaderEpochs, OnMissed } from "./ask-brokers.ts";
import { fetchRecords, type FetchFrom, type Fetched } from "./fetch-records.ts";
import { readRanges, type RangesOptions, type TopicRange } from "./read-ranges.ts";
import { toKafkaError } from "./to-kafka-error.ts";
import { within } from "./within.ts";

export interface KafkaRecord {
  key: string | Buffer | null;
  value: string | Buffer | null;
  headers: Record<string, string>;
}

export interface Kafka extends AsyncDisposable {
  /** Creates what is missing and adds partitions where there are fewer. */
  ensureTopics(topics: readonly WantedTopic[]): Promise<void>;
  /**
   * Appends to one partition in order; resolves when all in-sync replicas have them, to the offset of the first.
   * @throws RoostError `unavailable` or `timeout`: some or all of them may be there
   */
  send(
    to: { topic: string; partition: number },
    records: readonly KafkaRecord[],
    options: { deadlineMs: number },
  ): Promise<number>;
  /**
   * What there is from these offsets on, at most a few megabytes; waits a moment when there is nothing. One call after the other.
   * `onMissed` is told of partitions whose broker does not answer while another does; they are left out. @throws RoostError when none does
   */
  fetch(from: readonly FetchFrom[], options?: { onMissed?: OnMissed }): Promise<Fetched[]>;
  /** Where the partitions of these topics begin and end. Topics that do not exist are left out. `onMissed` as of fetch. */
  readRanges(topics: readonly string[], options?: RangesOptions & { onMissed?: OnMissed }): Promise<TopicRange[]>;
}

/** With this much between two, a call is tried for half of its deadline. */
const retriesMax = 8;
const retryDelayMs = 150;
const connectMsMax = 5_000;
const requestMsMax = 10_000;
const adminMsMax = 15_000;
const fetchMsMax = 20_000;
const fetchWaitMs = 500;
const fetchBytesMax = 2_000_000;
const closeMsMax = 3_000;
/** After so long another broker is asked where partitions are: one that is cut off from the others does not learn of new leaders. */
const adminAgeMsMax = 20_000;

export function openKafka(settings: KafkaSettings, { logger }: { logger: Logger }): Kafka {
  const options = clientOptions(settings);
  const admin = keepClient((first) => new Admin({ ...options, ...first }), {
    logger,
    brokers: settings.brokers,
    close: (client) => client.close(),
    ageMsMax: adminAgeMsMax,
  });
  const producer = keepClient(
    (first) => new Producer({ ...options, ...first, idempotent: true, acks: -1, timeout: requestMsMax }),
    { logger, brokers: settings.brokers, close: (client) => client.close(true) },
  );
  const reading = { groupId: "roost", autocommit: false, maxBytes: fetchBytesMax, minBytes: 1 };
  // No member of a group ever: places are kept in the database.
  const reader = keepClient((first) => new Consumer({ ...options, ...first, ...reading }), {
    logger,
    brokers: settings.brokers,
    close: (client) => client.close(true),
  });
  const epochs: LeaderEpochs = new Map();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    ensureTopics: (topics) =>
      admin.use("to create topics", adminMsMax, (client) => ensureTopics(client, topics, settings.replicationFactor)),
    async send({ topic, partition }, records, { deadlineMs }) {
      const messages = records.map(({ key, value, headers }) => ({
        topic,
        partition,
        ...(key !== null && { key: toBuffer(key) }),
        ...(value !== null && { value: toBuffer(value) }),
        headers: new Map(
          Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const),
        ),
      }));
      const { offsets } = await producer.use("to take records", deadlineMs, (client) => client.send({ messages }));
      return Number(offsets?.[0]?.offset ?? 0);
    },
    fetch(from, { onMissed } = {}) {
      // The client numbers its reads of a broker: two at once would be refused.
      const fetched = turn.then(() =>
        useBrokers(reader, { what: "a read", deadlineMs: fetchMsMax, onMissed }, (client, noted) =>
          fetchRecords(client, from, { waitMs: fetchWaitMs, bytesMax: fetchBytesMax, epochs, onMissed: noted }),
        ),
      );
      turn = fetched.catch(() => undefined);
      return fetched;
    },
    readRanges: (topics, { onMissed, ...options } = {}) =>
      useBrokers(admin, { what: "where topics end", deadlineMs: adminMsMax, onMissed }, (client, noted) =>
        readRanges(client, topics, { ...options, epochs, onMissed: noted }),
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all([admin.close(), producer.close(), reader.close()]);
    },
  };
}

/** Brokers that do not answer while others do have the client made anew: what it knows of them may be old. */
async function useBrokers<C, T>(
  kept: KeptClient<C>,
  { what, deadlineMs, onMissed }: { what: string; deadlineMs: number; onMissed: OnMissed | undefined },
  work: (client: C, onMissed: OnMissed) => Promise<T>,
): Promise<T> {
  const missed: Parameters<OnMissed>[] = [];
  const answer = await kept.use(what, deadlineMs, (client) => work(client, (...broker) => void missed.push(broker)));
  if (missed.length > 0) void kept.renew();
  for (const [of, error] of missed) onMissed?.(of, toKafkaError(error, what));
  return answer;
}

function toBuffer(content: string | Buffer): Buffer {
  return typeof content === "string" ? Buffer.from(content) : content;
}

function clientOptions({ tls, sasl }: KafkaSettings): Omit<BaseOptions, "bootstrapBrokers"> {
  return {
    clientId: `roost-${createId().slice(-8)}`,
    // 0 and 1 would become endless with an idempotent producer.
    retries: retriesMax,
    retryDelay: retryDelayMs,
    connectTimeout: connectMsMax,
    requestTimeout: requestMsMax,
    metadataMaxAge: 30_000,
    autocreateTopics: false,
    ...(tls && { tls: tls.ca === undefined ? {} : { ca: tls.ca } }),
    ...(sasl && { sasl }),
  };
}

interface KeptClient<C> {
  use<T>(what: string, deadlineMs: number, work: (client: C) => Promise<T>): Promise<T>;
  /** The next use has a new one. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

interface KeepClient<C> {
  logger: Logger;
  brokers: readonly string[];
  close: (client: C) => Promise<void>;
  /** It is replaced when it is older; default: never for that. */
  ageMsMax?: number;
}

/** One client, replaced after it failed or was late. A client believes the first broker that it reaches: the next one begins with another. */
function keepClient<C>(
  create: (first: { bootstrapBrokers: string[] }) => C,
  { logger, brokers, close, ageMsMax = Infinity }: KeepClient<C>,
): KeptClient<C> {
  let client: C | undefined;
  let createdMs = -Infinity;
  let createdCount = 0;
  let useCount = 0;
  let isClosed = false;
  const discard = async (used: C) => {
    if (client === used) client = undefined;
    await within(closeMsMax, "a goodbye", close(used)).catch((error: unknown) =>
      logger.debug("a Kafka client did not close", { error }),
    );
  };
  const renew = async () => {
    if (client !== undefined) await discard(client);
  };
  const createNext = () => {
    const first = createdCount % brokers.length;
    createdCount += 1;
    createdMs = performance.now();
    return create({ bootstrapBrokers: [...brokers.slice(first), ...brokers.slice(0, first)] });
  };
  return {
    async use(what, deadlineMs, work) {
      if (isClosed) throw new RoostError("unavailable", "the connection to Kafka was closed");
      if (useCount === 0 && performance.now() - createdMs > ageMsMax) void renew();
      const used = (client ??= createNext());
      useCount += 1;
      try {
        return await within(deadlineMs, what, work(used));
      } catch (error) {
        void discard(used);
        throw toKafkaError(error, what);
      } finally {
        useCount -= 1;
      }
    },
    renew,
    async close() {
      isClosed = true;
      await renew();
    },
  };
}
