/**
 * One reader of the log for all streams of a process. While nothing happens it sends one statement a second, however many streams are open; each
 * new event is read once and passed to all from memory. Older events are read by the stream itself.
 */
import { toRoostError, type Logger } from "@roost/base";
import type { Sql } from "@roost/database";
import { emptyState, forgetPages, keep, takePage, type FeedPage, type FeedState } from "./feed-state.ts";
import type { OffsetVector } from "./offsets.ts";
import { readEnd, readLog, type EventFilter } from "./read-log.ts";

const pollMs = 1_000;
const retryMsMax = 5_000;
/** How long it reads on when the last stream has left: the next one, as of the next turn of a conversation, asks for nothing that is known here. */
const lingerMs = 10_000;
const pageLimit = 500;

export interface LogFeedOptions {
  database: Sql;
  logger: Logger;
  wakeups: {
    watch(channels: readonly string[]): Disposable & {
      next(options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<"woken" | "timeout" | "aborted">;
    };
  };
}

/** One stream's position at the feed. */
export interface FeedSeat extends Disposable {
  /** The feed's events from there on, perhaps none; undefined: it does not reach back that far, or has not started. */
  take(offsets: OffsetVector, filter: EventFilter): FeedPage | undefined;
  /** Resolves when the feed has read something new since `take`, when the seat is over, or the time is up. */
  changed(options: { timeoutMs: number }): Promise<void>;
  /** Its signal was aborted. */
  readonly isOver: boolean;
}

export interface LogFeed {
  join(topics: readonly string[], options?: { signal?: AbortSignal | undefined }): FeedSeat;
}

export interface OpenLogFeed extends LogFeed, AsyncDisposable {}

interface Seat extends Pick<FeedSeat, "take" | "changed"> {
  topics: readonly string[];
  wake: () => void;
  end: () => void;
  isOver: () => boolean;
}

/** What a seat took last: from there on only what was read since is looked at. */
interface Taken {
  state: FeedState;
  offsets: OffsetVector;
  /** Of all that was ever kept. */
  count: number;
}

function createSeat(topics: readonly string[], stateOf: () => FeedState): Seat {
  let isChanged = false;
  let isOver = false;
  let onChange: (() => void) | undefined;
  let taken: Taken | undefined;
  const wake = () => {
    isChanged = true;
    onChange?.();
  };
  return {
    topics,
    wake,
    end() {
      isOver = true;
      wake();
    },
    isOver: () => isOver,
    take(offsets, filter) {
      isChanged = false;
      const state = stateOf();
      const isWhere = taken?.state === state && taken.offsets === offsets;
      const page = takePage(state, topics, { offsets, filter, from: isWhere ? taken!.count : undefined });
      taken = page && { state, offsets: page.offsets, count: state.keptCount };
      return page;
    },
    changed: ({ timeoutMs }) =>
      new Promise<void>((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          onChange = undefined;
          resolve();
        };
        const timer = setTimeout(finish, timeoutMs);
        onChange = finish;
        if (isChanged || isOver) finish();
      }),
  };
}

/** Seats that are woken together. Between two lots the process does its other work: a thousand streams write for a while. */
const wokenTogether = 10;

/** Wakes all seats, a lot at a time; what comes meanwhile is told by another round, to those too that were woken before. */
function createWaker(seats: ReadonlySet<Seat>): () => void {
  let isWanted = false;
  let isGoing = false;
  const wakeAll = async () => {
    isGoing = true;
    while (isWanted) {
      isWanted = false;
      let count = 0;
      for (const seat of seats) {
        seat.wake();
        count += 1;
        if (count % wokenTogether === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    isGoing = false;
  };
  return () => {
    isWanted = true;
    if (!isGoing) void wakeAll();
  };
}

export function createLogFeed(options: LogFeedOptions): OpenLogFeed {
  const seats = new Set<Seat>();
  const closing = new AbortController();
  let reading: AbortController | undefined;
  let lingering: NodeJS.Timeout | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  let state = emptyState();

  const start = () => {
    clearTimeout(lingering);
    if (reading !== undefined || closing.signal.aborted) return;
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, closing.signal]);
    const mine = (state = emptyState());
    const topicsOf = () => {
      const topics = new Set(mine.topics);
      for (const seat of seats) for (const topic of seat.topics) topics.add(topic);
      return [...topics].toSorted();
    };
    const onRead = createWaker(seats);
    reading = stop;
    ended = Promise.all([ended, keepReading(options, { state: mine, topicsOf, onRead, signal })]);
  };
  const stopIfEmpty = () => {
    if (seats.size > 0) return;
    clearTimeout(lingering);
    lingering = setTimeout(() => {
      reading?.abort();
      reading = undefined;
    }, lingerMs).unref();
  };

  return {
    join(topics, { signal } = {}) {
      const seat = createSeat(topics, () => state);
      seats.add(seat);
      const leave = () => seat.end();
      signal?.addEventListener("abort", leave, { once: true });
      if (signal?.aborted === true) leave();
      start();
      return {
        take: seat.take,
        changed: seat.changed,
        get isOver() {
          return seat.isOver();
        },
        [Symbol.dispose]() {
          signal?.removeEventListener("abort", leave);
          seats.delete(seat);
          stopIfEmpty();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(lingering);
      closing.abort();
      await ended;
    },
  };
}

async function keepReading(
  { database, logger, wakeups }: LogFeedOptions,
  {
    state,
    topicsOf,
    onRead,
    signal,
  }: { state: FeedState; topicsOf: () => string[]; onRead: () => void; signal: AbortSignal },
): Promise<void> {
  let failureCount = 0;
  while (!signal.aborted) {
    const topics = topicsOf();
    using watch = wakeups.watch(topics.map((topic) => `log:${topic}`));
    let timeoutMs = pollMs;
    try {
      await readOn(database, state, topics, onRead);
      failureCount = 0;
    } catch (thrown) {
      const error = toRoostError(thrown);
      failureCount += 1;
      timeoutMs = Math.min(retryMsMax, pollMs * failureCount);
      if (!signal.aborted) logger.warn("the log could not be read for streams; retrying", { error, failureCount });
    }
    // A stream with a further topic is served from its next pass on.
    if (topicsOf().join(" ") === topics.join(" ")) await watch.next({ timeoutMs, signal });
  }
}

async function readOn(database: Sql, state: FeedState, topics: string[], onRead: () => void): Promise<void> {
  const added = topics.filter((topic) => !state.topics.has(topic));
  if (added.length > 0) {
    const end = await readEnd(database, added);
    Object.assign(state.end, end);
    Object.assign(state.floor, end);
    for (const topic of added) state.topics.add(topic);
    forgetPages(state);
    onRead();
  }
  for (;;) {
    const page = await readLog(database, { topics: [...state.topics], after: state.end, limit: pageLimit });
    if (page.events.length > 0) {
      keep(state, page);
      onRead();
    }
    if (page.isCaughtUp) return;
  }
}
