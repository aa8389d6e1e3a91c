/** Reads records by offset, without a consumer group, from the leaders of their partitions. */
import type { Admin, Consumer } from "@platformatic/kafka";
import { isKafkaError } from "./to-kafka-error.ts";

export interface FetchFrom {
  topic: string;
  partition: number;
  offset: number;
}

export interface Fetched {
  topic: string;
  partition: number;
  records: ReceivedRecord[];
}

export interface ReceivedRecord {
  topic: string;
  partition: number;
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: Map<string, string>;
}

export interface TopicRange {
  topic: string;
  partition: number;
  startOffset: number;
  endOffset: number;
}

const isControl = 1 << 5;
/** Kafka's code of an offset that it does not have. */
const outOfRange = "OFFSET_OUT_OF_RANGE";

export async function fetchRecords(
  consumer: Consumer,
  from: readonly FetchFrom[],
  { waitMs, bytesMax }: { waitMs: number; bytesMax: number },
): Promise<Fetched[]> {
  if (from.length === 0) return [];
  const { topics } = await consumer.metadata({ topics: [...new Set(from.map(({ topic }) => topic))] });
  const byLeader = Map.groupBy(from, ({ topic, partition }) => topics.get(topic)?.partitions[partition]?.leader ?? -1);
  const names = new Map([...topics].map(([name, { id }]) => [id, name]));
  const answers = await Promise.all(
    [...byLeader].map(async ([node, wanted]) => {
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
          const asked = from.find((each) => each.topic === topic && each.partition === place.partition);
          const records = (answer.records ?? [])
            .filter(({ attributes }) => (attributes & isControl) === 0)
            .flatMap((batch) =>
              batch.records.map((record) => ({
                ...place,
                offset: Number(batch.firstOffset) + record.offsetDelta,
                key: record.key,
                value: record.value,
                headers: new Map(record.headers.map(([name, value]) => [String(name), String(value)])),
              })),
            )
            // A batch is given whole, also when its beginning is known.
            .filter(({ offset }) => offset >= (asked?.offset ?? 0));
          return { ...place, records };
        }),
      );
    }),
  );
  return answers.flat();
}

/** Whether an offset that was asked for is not kept, or not there yet. */
export function isOutOfRange(error: unknown): boolean {
  return isKafkaError(error, outOfRange);
}

export async function readRanges(admin: Admin, topics: readonly string[]): Promise<TopicRange[]> {
  const existing = new Set(await admin.listTopics());
  const wanted = topics.filter((name) => existing.has(name));
  if (wanted.length === 0) return [];
  const { topics: known } = await admin.metadata({ topics: [...wanted], forceUpdate: true });
  const ask = async (timestamp: bigint) =>
    await admin.listOffsets({
      topics: wanted.map((name) => ({
        name,
        partitions: Array.from({ length: known.get(name)?.partitionsCount ?? 0 }, (_, partitionIndex) => ({
          partitionIndex,
          timestamp,
        })),
      })),
    });
  // Kafka's names of the earliest and the next.
  const [starts, ends] = await Promise.all([ask(-2n), ask(-1n)]);
  const startOf = new Map(
    starts.flatMap(({ name, partitions }) =>
      partitions.map((each) => [`${name}/${each.partitionIndex}`, Number(each.offset)]),
    ),
  );
  return ends.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, offset }) => ({
      topic: name,
      partition: partitionIndex,
      startOffset: startOf.get(`${name}/${partitionIndex}`) ?? 0,
      endOffset: Number(offset),
    })),
  );
}
