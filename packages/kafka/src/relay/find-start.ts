/**
 * Where a relay continues in a partition that it has just got: after the last record in Kafka, whichever relay sent it and whatever was recorded.
 * Also finds that Kafka has events that the log has not (any more).
 */
import { readEvents, type Kernel } from "@roost/kernel";
import { placeOf, type LogPlace } from "../records.ts";
import type { Kafka } from "../client/open-kafka.ts";

export interface RelayedPartition {
  /** Of the log. */
  topic: string;
  partition: number;
  /** The topic's name in Kafka. */
  kafkaTopic: string;
}

export interface RelayStart {
  offset: number;
  generation: number;
}

/** Records at the end of the topic that are looked at: a frozen relay may have added a batch of older ones. */
const tailRecords = 1_500;
const readsMax = 50;

/** Of the log, read after the tail: what Kafka has was in the log before it was sent. */
interface Known {
  /** The cursor: everything below it was acknowledged by Kafka. */
  cursor: number;
  firstOffset: number;
  nextOffset: number;
  generation: number;
}

export async function findStart(
  kernel: Kernel,
  of: RelayedPartition,
  { isNew, tail }: KafkaTail,
  { cursor, firstOffset, nextOffset, generation: recorded }: Known,
): Promise<RelayStart> {
  const generation = Math.max(recorded, ...tail.map(({ place }) => place.generation));
  // A new topic gets what the log still has.
  if (isNew) return { offset: firstOffset, generation };
  const present = tail.filter(({ place }) => place.generation === generation);
  if (present.length === 0) return { offset: Math.max(cursor, firstOffset), generation };
  const foreign = await findForeign(kernel, of, present, { firstOffset, nextOffset });
  if (foreign !== undefined) return { offset: Math.max(foreign, firstOffset), generation: generation + 1 };
  const last = Math.max(...present.map(({ place }) => place.offset));
  return { offset: Math.max(last + 1, firstOffset), generation };
}

interface TailRecord {
  id: string | undefined;
  place: LogPlace;
}

export interface KafkaTail {
  /** Nothing was ever in the topic's partition. */
  isNew: boolean;
  tail: TailRecord[];
}

/** The last records of this log. */
export async function readTail(
  kafka: Kafka,
  { topic, partition, kafkaTopic }: RelayedPartition,
  log: string,
): Promise<KafkaTail> {
  const [range] = await kafka.readRanges([kafkaTopic], { partition });
  if (range === undefined || range.endOffset === 0) return { isNew: true, tail: [] };
  const tail: TailRecord[] = [];
  let offset = Math.max(range.startOffset, range.endOffset - tailRecords);
  for (let reads = 0; offset < range.endOffset && reads < readsMax; reads += 1) {
    const [fetched] = await kafka.fetch([{ topic: kafkaTopic, partition, offset }]);
    if (fetched === undefined || fetched.nextOffset <= offset) break;
    for (const record of fetched.records) {
      const place = placeOf(record);
      if (place !== undefined && place.log === log && place.topic === topic && place.partition === partition)
        tail.push({ id: record.headers.get("ce_id"), place });
    }
    offset = fetched.nextOffset;
  }
  return { isNew: false, tail };
}

/** The lowest offset at which Kafka has another event than the log, or one where the log has none yet. */
async function findForeign(
  kernel: Kernel,
  { topic, partition }: RelayedPartition,
  tail: readonly TailRecord[],
  { firstOffset, nextOffset }: { firstOffset: number; nextOffset: number },
): Promise<number | undefined> {
  const idAt = new Map(tail.map(({ id, place }) => [place.offset, id]));
  const offsets = [...idAt.keys()].toSorted((a, b) => a - b);
  const from = Math.max(firstOffset, offsets[0]!);
  const events = new Map<number, string>();
  for (let offset = from; offset < nextOffset && offset <= offsets.at(-1)!;) {
    const page = await readEvents(kernel.database, { topic, partition, offset, limit: 1_000 });
    for (const event of page) events.set(event.offset, event.id);
    if (page.length === 0) break;
    offset = page.at(-1)!.offset + 1;
  }
  // One that is not read is no other one: retention has taken it meanwhile.
  return offsets.find(
    (offset) => offset >= nextOffset || (events.has(offset) && events.get(offset) !== idAt.get(offset)),
  );
}
