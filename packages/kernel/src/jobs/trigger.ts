import type { JsonValue } from "@roost/base";

/** What starts a job, as it is stored: lengths in milliseconds, moments as ISO 8601. */
export type Trigger =
  | { kind: "cron"; expression: string; timeZone?: string }
  | { kind: "every"; everyMs: number; anchor?: string }
  | { kind: "at"; at: string }
  | { kind: "event"; eventType: string; filter?: Record<string, JsonValue> }
  | { kind: "manual" };
