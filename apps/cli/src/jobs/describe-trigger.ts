/** When a job is due, in words. */
import { formatDurationMs, parseDurationMs } from "@roost/base";
import type { Job } from "@roost/contract/operations";

export function describeTrigger(trigger: Job["definition"]["trigger"]): string {
  switch (trigger.kind) {
    case "cron":
      return trigger.timeZone === undefined ? trigger.expression : `${trigger.expression} (${trigger.timeZone})`;
    case "every":
      return `every ${formatDurationMs(parseDurationMs(trigger.every))}`;
    case "at":
      return `at ${trigger.at}`;
    case "event":
      return `on ${trigger.eventType}${windowOf(trigger)}`;
    case "manual":
      return "by hand";
  }
}

function windowOf({ debounce, batch }: Extract<Job["definition"]["trigger"], { kind: "event" }>): string {
  if (debounce !== undefined) return ` after ${durationOf(debounce.quiet)} of quiet`;
  return batch === undefined ? "" : `, ${batch.max} at once or after ${durationOf(batch.maxAge)}`;
}

function durationOf(written: string | number): string {
  return formatDurationMs(parseDurationMs(written));
}
