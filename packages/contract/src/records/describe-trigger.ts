import { formatDurationMs, parseDurationMs } from "@roost/base/browser";
import type { JobDefinition } from "./job.ts";

type Trigger = JobDefinition["trigger"];

/** Describes a job's trigger in the words used everywhere. `timeZone` is the reader's: moments are in it, and it is not named. */
export function describeTrigger(trigger: Trigger, options: { timeZone?: string | undefined } = {}): string {
  switch (trigger.kind) {
    case "cron": {
      const isNamed = trigger.timeZone !== undefined && trigger.timeZone !== options.timeZone;
      return `cron ${trigger.expression}${isNamed ? ` (${trigger.timeZone})` : ""}`;
    }
    case "every":
      return `every ${durationOf(trigger.every)}`;
    case "at":
      return `once at ${momentIn(trigger.at, options.timeZone)}`;
    case "event":
      return `on ${trigger.eventType}${gathered(trigger)}`;
    case "manual":
      return "by hand";
  }
}

/** `2027-06-01 09:00`; without a zone as it is written. */
function momentIn(moment: string, timeZone: string | undefined): string {
  if (timeZone === undefined) return moment;
  const written = new Date(moment).toLocaleString("sv-SE", { timeZone });
  return written.endsWith(":00") ? written.slice(0, -3) : written;
}

function gathered({ debounce, batch }: Extract<Trigger, { kind: "event" }>): string {
  if (debounce !== undefined) return ` after ${durationOf(debounce.quiet)} of quiet`;
  return batch === undefined ? "" : `, ${batch.max} at once or after ${durationOf(batch.maxAge)}`;
}

function durationOf(written: string | number): string {
  return formatDurationMs(parseDurationMs(written));
}
