import type { JsonValue } from "@roost/base";

/** What starts a job, as stored: durations in milliseconds, times as ISO 8601. */
export type Trigger =
  | { kind: "cron"; expression: string; timeZone?: string }
  | { kind: "every"; everyMs: number; anchor?: string }
  | { kind: "at"; at: string }
  | { kind: "event"; eventType: string; filter?: Record<string, JsonValue>; window?: TriggerWindow }
  | { kind: "manual" };

/** How a job gathers events before it fires; at most `eventsMax` at once. */
export type TriggerWindow =
  | { kind: "debounce"; quietMs: number; maxWaitMs: number; eventsMax: number }
  | { kind: "batch"; eventsMax: number; maxAgeMs: number };
