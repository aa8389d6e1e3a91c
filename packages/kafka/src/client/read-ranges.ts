/** Where partitions of Kafka begin and end. */
import type { Admin } from "@platformatic/kafka";
import type { PartitionName } from "../leases.ts";
import { askBrokers, type LeaderEpochs, type OnMissed } from "./ask-brokers.ts";

export interface TopicRange {
  topic: string;
  /** Another one when the topic was deleted and made again. */
  topicId: string;
  partition: number;
  startOffset: number;
  endOffset: number;
}

export interface RangesOptions {
  /** Of each topic, this one alone. */
  partition?: number | undefined;
  /** They begin with the first record since then. */
  since?: Date | undefined;
}

/** Kafka's names of the beginning and of the end. */
const [beginning, end] = [-2n, -1n];

/** Topics that do not exist are left out, and partitions whose broker does not answer while another does. */
export async function readRanges(
  admin: Pick<Admin, "listTopics" | "metadata" | "listOffsets">,
  topics: readonly string[],
  { partition, since, epochs, onMissed }: RangesOptions & { epochs: LeaderEpochs; onMissed: OnMissed },
): Promise<TopicRange[]> {
  const existing = new Set(await admin.listTopics());
  const wanted = topics.filter((name) => existing.has(name));
  if (wanted.length === 0) return [];
  const { topics: known } = await admin.metadata({ topics: [...wanted], forceUpdate: true });
  const all = wanted.flatMap((topic) =>
    Array.from({ length: known.get(topic)?.partitionsCount ?? 0 }, (_, each) => ({ topic, partition: each })),
  );
  const offsetsAt = async (timestamp: bigint, of: readonly PartitionName[]) => {
    const answers = await admin.listOffsets({
      topics: [...Map.groupBy(of, ({ topic }) => topic)].map(([name, partitions]) => ({
        name,
        partitions: partitions.map((each) => ({ partitionIndex: each.partition, timestamp })),
      })),
    });
    return answers.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, offset }) => ({
        topic: name,
        partition: partitionIndex,
        offset: Number(offset),
      })),
    );
  };
  return await askBrokers(
    all.filter((each) => partition === undefined || each.partition === partition),
    {
      topics: known,
      epochs,
      onMissed,
      async ask(_, of) {
        const from = since === undefined ? beginning : BigInt(since.getTime());
        const [starts, ends] = await Promise.all([offsetsAt(from, of), offsetsAt(end, of)]);
        return ends.map(({ topic, partition: at, offset: endOffset }) => {
          const start = starts.find((each) => each.topic === topic && each.partition === at)?.offset ?? 0;
          // Below zero: none is so late.
          const startOffset = start < 0 ? endOffset : start;
          return { topic, topicId: known.get(topic)!.id, partition: at, startOffset, endOffset };
        });
      },
    },
  );
}
