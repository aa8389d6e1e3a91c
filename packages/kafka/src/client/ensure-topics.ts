import type { Admin } from "@platformatic/kafka";
import { isKafkaError } from "./to-kafka-error.ts";

export interface WantedTopic {
  name: string;
  partitions: number;
  /** Kept for ever by Kafka. */
  isKept?: boolean;
}

const replicationFactorDefault = 3;

/** Creates missing topics, and raises the partitions of those that have fewer: a key's partition is the log's. */
export async function ensureTopics(
  admin: Admin,
  wanted: readonly WantedTopic[],
  replicationFactor: number | undefined,
): Promise<void> {
  if (wanted.length === 0) return;
  const existing = new Set(await admin.listTopics());
  const { brokers } = await admin.metadata({ topics: [], forceUpdate: true });
  const replicas = replicationFactor ?? Math.min(replicationFactorDefault, brokers.size);
  for (const { name, partitions, isKept } of wanted) {
    if (existing.has(name)) continue;
    const configs = [
      // What is acknowledged is on more than one of them, and one may be away.
      { name: "min.insync.replicas", value: String(Math.max(1, replicas - 1)) },
      ...(isKept === true ? [{ name: "retention.ms", value: "-1" }] : []),
    ];
    await admin.createTopics({ topics: [name], partitions, replicas, configs }).catch((error: unknown) => {
      // Another process was faster.
      if (!isKafkaError(error, "TOPIC_ALREADY_EXISTS")) throw error;
    });
  }
  const known = wanted.filter(({ name }) => existing.has(name));
  if (known.length === 0) return;
  const { topics } = await admin.metadata({ topics: known.map(({ name }) => name), forceUpdate: true });
  const short = known.filter(({ name, partitions }) => (topics.get(name)?.partitionsCount ?? partitions) < partitions);
  if (short.length === 0) return;
  const grown = short.map(({ name, partitions }) => ({ name, count: partitions }));
  await admin.createPartitions({ topics: grown });
}
