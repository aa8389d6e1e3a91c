/** Appends that are transactions by themselves: those requested while a batch commits go together into the next one, in the order of the calls. */
import { RoostError, toRoostError } from "@roost/base";
import { sqlStateOf, type Database } from "@roost/database";
import type { BatchOutcome, Batches } from "../batches/create-batches.ts";
import { appendEvents, type Appended } from "./append-events.ts";
import type { EventDraft, EventPosition } from "./event.ts";
import { checkDraft, isNumbered, numberLabels, prepareDrafts, type DraftContext } from "./prepare-drafts.ts";
import type { NumberedEvent, PreparedEvent } from "./prepare-event.ts";

export const eventsPerAppendMax = 10_000;

export interface AppendContext extends DraftContext {
  database: Database;
  batches: Batches;
  createId(): string;
  onAppended(appended: Appended): void;
}

/** As Kernel.append says. One call's events are never split, and a failure affects its own call only. */
export async function appendInBatches(
  context: AppendContext,
  drafts: readonly EventDraft[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<EventPosition[]> {
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
  if (events.length === 0) return [];
  const bytes = events.reduce((sum, event) => sum + event.bytes, 0);
  return context.batches.submit("append", events, (calls: NumberedEvent[][]) => appendCalls(context, calls), {
    size: events.length,
    bytes,
    signal,
  });
}

/** In its own transaction: label sets are few, and soon known. */
async function storeLabels(context: AppendContext, prepared: readonly PreparedEvent[]): Promise<NumberedEvent[]> {
  const { events, remember } = await numberLabels(context.labelSets, context.database, prepared);
  remember();
  return events;
}

/** One statement is its own transaction, without further round trips. */
async function appendCalls(
  { database, onAppended }: AppendContext,
  calls: NumberedEvent[][],
): Promise<BatchOutcome<EventPosition[]>[]> {
  let appended: Appended;
  try {
    appended = await appendEvents(database, calls.flat());
  } catch (thrown) {
    const error = toRoostError(thrown);
    const sqlState = sqlStateOf(thrown) ?? "";
    // Without an answer from a surviving server the outcome is unknown.
    const isUnknown = error.code === "unavailable" && /^(08|57|$)/.test(sqlState.slice(0, 2));
    if (!isUnknown) throw error;
    throw new RoostError(
      "unavailable",
      `it is unknown whether the events were appended; check before repeating: ${error.message}`,
      { cause: error, details: { ...error.details, outcome: "unknown" } },
    );
  }
  onAppended(appended);
  let first = 0;
  return calls.map((call) => ({ value: appended.positions.slice(first, (first += call.length)) }));
}
