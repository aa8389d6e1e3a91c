/** Ticks made from events: from one, or from those a job has gathered. Pure. */
import type { JsonObject, JsonValue } from "@roost/base";
import { joinLabels, parseLabels, placedFor, type Labels } from "@roost/contract/labels";
import type { StoredEvent } from "@roost/kernel";
import { loopDepthMax } from "./event-loop-depth.ts";
import type { StoredJob } from "./job-row.ts";
import type { NewTick } from "./record-ticks.ts";

/** Longer data is not copied into the run's input: the run reads it from the log. */
const eventDataCharsMax = 64 * 1024;
/** The same limit for several events together. */
const eventsDataCharsMax = 128 * 1024;

/** The tick of one event; skipped when the job itself caused it too often. */
export function eventTick(
  job: StoredJob,
  event: StoredEvent,
  { depth, nowMs }: { depth: number; nowMs: number },
): NewTick {
  const atMs = event.time.getTime();
  const isLoop = depth >= loopDepthMax;
  return {
    job,
    key: `event:${event.id}`,
    atMs,
    outcome: isLoop ? "skipped" : "fire",
    reason: isLoop ? `a loop: the event goes back to ${depth} runs of this job (limit ${loopDepthMax})` : undefined,
    lateMs: Math.max(0, nowMs - atMs),
    missedCount: 0,
    why: `event ${event.type}${event.subject === null ? "" : ` of ${event.subject}`}`,
    causation: event.id,
    correlation: event.correlation,
    traceparent: event.traceparent ?? undefined,
    labels: labelsOf([event]),
    input: { event: eventInput(event, eventDataCharsMax) },
  };
}

/** Events for one tick. */
export interface EventWindow {
  /** By time. */
  entries: { eventId: string; depth: number }[];
  /** When it ends. */
  atMs: number;
  /** Why it closed early, and whether it starts nothing. */
  early?: { reason: string; isSkipped?: boolean };
}

/**
 * The tick of gathered events. Its key is the first one's id. Its cause is the event with the longest chain of the job's own ticks, so that a loop
 * is seen whatever else is gathered.
 */
export function windowTick(
  job: StoredJob,
  window: EventWindow,
  { events, nowMs }: { events: Map<string, StoredEvent>; nowMs: number },
): NewTick {
  const [first] = window.entries;
  const lead = window.entries.reduce((most, entry) => (entry.depth > most.depth ? entry : most));
  const cause = events.get(lead.eventId);
  const count = window.entries.length;
  const eventType = job.trigger.kind === "event" ? job.trigger.eventType : "";
  return {
    job,
    key: `events:${first!.eventId}`,
    atMs: window.atMs,
    outcome: window.early?.isSkipped === true ? "skipped" : "fire",
    reason: window.early?.reason,
    lateMs: Math.max(0, nowMs - window.atMs),
    missedCount: 0,
    why: count === 1 ? `event ${eventType}` : `${count} events ${eventType}`,
    causation: lead.eventId,
    correlation: cause?.correlation,
    traceparent: cause?.traceparent ?? undefined,
    labels: labelsOf(window.entries.flatMap(({ eventId }) => events.get(eventId) ?? [])),
    input: { events: eventsInput(window, events), eventCount: count },
  };
}

/** The job that waits for an event may read it: its audience is the job's. */
function labelsOf(events: readonly StoredEvent[]): Labels {
  return placedFor(joinLabels(...events.map(({ labels }) => parseLabels(labels))), []);
}

/** Events still in the log, with the data of the first ones up to the limit. */
function eventsInput(window: EventWindow, events: Map<string, StoredEvent>): JsonValue[] {
  let room = eventsDataCharsMax;
  return window.entries.flatMap(({ eventId }) => {
    const event = events.get(eventId);
    if (event === undefined) return [];
    const input = eventInput(event, room);
    if (input["data"] !== null) room -= JSON.stringify(input["data"]).length;
    return [input];
  });
}

function eventInput(event: StoredEvent, charsMax: number): JsonObject {
  const { id, type, subject, topic, partition, offset, labels } = event;
  const data: JsonValue = JSON.stringify(event.data).length <= charsMax ? event.data : null;
  return { id, type, subject, topic, partition, offset, time: event.time.toISOString(), labels, data };
}
