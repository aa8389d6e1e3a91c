/** Reads records by offset, without a consumer group, from the leaders of their partitions. */
import type { Consumer } from "@platformatic/kafka";
import { RoostError } from "@roost/base";
import { askBrokers, type LeaderEpochs, type OnMissed } from "./ask-brokers.ts";

export interface FetchFrom {
  topic: string;
  partition: number;
  offset: number;
  /** Nothing is read from another topic of the same name. */
  topicId?: string;
}

export interface Fetched {
  topic: string;
  partition: number;
  records: ReceivedRecord[];
  /** What was looked at ends before it: also marks of transactions, aborted records, and those that compaction took. */
  nextOffset: number;
}

export interface ReceivedRecord {
  topic: string;
  partition: number;
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: Map<string, string>;
}

type FetchResponse = Awaited<ReturnType<Consumer["fetch"]>>;
type FetchedPartition = FetchResponse["responses"][number]["partitions"][number];
type Batch = NonNullable<FetchedPartition["records"]>[number];

const isTransactional = 1 << 4;
const isControl = 1 << 5;
/** The second number in the key of a mark that ends a transaction: it was aborted. */
const abortMark = 0;

export interface FetchOptions {
  waitMs: number;
  bytesMax: number;
  epochs: LeaderEpochs;
  onMissed: OnMissed;
}

/** Records of transactions are given when these are committed. @throws what the brokers said when none could be read */
export async function fetchRecords(
  consumer: Pick<Consumer, "metadata" | "fetch">,
  from: readonly FetchFrom[],
  { epochs, onMissed, ...limits }: FetchOptions,
): Promise<Fetched[]> {
  if (from.length === 0) return [];
  const { topics } = await consumer.metadata({ topics: [...new Set(from.map(({ topic }) => topic))] });
  for (const { topic, topicId } of from)
    if (topicId !== undefined && topics.get(topic)?.id !== topicId)
      throw new RoostError("unavailable", `topic ${topic} was made anew: it is looked at again`);
  return await askBrokers(from, {
    topics,
    epochs,
    onMissed,
    ask: (node, wanted) => fetchFrom(consumer, { node, wanted, topics, ...limits }),
  });
}

interface FetchFromBroker {
  node: number;
  wanted: readonly FetchFrom[];
  topics: ReadonlyMap<string, { id: string }>;
  waitMs: number;
  bytesMax: number;
}

async function fetchFrom(
  consumer: Pick<Consumer, "fetch">,
  { node, wanted, topics, waitMs, bytesMax }: FetchFromBroker,
): Promise<Fetched[]> {
  const names = new Map([...topics].map(([name, { id }]) => [id, name]));
  const requests = [...Map.groupBy(wanted, ({ topic }) => topic)].map(([topic, partitions]) => ({
    topicId: topics.get(topic)!.id,
    partitions: partitions.map(({ partition, offset }) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(offset),
      lastFetchedEpoch: -1,
      partitionMaxBytes: bytesMax,
    })),
  }));
  const { responses } = await consumer.fetch({
    node,
    topics: requests,
    maxWaitTime: waitMs,
    maxBytes: bytesMax,
    minBytes: 1,
  });
  return responses.flatMap(({ topicId, partitions }) =>
    partitions.map((answer) => {
      const topic = names.get(topicId)!;
      const place = { topic, partition: answer.partitionIndex };
      const asked = wanted.find((each) => each.topic === topic && each.partition === place.partition);
      return readAnswer(answer, { ...place, offset: asked?.offset ?? 0 });
    }),
  );
}

function readAnswer(
  { records, abortedTransactions }: FetchedPartition,
  { topic, partition, offset }: FetchFrom,
): Fetched {
  const batches = records ?? [];
  const given = withoutAborted(batches, abortedTransactions ?? []).flatMap(({ firstOffset, records: ofBatch }) =>
    ofBatch.map((record) => ({
      topic,
      partition,
      offset: Number(firstOffset) + record.offsetDelta,
      key: record.key,
      value: record.value,
      headers: new Map(
        // One without a value says nothing.
        record.headers.flatMap(([name, value]) => (value === null ? [] : [[String(name), String(value)] as const])),
      ),
    })),
  );
  return {
    topic,
    partition,
    // A batch is given whole, also when its beginning is known.
    records: given.filter((record) => record.offset >= offset),
    nextOffset: Math.max(offset, ...batches.map(lastOffsetOf).map((last) => last + 1)),
  };
}

function lastOffsetOf({ firstOffset, lastOffsetDelta }: Batch): number {
  return Number(firstOffset) + lastOffsetDelta;
}

/**
 * As Kafka's own reader does it. The client does it too, but lets records of an aborted transaction through when its producer aborted another one in the
 * same answer, and when the mark that ends it comes in a later answer.
 */
function withoutAborted(
  batches: readonly Batch[],
  aborted: readonly { producerId: bigint; firstOffset: bigint }[],
): Batch[] {
  const coming = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborting = new Set<bigint>();
  return batches.filter((batch) => {
    while (coming.length > 0 && Number(coming[0]!.firstOffset) <= lastOffsetOf(batch))
      aborting.add(coming.shift()!.producerId);
    if ((batch.attributes & isControl) !== 0) {
      if (batch.records[0]?.key?.readInt16BE(2) === abortMark) aborting.delete(batch.producerId);
      return false;
    }
    return (batch.attributes & isTransactional) === 0 || !aborting.has(batch.producerId);
  });
}
