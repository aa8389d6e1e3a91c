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
      return `on ${trigger.eventType}`;
    case "manual":
      return "by hand";
  }
}
