/** Resolves a written trigger: durations in ms, times as instants, a time zone. */
import { writeDurationMs, parseDurationMs, RoostError } from "@roost/base";
import { eventsPerRunMax, type JobDefinition } from "@roost/contract/operations";
import { createSchedule } from "./next-moments.ts";
import type { Trigger, TriggerWindow } from "./trigger.ts";

/** The shortest interval of a job; anything faster is a loop, not a job. */
export const everyMsMin = 1_000;

/** Resolves a written trigger for storage. @throws invalid_input for an invalid expression, zone, duration or date */
export function resolveTrigger(written: JobDefinition["trigger"], timeZone: string): Trigger {
  const trigger = read(written, timeZone);
  createSchedule(trigger);
  return trigger;
}

function read(written: JobDefinition["trigger"], timeZone: string): Trigger {
  switch (written.kind) {
    case "cron":
      return { kind: "cron", expression: written.expression, timeZone: written.timeZone ?? timeZone };
    case "every": {
      const everyMs = parseDurationMs(written.every);
      if (everyMs < everyMsMin)
        throw new RoostError(
          "invalid_input",
          `An interval of ${everyMs} ms is too short: the shortest is ${everyMsMin} ms`,
        );
      return { kind: "every", everyMs, ...(written.anchor === undefined ? {} : { anchor: written.anchor }) };
    }
    case "at":
      return { kind: "at", at: written.at };
    case "event": {
      const window = resolveWindow(written);
      return {
        kind: "event",
        eventType: written.eventType,
        ...(written.filter === undefined ? {} : { filter: written.filter }),
        ...(window === undefined ? {} : { window }),
      };
    }
    case "manual":
      return { kind: "manual" };
  }
}

/** How long events may be gathered; they must still be in the log when the job fires. */
const gatherMsMax = 7 * 86_400_000;

function resolveWindow({
  debounce,
  batch,
}: Extract<JobDefinition["trigger"], { kind: "event" }>): TriggerWindow | undefined {
  if (debounce !== undefined && batch !== undefined)
    throw new RoostError("invalid_input", "A trigger gathers events by debounce or by batch, not by both: keep one");
  if (debounce !== undefined) {
    const quietMs = gatherMs("debounce.quiet", debounce.quiet);
    const maxWaitMs =
      debounce.maxWait === undefined
        ? Math.min(10 * quietMs, gatherMsMax)
        : gatherMs("debounce.maxWait", debounce.maxWait);
    if (maxWaitMs < quietMs)
      throw new RoostError(
        "invalid_input",
        `debounce.maxWait is ${writeDurationMs(maxWaitMs)}, less than debounce.quiet (${writeDurationMs(quietMs)})`,
      );
    return { kind: "debounce", quietMs, maxWaitMs, eventsMax: eventsPerRunMax };
  }
  if (batch === undefined) return undefined;
  return { kind: "batch", eventsMax: batch.max, maxAgeMs: gatherMs("batch.maxAge", batch.maxAge) };
}

function gatherMs(field: string, written: string | number): number {
  const ms = parseDurationMs(written);
  if (ms < 1 || ms > gatherMsMax)
    throw new RoostError("invalid_input", `${field} is ${writeDurationMs(ms)}: give a duration from 1 ms to 7 days`);
  return ms;
}
