import type { ReceivedRecord } from "../../packages/kafka/src/client/fetch-records.ts";
import type { Kafka, KafkaRecord } from "../../packages/kafka/src/client/open-kafka.ts";

/** A Kafka that is never away, for what becomes of the relay's database. */
export interface MemoryKafka {
  client: Kafka;
  /** How many records there are of an event. */
  countOf(eventId: string): number;
}

export function createMemoryKafka(): MemoryKafka {
  const partitions = new Map<string, ReceivedRecord[]>();
  const recordsOf = (topic: string, partition: number) => {
    const records = partitions.get(`${topic}/${partition}`) ?? [];
    partitions.set(`${topic}/${partition}`, records);
    return records;
  };
  const client: Kafka = {
    ensureTopics: async () => {},
    readRanges: async ([topic], { partition = 0 } = {}) => [
      { topic: topic!, topicId: topic!, partition, startOffset: 0, endOffset: recordsOf(topic!, partition).length },
    ],
    fetch: async (from) =>
      from.map(({ topic, partition, offset }) => {
        const records = recordsOf(topic, partition);
        return { topic, partition, records: records.slice(offset), nextOffset: records.length };
      }),
    async send({ topic, partition }, given: readonly KafkaRecord[]) {
      const records = recordsOf(topic, partition);
      const first = records.length;
      for (const { value, headers } of given)
        records.push({
          topic,
          partition,
          offset: records.length,
          key: null,
          value: Buffer.from(value ?? ""),
          headers: new Map(Object.entries(headers)),
        });
      return first;
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return {
    client,
    countOf: (eventId) =>
      [...partitions.values()].flat().filter(({ headers }) => headers.get("ce_id") === eventId).length,
  };
}
