/** Checks drafts against the registry: most at once; one whose type this process does not know well enough waits for a lookup. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import type { EventDraft } from "./event.ts";
import type { LabelSets } from "./label-sets.ts";
import { prepareEvent, type NumberedEvent, type PreparedEvent } from "./prepare-event.ts";
import type { SchemaRegistry } from "./schema-registry.ts";

export interface DraftContext {
  registry: SchemaRegistry;
  labelSets: LabelSets;
  /** The `source` of drafts without one. */
  source: string;
}

/** A draft with its id, checked or not. */
export interface PendingEvent {
  draft: EventDraft;
  id: string;
  prepared: PreparedEvent | undefined;
}

/** @throws RoostError `invalid_input` when the draft breaks a schema that no other process can have replaced */
export function checkDraft(context: DraftContext, draft: EventDraft, id: string): PendingEvent {
  const schema = context.registry.find(draft.type);
  if (schema === undefined) return { draft, id, prepared: undefined };
  try {
    return { draft, id, prepared: prepareEvent(draft, id, schema, context) };
  } catch (error) {
    // Another process may have registered a newer version that allows it.
    if (context.registry.isOwn(draft.type)) throw error;
    return { draft, id, prepared: undefined };
  }
}

/** Prepares events for appending; reads the registered schemas again if one of them needs it. */
export async function prepareDrafts(
  context: DraftContext,
  pending: readonly PendingEvent[],
  sql?: Sql,
): Promise<PreparedEvent[]> {
  if (pending.some((event) => event.prepared === undefined)) await context.registry.refresh(sql);
  return pending.map(({ draft, id, prepared }) => {
    if (prepared !== undefined) return prepared;
    const schema = context.registry.find(draft.type);
    if (schema === undefined) {
      throw new RoostError(
        "invalid_input",
        `event type "${draft.type}" is not registered: define it with defineEvent and pass it to registry.register`,
      );
    }
    return prepareEvent(draft, id, schema, context);
  });
}

export function isNumbered(event: PreparedEvent): event is NumberedEvent {
  return event.labelSet !== undefined;
}

/** Adds the numbers of the events' labels; unknown sets are stored or looked up first. */
export async function numberLabels(
  labelSets: LabelSets,
  sql: Sql,
  events: readonly PreparedEvent[],
): Promise<{ events: NumberedEvent[]; remember: () => void }> {
  if (events.every(isNumbered)) return { events: [...events], remember: () => {} };
  const unnumbered = events.filter((event) => !isNumbered(event)).map((event) => event.labels);
  const numbers = await labelSets.number(sql, unnumbered);
  let next = 0;
  return {
    events: events.map((event) => (isNumbered(event) ? event : { ...event, labelSet: numbers[next++]! })),
    remember: () => labelSets.remember(unnumbered, numbers),
  };
}
