/**
 * Kafka as the rest of this room sees it: topics, sending to a partition, reading from an offset. It knows the client's traps: every call has a
 * deadline of its own, retries are bounded, and a client that failed is closed and made anew, since it may ask a dead broker for ever.
 */
import { Admin, Consumer, Producer, type BaseOptions } from "@platformatic/kafka";
import { createId, formatDurationMs, type Logger, RoostError } from "@roost/base";
import type { KafkaSettings } from "../kafka-settings.ts";
import { ensureTopics, type WantedTopic } from "./ensure-topics.ts";
import { fetchRecords, readRanges, type FetchFrom, type Fetched, type TopicRange } from "./fetch-records.ts";
import { toKafkaError } from "./to-kafka-error.ts";

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
  /** What there is from these offsets on, at most a few megabytes; waits a moment when there is nothing. One call after the other. */
  fetch(from: readonly FetchFrom[]): Promise<Fetched[]>;
  /** Where the partitions of these topics begin and end. Topics that do not exist are left out. */
  readRanges(topics: readonly string[]): Promise<TopicRange[]>;
}

/** With this much between two, a call is tried for half of its deadline. */
const retriesMax = 8;
const retryDelayMs = 150;
const connectMsMax = 5_000;
const requestMsMax = 10_000;
const adminMsMax = 15_000;
const fetchMsMax = 20_000;
const fetchWaitMs = 500;
const fetchBytesMax = 4_000_000;
const closeMsMax = 3_000;

export function openKafka(settings: KafkaSettings, { logger }: { logger: Logger }): Kafka {
  const options = clientOptions(settings);
  const admin = keepClient(() => new Admin(options), { logger, close: (client) => client.close() });
  const producer = keepClient(() => new Producer({ ...options, idempotent: true, acks: -1, timeout: requestMsMax }), {
    logger,
    close: (client) => client.close(true),
  });
  const reader = keepClient(
    // No member of a group ever: places are kept in the database.
    () => new Consumer({ ...options, groupId: "roost", autocommit: false, maxBytes: fetchBytesMax, minBytes: 1 }),
    { logger, close: (client) => client.close(true) },
  );
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
    fetch(from) {
      // The client numbers its reads of a broker: two at once would be refused.
      const fetched = turn.then(() =>
        reader.use("a read", fetchMsMax, (client) =>
          fetchRecords(client, from, { waitMs: fetchWaitMs, bytesMax: fetchBytesMax }),
        ),
      );
      turn = fetched.catch(() => undefined);
      return fetched;
    },
    readRanges: (topics) => admin.use("where topics end", adminMsMax, (client) => readRanges(client, topics)),
    async [Symbol.asyncDispose]() {
      await Promise.all([admin.close(), producer.close(), reader.close()]);
    },
  };
}

function toBuffer(content: string | Buffer): Buffer {
  return typeof content === "string" ? Buffer.from(content) : content;
}

function clientOptions({ brokers, tls, sasl }: KafkaSettings): BaseOptions {
  return {
    clientId: `roost-${createId().slice(-8)}`,
    bootstrapBrokers: brokers,
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
  close(): Promise<void>;
}

/** One client, replaced after it failed or was late. */
function keepClient<C>(
  create: () => C,
  { logger, close }: { logger: Logger; close: (client: C) => Promise<void> },
): KeptClient<C> {
  let client: C | undefined;
  let isClosed = false;
  const discard = async (used: C) => {
    if (client === used) client = undefined;
    await within(closeMsMax, "a goodbye", close(used)).catch((error: unknown) =>
      logger.debug("a Kafka client did not close", { error }),
    );
  };
  return {
    async use(what, deadlineMs, work) {
      if (isClosed) throw new RoostError("unavailable", "the connection to Kafka was closed");
      const used = (client ??= create());
      try {
        return await within(deadlineMs, what, work(used));
      } catch (error) {
        void discard(used);
        throw toKafkaError(error, what);
      }
    },
    async close() {
      isClosed = true;
      if (client !== undefined) await discard(client);
    },
  };
}

/** The client may never answer (its retries can be endless): every call of it ends here. @throws RoostError `timeout` */
async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new RoostError("timeout", `Kafka did not answer ${what} within ${formatDurationMs(ms)}`)),
      ms,
    );
  });
  // It may still fail afterwards.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
