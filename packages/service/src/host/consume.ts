/**
 * Reads on for the consumers of a service: events, their effects and the move of the cursor are one transaction, of several events while none
 * fails, of one otherwise. Any number of instances do it at once. Cursors, dead letters and what is told of them are the kernel's, reached through functions that ask who calls.
 */
import { RoostError, toRoostError, type Logger } from "@roost/base";
import { isPassing } from "@roost/kernel";
import type { Consumer, ReadEvent, ServiceDatabase, ServiceTransaction } from "../service.ts";

/** Maximum offsets skipped per pass. */
const windowMax = 500;
/** In one transaction: a commit waits for the disk, and a look at the log costs as much for one as for many. */
const eventsPerTransactionMax = 50;

export interface ConsumeOptions {
  database: ServiceDatabase;
  logger: Logger;
  signal: AbortSignal;
}

interface Place {
  topic: string;
  partition: number;
}

export interface ConsumerPass {
  /** There may be more to read at once. */
  isMore: boolean;
  /** Another instance holds a partition that is not at its end, or a failure is waiting for its retry. */
  isBusy: boolean;
}

/** One pass of a consumer over everything that it reads. */
export async function consumeOnce(consumer: Consumer, options: ConsumeOptions): Promise<ConsumerPass> {
  const places = await options.database.query<Place>("select topic, partition from service.ends_1($1)", [
    consumer.types,
  ]);
  const look: ConsumerPass = { isMore: false, isBusy: false };
  let failure: RoostError | undefined;
  for (const place of places) {
    if (options.signal.aborted) break;
    try {
      const step = await takeSome(consumer, place, options);
      if (step === "busy") look.isBusy = true;
      if (step === "moved") look.isMore = true;
    } catch (error) {
      // One partition that cannot be read does not hold up the others.
      failure ??= toRoostError(error);
    }
  }
  if (attemptsMaxOf(consumer) !== null) while (!options.signal.aborted && (await retryOne(consumer, options)));
  if (failure !== undefined) throw failure;
  return look;
}

/** Null: a failing event stops its partition. */
export function attemptsMaxOf({ onFailure = "stop" }: Consumer): number | null {
  return onFailure === "stop" ? null : onFailure.setAsideAfter;
}

interface Failed {
  offset: number;
  error: unknown;
}

type Taken = "moved" | "done" | "busy";

/** Takes what comes next of a partition. "busy": another instance holds it, or an event failed. */
async function takeSome(consumer: Consumer, place: Place, options: ConsumeOptions): Promise<Taken> {
  const step = await take(consumer, place, { ...options, most: eventsPerTransactionMax });
  if (step !== "undone") return step;
  // One of them fails: each for itself, until it is reached and what the group says of it has happened.
  for (let count = 0; count < eventsPerTransactionMax && !options.signal.aborted; count += 1) {
    const one = await take(consumer, place, { ...options, most: 1 });
    if (one !== "moved") return one === "undone" ? "busy" : one;
  }
  return "moved";
}

/** Takes so many events at most, or skips a window without any. "undone": one of several failed, and nothing happened. */
async function take(
  consumer: Consumer,
  place: Place,
  { most, ...options }: ConsumeOptions & { most: number },
): Promise<Taken | "undone"> {
  let reached: number | undefined;
  try {
    return await options.database.transact(async (tx) => {
      reached = undefined;
      return await readSome(consumer, tx, { ...place, most }, async (event) => {
        if (reached === undefined) await consumer.begin?.(tx);
        reached = event.offset;
        await consumer.handle(event, tx);
      });
    });
  } catch (error) {
    // What is refused at the end, as too many events at once, is the last event's too.
    if (reached === undefined || isPassing(error)) throw error;
    return most > 1 ? "undone" : await keepFailed(consumer, place, { offset: reached, error }, options);
  }
}

async function readSome(
  consumer: Consumer,
  tx: ServiceTransaction,
  { topic, partition, most }: Place & { most: number },
  handle: (event: ReadEvent) => Promise<void>,
): Promise<Taken> {
  const { name, types } = consumer;
  const [locked] = await tx.query<{ place: number | null; firstOffset: number; nextOffset: number }>(
    `select place, first_offset as "firstOffset", next_offset as "nextOffset" from service.lock_cursor_1($1, $2, $3)`,
    [name, topic, partition],
  );
  if (locked?.place == null) return "busy";
  const { place, firstOffset, nextOffset } = locked;
  if (place < firstOffset) {
    const problem = `offset ${place} of ${topic}/${partition} is out of range: earliest is ${firstOffset}; reset the group`;
    await tx.query("select service.fail_cursor_1($1, $2, $3, $4, $5)", [name, topic, partition, place, problem]);
    return "done";
  }
  const until = Math.min(nextOffset, place + windowMax);
  if (place >= until) return "done";
  await tx.query("select service.require_seen_1($1, $2, $3)", [topic, partition, until]);
  const events = await tx.query<ReadEvent>(
    `select $1::text as topic, $2::int as partition, e."offset", e.id, e.type, e.version, e.source, e.subject, e.time, e.data, e.correlation,
       e.causation, e.traceparent, string_to_array(e.labels, ' ') as labels
     from service.read_events_1($1, $2, $3, $4, $5) e limit $6`,
    [topic, partition, place, until, types, most],
  );
  for (const event of events) if (!(await park(consumer, tx, event))) await handle(event);
  const last = events.at(-1);
  await move(
    tx,
    name,
    { topic, partition },
    place,
    last === undefined || events.length < most ? until : last.offset + 1,
  );
  return "moved";
}

