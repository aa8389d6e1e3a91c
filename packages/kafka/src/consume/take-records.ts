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
import { fromRecord, placeOf, type ForeignEvent, type LogPlace } from "../records.ts";
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
  /** In others the places that records name are not believed: any writer of them could have a log's events passed over. */
  logTopics: ReadonlySet<string>;
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

/** What stands next in a partition of Kafka: there may be nothing in it but what is passed over. */
export interface RecordsAhead {
  records: readonly ReceivedRecord[];
  /** Where the group is afterwards. */
  nextOffset: number;
}

/** Records that cannot be read go to the dead letters; `sent` remembers those that are there, for another attempt. */
export async function takeRecords(
  taking: RecordTaking,
  leased: LeasedPartition,
  { records, nextOffset, sent }: RecordsAhead & { sent: Map<ReceivedRecord, SentLetter> },
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
  await commit(taking, leased, { parsed, nextOffset });
}

/** One alone, whose effect failed with this error. */
export async function setAside(
  taking: RecordTaking,
  leased: LeasedPartition,
  record: ReceivedRecord,
  error: unknown,
): Promise<void> {
  const letter = await taking.letters.send(record, error);
  await commit(taking, leased, { parsed: [{ record, letter }], nextOffset: record.offset + 1 });
}

async function commit(
  taking: RecordTaking,
  leased: LeasedPartition,
  { parsed, nextOffset }: { parsed: readonly Parsed[]; nextOffset: number },
): Promise<void> {
  const { kernel, leases, letters, group, handle, logTopics, ownLog } = taking;
  const position = { group: positionsOf(group), topic: leased.topic, partition: leased.partition };
  const isOfLogs = logTopics.has(leased.topic);
  await kernel.transact(async (tx) => {
    await leases.require(tx, leased);
    const from = await lockForeignOffset(tx, position);
    const wanted = parsed.flatMap(({ record, event, letter }) => {
      const place = placeOf(record);
      if (record.offset < from || (place !== undefined && place.log === ownLog)) return [];
      return [{ event, letter, name: event, place: isOfLogs ? place : undefined }];
    });
    // A letter too is where its log has got to: the same record, once more, is neither a second letter nor an event.
    const taken = await takeNew(tx, taking, wanted);
    for (const { letter } of taken) if (letter !== undefined) await letters.park(tx, letter);
    const events = taken.flatMap(({ event }) => event ?? []);
    if (events.length > 0) await handle(tx, events, { topic: leased.topic });
    await moveForeignOffset(tx, position, nextOffset);
  });
}

interface Incoming {
  /** In a log that is believed. */
  place: LogPlace | undefined;
  /** By which it is known otherwise; undefined: it could not be read. */
  name: Pick<ForeignEvent, "source" | "id"> | undefined;
}

/** Those that have not been taken, in their order. */
export async function takeNew<T extends Incoming>(
  tx: KernelTransaction,
  { group, kernel }: Pick<RecordTaking, "group" | "kernel">,
  incoming: readonly T[],
): Promise<T[]> {
  const isNew = new Set<T>(incoming.filter(({ place, name }) => place === undefined && name === undefined));
  const placed = incoming.flatMap((each) => (each.place === undefined ? [] : [{ each, place: each.place }]));
  const logs = Map.groupBy(placed, ({ place }) => `${nameOf(place)}/${place.partition}`);
  // In one order, so that no two readers wait for each other.
  for (const [name, ofLog] of [...logs].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const { place: first } = ofLog[0]!;
    const of = { group, topic: nameOf(first), partition: first.partition };
    let next = await lockForeignOffset(tx, of);
    for (const { each, place } of ofLog) {
      const { offset } = place;
      if (offset < next) continue;
      if (offset > next && next > 0)
        kernel.logger.error("Kafka lacks events of a log: they were lost there", {
          group,
          log: name,
          from: next,
          to: offset,
        });
      isNew.add(each);
      next = offset + 1;
    }
    await moveForeignOffset(tx, of, next);
  }
  const others = incoming.flatMap((each) =>
    each.place === undefined && each.name !== undefined ? [{ each, ...each.name }] : [],
  );
  if (others.length > 0) {
    const places = await takeForeignEvents(
      tx,
      others.map(({ source, id }) => ({ source: `${group} ${source}`, id })),
    );
    for (const place of places) isNew.add(others[place]!.each);
  }
  return incoming.filter((each) => isNew.has(each));
}

/** Of a topic of a log, in one history of it. */
function nameOf({ log, generation, topic }: LogPlace): string {
  return `${log}/${generation}/${topic}`;
}
