/**
 * Group commit: appends requested while another commits go together into the next transaction. Calls keep their order, one call's events are never
 * split, and a failure affects its own call only.
 */
import { RoostError, toRoostError, type Logger } from "@roost/base";
import { sqlStateOf, type Database } from "@roost/database";
import { appendEvents, type Appended } from "./append-events.ts";
import { AppendQueue, type AppendCall } from "./append-queue.ts";
import type { EventDraft, EventPosition } from "./event.ts";
import { checkDraft, isNumbered, numberLabels, prepareDrafts, type DraftContext } from "./prepare-drafts.ts";
import type { NumberedEvent, PreparedEvent } from "./prepare-event.ts";

export const eventsPerAppendMax = 10_000;

export interface AppenderContext extends DraftContext {
  database: Database;
  logger: Logger;
  createId(): string;
  onAppended(appended: Appended): void;
}

export interface Appender extends AsyncDisposable {
  append(drafts: readonly EventDraft[], options?: { signal?: AbortSignal | undefined }): Promise<EventPosition[]>;
}

export function createAppender(context: AppenderContext): Appender {
  const queue = new AppendQueue();
  let running: Promise<void> | undefined;
  let isClosed = false;

  const drain = async () => {
    while (!queue.isEmpty) await commitGroup(context, queue.takeGroup());
    running = undefined;
  };
  const enqueue = (events: NumberedEvent[], signal: AbortSignal | undefined): Promise<EventPosition[]> =>
    new Promise((resolve, reject) => {
      const onAbort = () => {
        // Once it has been sent, its outcome is reported as it is.
        if (queue.withdraw(call)) call.reject(abortedBy(signal!));
      };
      const forget = () => signal?.removeEventListener("abort", onAbort);
      const call: AppendCall = {
        events,
        resolve(positions) {
          forget();
          resolve(positions);
        },
        reject(error) {
          forget();
          reject(error);
        },
      };
      queue.add(call);
      signal?.addEventListener("abort", onAbort, { once: true });
      // Deferred, so that appends of the same turn of the event loop go along.
      running ??= new Promise<void>((next) => setImmediate(next)).then(drain);
    });

  return {
    async append(drafts, { signal } = {}) {
      if (drafts.length > eventsPerAppendMax) {
        throw new RoostError(
          "limit_exceeded",
          `one append has ${drafts.length} events (limit ${eventsPerAppendMax}): split it`,
        );
      }
      const pending = drafts.map((draft) => checkDraft(context, draft, draft.id ?? context.createId()));
      const isReady = pending.every((event) => event.prepared !== undefined);
      // Without waiting where possible, so that calls keep their order.
      const prepared = isReady ? pending.map((event) => event.prepared!) : await prepareDrafts(context, pending);
      const events = prepared.every(isNumbered) ? prepared : await storeLabels(context, prepared);
      if (isClosed) throw new RoostError("unavailable", "the kernel is closed: nothing more can be appended");
      if (signal?.aborted) throw abortedBy(signal);
      return events.length === 0 ? [] : await enqueue(events, signal);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await running;
    },
  };
}

/** In its own transaction: label sets are few, and soon known. */
async function storeLabels(context: AppenderContext, prepared: readonly PreparedEvent[]): Promise<NumberedEvent[]> {
  const { events, remember } = await numberLabels(context.labelSets, context.database, prepared);
  remember();
  return events;
}

/** Never rejects: every call of the group gets its own outcome. */
async function commitGroup(context: AppenderContext, group: AppendCall[]): Promise<void> {
  const events = group.flatMap((call) => call.events);
  let appended: Appended;
  try {
    appended = await appendAlone(context.database, events);
  } catch (thrown) {
    const error = toRoostError(thrown);
    if (group.length > 1 && !error.retryable) {
      // PostgreSQL refused a value that passed all checks: only its own call should fail.
      context.logger.warn("a group of appends was refused; its calls go one by one", {
        error,
        callCount: group.length,
      });
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

/** One statement is its own transaction, without further round trips. */
async function appendAlone(database: Database, events: readonly NumberedEvent[]): Promise<Appended> {
  try {
    return await appendEvents(database, events);
  } catch (thrown) {
    const error = toRoostError(thrown);
    const sqlState = sqlStateOf(thrown) ?? "";
    // Without an answer from a surviving server the outcome is unknown.
    const isUnknown = error.code === "unavailable" && /^(08|57|$)/.test(sqlState.slice(0, 2));
    if (!isUnknown) throw error;
    throw new RoostError(
      "unavailable",
      `it is unknown whether the events were appended; check before repeating: ${error.message}`,
      {
        cause: error,
        details: { ...error.details, outcome: "unknown" },
      },
    );
  }
}

function abortedBy(signal: AbortSignal): RoostError {
  return new RoostError("timeout", "the append was aborted by its signal before it was sent", { cause: signal.reason });
}
