/**
 * Records of one partition of Kafka take effect: each event once, in the order of its log, whatever stands in Kafka twice. The place in Kafka, the
 * places in the logs that the records come from and the effect commit together.
 */
import {
  lockForeignOffset,
  moveForeignOffset,
  takeForeignEvents,
  type Kernel,
  type KernelTransaction,
} from "@roost/kernel";
import { fromRecord, type ForeignEvent, type LogPlace } from "../records.ts";
import type { ReceivedRecord } from "../client/fetch-records.ts";
import type { LeasedPartition, Leases } from "../leases.ts";
import type { DeadLetters, SentLetter } from "./dead-letters.ts";

/** Its effects commit with the places; must not wait for a model or the network. */
export type HandleEvents = (
  tx: KernelTransaction,
  events: readonly ForeignEvent[],
  from: { topic: string },
) => Promise<void>;

export interface RecordTaking {
  kernel: Kernel;
  leases: Leases;
  letters: DeadLetters;
  group: string;
  handle: HandleEvents;
  /** Events of this log are passed over: it has them. */
  ownLog: string | undefined;
}

/** Where a group is in Kafka itself, beside its places in logs. */
export function positionsOf(group: string): string {
  return `${group}@kafka`;
}

interface Parsed {
  record: ReceivedRecord;
  event?: ForeignEvent;
  letter?: SentLetter;
}

/** Records that cannot be read go to the dead letters; `sent` remembers those that are there, for another attempt. */
export async function takeRecords(
  taking: RecordTaking,
  leased: LeasedPartition,
  { records, sent }: { records: readonly ReceivedRecord[]; sent: Map<ReceivedRecord, SentLetter> },
): Promise<void> {
  const parsed: Parsed[] = [];
  for (const record of records) {
    try {
      parsed.push({ record, event: fromRecord(record) });
    } catch (error) {
      const letter = sent.get(record) ?? (await taking.letters.send(record, error));
      sent.set(record, letter);
      parsed.push({ record, letter });
    }
  }
  await commit(taking, leased, parsed);
}

/** One alone, whose effect failed with this error. */
export async function setAside(
  taking: RecordTaking,
  leased: LeasedPartition,
  record: ReceivedRecord,
  error: unknown,
): Promise<void> {
  await commit(taking, leased, [{ record, letter: await taking.letters.send(record, error) }]);
}

async function commit(taking: RecordTaking, leased: LeasedPartition, parsed: readonly Parsed[]): Promise<void> {
  const { kernel, leases, letters, group, handle } = taking;
  const position = { group: positionsOf(group), topic: leased.topic, partition: leased.partition };
  await kernel.transact(async (tx) => {
    await leases.require(tx, leased);
    const from = await lockForeignOffset(tx, position);
    const wanted = parsed.filter(({ record }) => record.offset >= from);
    for (const { letter } of wanted) if (letter !== undefined) await letters.park(tx, letter);
    const events = wanted.flatMap(({ event }) => event ?? []);
    const taken = await takeNew(tx, taking, events);
    if (taken.length > 0) await handle(tx, taken, { topic: leased.topic });
    const last = parsed.at(-1);
    if (last !== undefined) await moveForeignOffset(tx, position, last.record.offset + 1);
  });
}

/** Those that have not taken effect, in their order. */
export async function takeNew(
  tx: KernelTransaction,
  { group, ownLog, kernel }: Pick<RecordTaking, "group" | "ownLog" | "kernel">,
  events: readonly ForeignEvent[],
): Promise<ForeignEvent[]> {
  const nexts = new Map<string, number>();
  const isNew = new Set<ForeignEvent>();
  const logs = Map.groupBy(
    events.filter(({ place }) => place !== undefined && place.log !== ownLog),
    ({ place }) => nameOf(place!),
  );
  // In one order, so that no two readers wait for each other.
  for (const [name, ofLog] of [...logs].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const of = { group, topic: name, partition: ofLog[0]!.place!.partition };
    let next = await lockForeignOffset(tx, of);
    for (const event of ofLog) {
      const { offset } = event.place!;
      if (offset < next) continue;
      if (offset > next && next > 0)
        kernel.logger.error("Kafka lacks events of a log: they were lost there", {
          group,
          log: name,
          from: next,
          to: offset,
        });
      isNew.add(event);
      next = offset + 1;
    }
    nexts.set(name, next);
    await moveForeignOffset(tx, of, next);
  }
  const others = events.filter(({ place }) => place === undefined);
  if (others.length > 0) {
    const places = await takeForeignEvents(
      tx,
      others.map(({ source, id }) => ({ source: `${group} ${source}`, id })),
    );
    for (const place of places) isNew.add(others[place]!);
  }
  return events.filter((event) => isNew.has(event));
}

/** Of a partition of a log, in one history of it. */
function nameOf({ log, generation, topic }: LogPlace): string {
  return `${log}/${generation}/${topic}`;
}
