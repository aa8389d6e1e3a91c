/** Asks the leaders of partitions, each for itself: one that does not answer keeps nothing of the others back. */
import type { PartitionName } from "../leases.ts";
import { isKafkaError } from "./to-kafka-error.ts";
import { within } from "./within.ts";

/** Partitions whose broker does not answer while another does, and why. */
export type OnMissed = (of: readonly PartitionName[], error: unknown) => void;

export interface AskBrokers<P, A> {
  topics: ReadonlyMap<string, { partitions: readonly { leader: number }[] }>;
  ask: (node: number, of: readonly P[]) => Promise<A[]>;
  onMissed: OnMissed;
}

/** Of the others, from the first answer on. */
const brokerMsMax = 10_000;

/** @throws what the brokers said when none answers, and of an offset that one does not have */
export async function askBrokers<P extends PartitionName, A>(
  of: readonly P[],
  { topics, ask, onMissed }: AskBrokers<P, A>,
): Promise<A[]> {
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

/** Whether an offset that was asked for is not kept, or not there yet. */
export function isOutOfRange(error: unknown): boolean {
  return isKafkaError(error, "OFFSET_OUT_OF_RANGE");
}
