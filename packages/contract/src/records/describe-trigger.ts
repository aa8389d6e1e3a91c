import { formatDurationMs, parseDurationMs } from "@roost/base/browser";
import type { JobDefinition } from "./job.ts";

type Trigger = JobDefinition["trigger"];

/** Describes a job's trigger in the words used everywhere. A trigger in `timeZone`, the reader's, is shown without it. */
export function describeTrigger(trigger: Trigger, options: { timeZone?: string | undefined } = {}): string {
  switch (trigger.kind) {
    case "cron": {
      const isNamed = trigger.timeZone !== undefined && trigger.timeZone !== options.timeZone;
      return `cron ${trigger.expression}${isNamed ? ` (${trigger.timeZone})` : ""}`;
    }
    case "every":
      return `every ${durationOf(trigger.every)}`;
    case "at":
      return `once at ${trigger.at}`;
    case "event":
      return `on ${trigger.eventType}${gathered(trigger)}`;
    case "manual":
      return "by hand";
  }
}

function gathered({ debounce, batch }: Extract<Trigger, { kind: "event" }>): string {
  if (debounce !== undefined) return ` after ${durationOf(debounce.quiet)} of quiet`;
  return batch === undefined ? "" : `, ${batch.max} at once or after ${durationOf(batch.maxAge)}`;
}

function durationOf(written: string | number): string {
  return formatDurationMs(parseDurationMs(written));
}
