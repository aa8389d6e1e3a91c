/**
 * Reads on for the consumers of a service: one event and its effects are one transaction with the move of the cursor. Any number of
 * instances do it at once. An event that fails keeps its place, is named in its group's state, and is tried again after a growing while.
 */
import { RoostError, type Logger } from "@roost/base";
import type { Consumer, ReadEvent, ServiceDatabase } from "../service.ts";

/** Offsets that one look passes over at most. */
const windowMax = 500;
const eventsPerLookMax = 100;

export interface ConsumeOptions {
  database: ServiceDatabase;
  logger: Logger;
  signal: AbortSignal;
}

interface End {
  topic: string;
  partition: number;
  firstOffset: number;
  nextOffset: number;
}

export interface Look {
  /** There may be more to read at once. */
  isMore: boolean;
  /** Another instance had a place that is not at its end, or a failure rests. */
  isBusy: boolean;
}

/** One look of a consumer at everything that it reads. */
export async function consumeOnce(consumer: Consumer, options: ConsumeOptions): Promise<Look> {
  const ends = await options.database.query<End>(
    `select topic, partition, first_offset as "firstOffset", next_offset as "nextOffset" from service.ends_1($1)`,
    [consumer.types],
  );
  const look: Look = { isMore: false, isBusy: false };
  for (const end of ends) {
    for (let count = 0; count < eventsPerLookMax && !options.signal.aborted; count += 1) {
      const step = await takeOne(consumer, end, options);
      if (step === "busy") look.isBusy = true;
      if (step !== "moved") break;
      if (count === eventsPerLookMax - 1) look.isMore = true;
    }
  }
  return look;
}

type Failed = { offset: number; error: unknown };

/** Takes one event, or passes over a window without any. "busy": another instance has the place, or it failed. */
async function takeOne(
  consumer: Consumer,
  end: End,
  { database, logger }: ConsumeOptions,
): Promise<"moved" | "done" | "busy"> {
  let failed: Failed | undefined;
  const step = await database
    .transact(async (tx) => {
      failed = undefined;
      const place = [consumer.name, end.topic, end.partition];
      const [locked] = await tx.query<{ place: number | null }>(
        "select service.lock_cursor_1($1, $2, $3, $4) as place",
        [...place, end.firstOffset],
      );
      if (locked?.place == null) return "busy";
      const from = Math.max(locked.place, end.firstOffset);
      const until = Math.min(end.nextOffset, from + windowMax);
      if (from >= until) return "done";
      const [event] = await tx.query<ReadEvent & { labels: unknown }>(
        `select $1::text as topic, $2::int as partition, e."offset", e.id, e.type, e.version, e.source, e.subject, e.time, e.data, e.correlation,
           e.causation, e.traceparent, string_to_array(e.labels, ' ') as labels
         from service.read_events_1($1, $2, $3, $4, $5) e limit 1`,
        [end.topic, end.partition, from, until, consumer.types],
      );
      if (event !== undefined) {
        await consumer.handle(event, tx).catch((error: unknown) => {
          failed = { offset: event.offset, error };
          throw error;
        });
      }
      const next = event === undefined ? until : event.offset + 1;
      const [moved] = await tx.query<{ isMoved: boolean }>(
        `select service.commit_cursor_1($1, $2, $3, $4, $5) as "isMoved"`,
        [...place, locked.place, next],
      );
      if (moved?.isMoved !== true) throw new RoostError("conflict", `consumer ${consumer.name} lost its place`);
      return "moved" as const;
    })
    .catch((error: unknown) => {
      if (failed === undefined) throw error;
      return "busy" as const;
    });
  if (failed !== undefined) await recordFailure(consumer, end, { failed, database, logger });
  return step;
}

async function recordFailure(
  { name }: Consumer,
  { topic, partition }: End,
  { failed, database, logger }: { failed: Failed; database: ServiceDatabase; logger: Logger },
): Promise<void> {
  const { offset, error } = failed;
  const message = error instanceof Error ? error.message : String(error);
  logger.warn("a consumer of a service failed", { consumer: name, topic, partition, offset, error });
  await database.query("select service.fail_cursor_1($1, $2, $3, $4, $5)", [name, topic, partition, offset, message]);
}