async function move(tx: ServiceTransaction, name: string, at: Place, from: number, to: number): Promise<void> {
  const place = [name, at.topic, at.partition];
  const [moved] = await tx.query<{ isMoved: boolean }>(
    `select service.move_cursor_1($1, $2, $3, $4, $5) as "isMoved"`,
    [...place, from, to],
  );
  if (moved?.isMoved !== true) throw new RoostError("conflict", `consumer ${name} lost its place`);
}

/** Sets an event aside: with what it failed with, or, without, behind earlier ones of its key. Returns whether it did. */
async function park(
  consumer: Consumer,
  tx: ServiceTransaction,
  { topic, partition, offset }: Place & { offset: number },
  problem: string | null = null,
): Promise<boolean> {
  const attemptsMax = attemptsMaxOf(consumer);
  if (attemptsMax === null) return false;
  const [row] = await tx.query<{ isParked: boolean }>(`select service.park_1($1, $2, $3, $4, $5, $6) as "isParked"`, [
    consumer.name,
    topic,
    partition,
    offset,
    problem,
    attemptsMax,
  ]);
  return row?.isParked === true;
}

/** What the group says: the partition stands at the event, or the event is set aside and the cursor moves past it. */
async function keepFailed(
  consumer: Consumer,
  place: Place,
  { error, offset }: Failed,
  { database, logger }: ConsumeOptions,
): Promise<Taken> {
  const { name } = consumer;
  const { topic, partition } = place;
  logger.warn("a consumer of a service failed", { consumer: name, ...place, offset: offset, error });
  if (attemptsMaxOf(consumer) === null) {
    const values = [name, topic, partition, offset, messageOf(error)];
    await database.transact(async (tx) => {
      await passTo(tx, name, place, offset);
      await tx.query("select service.fail_cursor_1($1, $2, $3, $4, $5)", values);
    });
    return "busy";
  }
  return await database.transact(async (tx) => {
    if (!(await passTo(tx, name, place, offset))) return "busy";
    await park(consumer, tx, { ...place, offset }, messageOf(error));
    await move(tx, name, place, offset, offset + 1);
    return "moved";
  });
}

/** Moves to the failing event over those before it that the consumer does not want; false: another instance was there first. */
async function passTo(
  tx: ServiceTransaction,
  name: string,
  { topic, partition }: Place,
  offset: number,
): Promise<boolean> {
  const [locked] = await tx.query<{ place: number | null }>("select place from service.lock_cursor_1($1, $2, $3)", [
    name,
    topic,
    partition,
  ]);
  if (locked?.place == null || locked.place > offset) return false;
  if (locked.place < offset) await move(tx, name, { topic, partition }, locked.place, offset);
  return true;
}

/** Tries an event that was set aside again. True: there may be another. */
async function retryOne(consumer: Consumer, { database, logger }: ConsumeOptions): Promise<boolean> {
  let failed: { number: number; error: unknown } | undefined;
  const end = (sql: Pick<ServiceDatabase, "query">, number: number, problem: string | null) =>
    sql.query("select service.end_letter_1($1, $2, $3)", [consumer.name, number, problem]);
  try {
    return await database.transact(async (tx) => {
      failed = undefined;
      const [letter] = await tx.query<{ number: number | null; event: Omit<ReadEvent, "time"> & { time: string } }>(
        "select number, event from service.next_letter_1($1)",
        [consumer.name],
      );
      if (letter?.number == null) return false;
      const { number } = letter;
      try {
        await consumer.begin?.(tx);
        await consumer.handle({ ...letter.event, time: new Date(letter.event.time) }, tx);
      } catch (error) {
        if (!isPassing(error)) failed = { number, error };
        throw error;
      }
      await end(tx, number, null);
      return true;
    });
  } catch (error) {
    if (failed === undefined) throw error;
    logger.warn("an event that was set aside failed again", { consumer: consumer.name, ...failed });
    await end(database, failed.number, messageOf(failed.error));
    return true;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
