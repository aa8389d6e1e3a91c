/** Streams events live. Wake-ups make it quick, polling makes it complete; it waits for an unavailable database. */
import { toRoostError, type Logger } from "@roost/base";
import type { Sql } from "@roost/database";
import type { LogFeed } from "./create-log-feed.ts";
import type { StoredEvent } from "./event.ts";
import type { OffsetVector } from "./offsets.ts";
import type { SchemaRegistry } from "./schema-registry.ts";
import { readEnd, readLog, type EventFilter, type LogPage } from "./read-log.ts";

const pollMsDefault = 1000;
/** Where the feed reads for all it also polls for all, and wakes each without a message that could be lost. */
const fedPollMs = 15_000;
const retryMsMax = 5000;
const pageLimit = 500;

/** What a tail needs of a kernel. */
export interface TailSource {
  database: Sql;
  /** Reads for all tails of the process; without it a tail reads itself. */
  feed?: LogFeed | undefined;
  registry: Pick<SchemaRegistry, "upcast">;
  logger: Logger;
  wakeups: {
    watch(channels: readonly string[]): Disposable & {
      next(options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<"woken" | "timeout" | "aborted">;
    };
  };
}

export interface TailEvents extends EventFilter {
  topics: readonly string[];
  /** Where to continue; `{}`: from the oldest event; default: from the first request on. */
  after?: OffsetVector | undefined;
  /** Ends the iteration without an error. */
  signal?: AbortSignal | undefined;
  /** How often it checks without a wake-up. */
  pollMs?: number | undefined;
}

/** Yields every matching event once, in the order of readLog; advanceOffsets computes the position to continue from. Ends only by its signal. */
export async function* tailEvents(source: TailSource, tail: TailEvents): AsyncGenerator<StoredEvent, void, undefined> {
  for await (const page of tailPages(source, tail)) yield* page.events;
}

/** The same page by page, for readers that need their position even where nothing matched. Pages may be empty. */
export async function* tailPages(source: TailSource, tail: TailEvents): AsyncGenerator<LogPage, void, undefined> {
  const { signal, pollMs = pollMsDefault } = tail;
  using watch = source.wakeups.watch(tail.topics.map((topic) => `log:${topic}`));
  using seat = source.feed?.join(tail.topics, { signal });
  const wait = async (timeoutMs: number) => {
    if (seat === undefined) await watch.next({ timeoutMs, signal });
    else await seat.changed({ timeoutMs });
  };
  let offsets = tail.after;
  let failureCount = 0;
  // A seat notes it once; asking a signal that is made of others looks at all of them.
  const isOver = () => seat?.isOver ?? signal?.aborted ?? false;
  while (!isOver()) {
    const fed = offsets === undefined ? undefined : seat?.take(offsets, tail);
    if (fed !== undefined) {
      offsets = fed.offsets;
      yield { offsets, events: source.registry.upcast(fed.events), isCaughtUp: true };
      if (!isOver()) await wait(Math.max(pollMs, fedPollMs));
      continue;
    }
    let page: LogPage;
    try {
      offsets ??= await readEnd(source.database, tail.topics);
      page = await readLog(source.database, { ...tail, after: offsets, limit: pageLimit });
      failureCount = 0;
    } catch (thrown) {
      const error = toRoostError(thrown);
      if (!error.retryable) throw error;
      failureCount += 1;
      source.logger.warn("the log could not be read; retrying", { error, failureCount });
      await watch.next({ timeoutMs: Math.min(retryMsMax, pollMs * failureCount), signal });
      continue;
    }
    if (isOver()) return;
    offsets = page.offsets;
    yield { ...page, events: source.registry.upcast(page.events) };
    if (page.isCaughtUp && !isOver()) await wait(pollMs);
  }
}
