/** Asks the leaders of partitions, each for itself: one that does not answer keeps nothing of the others back. */
import { RoostError } from "@roost/base";
import { nameOf, type PartitionName } from "../leases.ts";
import { isKafkaError } from "./to-kafka-error.ts";
import { within } from "./within.ts";

/** Partitions whose broker does not answer while another does, and why. */
export type OnMissed = (of: readonly PartitionName[], error: unknown) => void;

/** The latest that is known of each partition's leader, by the topic's id and the partition. */
export type LeaderEpochs = Map<string, number>;

export interface AskBrokers<P, A> {
  topics: ReadonlyMap<string, KnownTopic>;
  epochs: LeaderEpochs;
  ask: (node: number, of: readonly P[]) => Promise<A[]>;
  onMissed: OnMissed;
}

interface KnownTopic {
  id: string;
  partitions: readonly { leader: number; leaderEpoch: number }[];
}

/** Of the others, from the first answer on. */
const brokerMsMax = 10_000;

/** @throws what the brokers said when none answers, of an offset that one does not have, and when another one knows of a later leader */
export async function askBrokers<P extends PartitionName, A>(
  of: readonly P[],
  { topics, epochs, ask, onMissed }: AskBrokers<P, A>,
): Promise<A[]> {
  for (const partition of of) requireLatest(partition, topics.get(partition.topic), epochs);
  const byLeader = Map.groupBy(of, ({ topic, partition }) => topics.get(topic)?.partitions[partition]?.leader ?? -1);
  const asked = [...byLeader].map(([node, wanted]) => ({ node, wanted, answer: ask(node, wanted) }));
  await Promise.any(asked.map(({ answer }) => answer)).catch(() => undefined);
  const missed: { wanted: P[]; error: unknown }[] = [];
  const answers = await Promise.all(
    asked.map(({ node, wanted, answer }) =>
      within(brokerMsMax, `a question to broker ${node}`, answer).catch((error: unknown) => {
        missed.push({ wanted, error });
        return [];
      }),
    ),
  );
  const first = missed.find(({ error }) => isOutOfRange(error)) ?? missed[0];
  if (first !== undefined && (missed.length === byLeader.size || isOutOfRange(first.error))) throw first.error;
  for (const { wanted, error } of missed) onMissed(wanted, error);
  return answers.flat();
}

/** A broker that is cut off from the others names itself as the leader that it was, and answers. */
function requireLatest(of: PartitionName, topic: KnownTopic | undefined, epochs: LeaderEpochs): void {
  const name = `${topic?.id}/${of.partition}`;
  const epoch = topic?.partitions[of.partition]?.leaderEpoch ?? 0;
  if (epoch < (epochs.get(name) ?? 0))
    throw new RoostError("unavailable", `a broker names an earlier leader of ${nameOf(of)}: another is asked`);
  epochs.set(name, epoch);
}

/** Whether an offset that was asked for is not kept, or not there yet. */
export function isOutOfRange(error: unknown): boolean {
  return isKafkaError(error, "OFFSET_OUT_OF_RANGE");
}
