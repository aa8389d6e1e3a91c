/**
 * Group commit: appends of this process that come while another one is being committed travel together in the next
 * transaction. Calls keep their order; one call's events are never split; the queue is bounded.
 */
import { RoostError, toRoostError, type Logger } from "@roost/base";
import { sqlStateOf, type Database } from "@roost/database";
import { appendEvents, type Appended } from "./append-events.ts";
import type { EventDraft, EventPosition } from "./event.ts";
import { checkDraft, prepareDrafts, type DraftContext } from "./prepare-drafts.ts";
import type { PreparedEvent } from "./prepare-event.ts";

/** A group takes further calls until it has this many events or bytes; a single larger call goes alone. */
const groupEventsMax = 500;
const groupBytesMax = 4_000_000;
export const eventsPerAppendMax = 10_000;
const queuedEventsMax = 50_000;
const queuedBytesMax = 64_000_000;
const attemptsMax = 5;

export interface AppenderContext extends DraftContext {
  database: Database;
  logger: Logger;
  createId(): string;
  onAppended(appended: Appended): void;
}

export interface Appender extends AsyncDisposable {
  append(drafts: readonly EventDraft[], options?: { signal?: AbortSignal | undefined }): Promise<EventPosition[]>;
}

interface Call {
  events: PreparedEvent[];
  bytes: number;
  resolve(positions: EventPosition[]): void;
  reject(error: RoostError): void;
}

export function createAppender(context: AppenderContext): Appender {
  const queue: Call[] = [];
  let queuedEventCount = 0;
  let queuedBytes = 0;
  let running: Promise<void> | undefined;
  let isClosed = false;

  const enqueue = (events: PreparedEvent[], signal: AbortSignal | undefined): Promise<EventPosition[]> => {
    const bytes = events.reduce((sum, event) => sum + event.bytes, 0);
    if (bytes > queuedBytesMax) {
      throw new RoostError("limit_exceeded", `one append has ${bytes} bytes (limit ${queuedBytesMax}): split it`);
    }
    if (queue.length > 0 && (queuedEventCount + events.length > queuedEventsMax || queuedBytes + bytes > queuedBytesMax)) {
      throw new RoostError(
        "limit_exceeded",
        `${queuedEventCount} events with ${queuedBytes} bytes wait to be appended (limits ${queuedEventsMax} and ${queuedBytesMax}): append no faster than appends are acknowledged`,
      );
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        const index = queue.indexOf(call);
        // Once it is on its way its outcome is told as it is.
        if (index < 0) return;
        queue.splice(index, 1);
        leave(call);
        reject(abortedBy(signal!));
      };
      const settle = () => signal?.removeEventListener("abort", onAbort);
      const call: Call = {
        events,
        bytes,
        resolve: (positions) => (settle(), resolve(positions)),
        reject: (error) => (settle(), reject(error)),
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      queue.push(call);
      queuedEventCount += events.length;
      queuedBytes += bytes;
      // Not at once: what is appended in the same turn of the event loop goes along.
      running ??= new Promise<void>((next) => setImmediate(next)).then(drain);
    });
  };
  const leave = (call: Call) => {
    queuedEventCount -= call.events.length;
    queuedBytes -= call.bytes;
  };
  const takeGroup = (): Call[] => {
    const group: Call[] = [];
    let eventCount = 0;
    let bytes = 0;
    for (const call of queue) {
      if (group.length > 0 && (eventCount + call.events.length > groupEventsMax || bytes + call.bytes > groupBytesMax)) break;
      group.push(call);
      eventCount += call.events.length;
      bytes += call.bytes;
    }
    queue.splice(0, group.length);
    for (const call of group) leave(call);
    return group;
  };
  const drain = async () => {
    while (queue.length > 0) await commitGroup(context, takeGroup());
    running = undefined;
  };

  return {
    async append(drafts, options = {}) {
      if (isClosed) throw new RoostError("unavailable", "the kernel is closed: nothing can be appended any more");
      if (options.signal?.aborted) throw abortedBy(options.signal);
      if (drafts.length === 0) return [];
      if (drafts.length > eventsPerAppendMax) {
        throw new RoostError("limit_exceeded", `one append has ${drafts.length} events (limit ${eventsPerAppendMax}): split it`);
      }
      const pending = drafts.map((draft) => checkDraft(context, draft, draft.id ?? context.createId()));
      const events = pending.every((event) => event.prepared !== undefined) ? pending.map((event) => event.prepared!) : await prepareDrafts(context, pending);
      return await enqueue(events, options.signal);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await running;
    },
  };
}

/** Never rejects: every call of the group learns its own outcome. */
async function commitGroup(context: AppenderContext, group: Call[]): Promise<void> {
  const events = group.length === 1 ? group[0]!.events : group.flatMap((call) => call.events);
  let appended: Appended;
  try {
    appended = await appendAlone(context.database, events);
  } catch (thrown) {
    const error = toRoostError(thrown);
    if (group.length > 1 && !error.retryable) {
      // PostgreSQL refused a value that every check let pass: only its own call shall fail.
      context.logger.warn("a group of appends was refused; its calls go one by one", { error, callCount: group.length });
      for (const call of group) await commitGroup(context, [call]);
      return;
    }
    for (const call of group) call.reject(error);
    return;
  }
  context.onAppended(appended);
  let first = 0;
  for (const call of group) {
    call.resolve(appended.positions.slice(first, first + call.events.length));
    first += call.events.length;
  }
}

/** One statement is a transaction of its own, without two further round trips. */
async function appendAlone(database: Database, events: readonly PreparedEvent[]): Promise<Appended> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await appendEvents(database, events);
    } catch (thrown) {
      const error = toRoostError(thrown);
      const sqlState = sqlStateOf(thrown) ?? "";
      // Rolled back in favour of another transaction.
      if (sqlState.startsWith("40") && attempt < attemptsMax) continue;
      // Without an answer from a server that lived on, nobody knows.
      const isUnknown = error.code === "unavailable" && /^(08|57|$)/.test(sqlState.slice(0, 2));
      if (!isUnknown) throw error;
      throw new RoostError("unavailable", `whether the events were appended is unknown, look before repeating it: ${error.message}`, {
        cause: error,
        details: { ...error.details, outcome: "unknown" },
      });
    }
  }
}

function abortedBy(signal: AbortSignal): RoostError {
  return new RoostError("timeout", "the append was aborted by its signal before it was sent", { cause: signal.reason });
}
