/** Ships one partition of the log, in order, one batch at a time, for as long as its lease is certainly held. */
import { RoostError } from "@roost/base";
import { readEvents, type Kernel, type StoredEvent } from "@roost/kernel";
import { toRecord } from "../records.ts";
import type { Kafka } from "../client/open-kafka.ts";
import type { LeasedPartition, Leases } from "../leases.ts";
import { findStart, readTail, type RelayedPartition, type RelayStart } from "./find-start.ts";
import { lockPlace, movePlace } from "./lock-place.ts";
import type { SchemaIds } from "./schema-ids.ts";

/** Events and bytes of a batch; a single event may be larger. */
const eventsPerBatchMax = 1_000;
const bytesPerBatchMax = 800_000;
const batchesPerTurnMax = 50;
/** What is sent must be answered this long before the lease ends. */
const leaseMarginMs = 1_000;
const sendMsMax = 10_000;

export interface Shipping {
  kernel: Kernel;
  kafka: Kafka;
  leases: Leases;
  schemaIds: SchemaIds;
  /** The log's name in the records. */
  log: string;
  signal: AbortSignal;
}

/** What a process remembers of a partition that it has. */
export interface Shipped extends RelayStart {
  epoch: number;
}

/** Ships what there is, up to a number of batches. Returns how many events. Whatever throws, the next turn reads back what Kafka has. */
export async function shipPartition(
  shipping: Shipping,
  of: RelayedPartition & LeasedPartition,
  places: Map<string, Shipped>,
): Promise<number> {
  const name = `${of.topic}/${of.partition}`;
  let place = places.get(name);
  places.delete(name);
  if (place?.epoch !== of.epoch) place = { ...(await begin(shipping, of)), epoch: of.epoch };
  let count = 0;
  let next: Promise<StoredEvent[]> | undefined;
  for (let batches = 0; batches < batchesPerTurnMax && !shipping.signal.aborted; batches += 1) {
    const events: StoredEvent[] = await (next ?? readBatch(shipping, of, place.offset));
    if (events.length === 0) break;
    const nextOffset = events.at(-1)!.offset + 1;
    next = readBatch(shipping, of, nextOffset);
    // If the batch before it fails, this one is not awaited.
    next.catch(() => undefined);
    await sendBatch(shipping, of, { events, generation: place.generation });
    await record(shipping, of, nextOffset);
    place = { ...place, offset: nextOffset };
    count += events.length;
  }
  places.set(name, place);
  return count;
}

async function readBatch(
  { kernel }: Shipping,
  { topic, partition }: RelayedPartition,
  offset: number,
): Promise<StoredEvent[]> {
  const events = await readEvents(kernel.database, { topic, partition, offset, limit: eventsPerBatchMax });
  // Between dense offsets a hole is a segment that this connection does not know yet.
  const hole = events.findIndex((event, index) => event.offset !== offset + index);
  if (hole >= 0) events.length = hole;
  return events;
}

async function sendBatch(
  { kafka, leases, log, schemaIds }: Shipping,
  { topic, partition, kafkaTopic }: RelayedPartition,
  { events, generation }: { events: readonly StoredEvent[]; generation: number },
): Promise<void> {
  const ids = await schemaIds.of(events);
  const records = events.map((event, index) => toRecord(event, { log, generation, schemaId: ids[index] }));
  for (const some of inSends(records)) {
    const deadlineMs = Math.min(sendMsMax, leases.msLeft() - leaseMarginMs);
    if (deadlineMs <= 0) throw late(`${topic}/${partition}`);
    await kafka.send({ topic: kafkaTopic, partition }, some, { deadlineMs });
  }
}

/** Each of what Kafka takes at once: a single record may be larger, and is then alone. */
function inSends(records: readonly SentRecord[]): SentRecord[][] {
  const sends: SentRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = bytesOf(record);
    if (bytes + size > bytesPerBatchMax) {
      sends.push([]);
      bytes = 0;
    }
    sends.at(-1)!.push(record);
    bytes += size;
  }
  return sends;
}

type SentRecord = ReturnType<typeof toRecord>;

/** At most; lengths and marks between the parts included. */
function bytesOf({ key, value, headers }: SentRecord): number {
  const parts = [...Object.entries(headers).flat(), value, ...(key === null ? [] : [key])];
  return parts.reduce((sum, part) => sum + Buffer.byteLength(part) + 5, 50);
}

/** The cursor moves under the lease, and never back: what is sent again after a new start is known to it. */
async function record(
  { kernel, leases }: Shipping,
  of: RelayedPartition & LeasedPartition,
  nextOffset: number,
): Promise<void> {
  const { topic, partition } = of;
  await kernel.transact(async (tx) => {
    await leases.require(tx, of);
    const locked = await lockPlace(tx, of);
    if (locked === undefined) throw late(`${topic}/${partition}`);
    if (locked.place < nextOffset) await movePlace(tx, { topic, partition, from: locked.place, to: nextOffset });
    await tx.query(
      `insert into kafka.shipped as s (topic, partition, shipped_at) values ($1, $2, roost.now())
       on conflict (topic, partition) do update set shipped_at = roost.now(), error = null`,
      [topic, partition],
      { name: "kafka_shipped" },
    );
  });
}

async function begin(shipping: Shipping, of: RelayedPartition & LeasedPartition): Promise<RelayStart> {
  const { kernel, kafka, leases, log } = shipping;
  const { topic, partition } = of;
  const tail = await readTail(kafka, of, log);
  const known = await kernel.transact(async (tx) => {
    const locked = await lockPlace(tx, of);
    if (locked === undefined) throw late(`${topic}/${partition}`);
    const [row] = await tx.query<{ generation: number }>(
      "select generation from kafka.shipped where topic = $1 and partition = $2",
      [topic, partition],
    );
    const { place: cursor, firstOffset, nextOffset } = locked;
    return { cursor, firstOffset, nextOffset, generation: row?.generation ?? 1 };
  });
  const start = await findStart(kernel, of, tail, known);
  if (start.generation !== known.generation)
    await kernel.transact(async (tx) => {
      await leases.require(tx, of);
      await tx.query(
        `insert into kafka.shipped (topic, partition, generation) values ($1, $2, $3)
         on conflict (topic, partition) do update set generation = excluded.generation`,
        [topic, partition, start.generation],
      );
    });
  if (start.generation > known.generation)
    kernel.logger.warn("Kafka has events that the log has lost: a new generation of it begins there", {
      topic,
      partition,
      ...start,
    });
  // They arrived, and no answer said so.
  if (start.offset > known.cursor) await record(shipping, of, start.offset);
  return start;
}

function late(name: string): RoostError {
  return new RoostError("unavailable", `there is no time left to ship ${name} under its lease: it is tried again`);
}
