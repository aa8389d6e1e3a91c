/**
 * Turns triggers into instants, and is the only place that does. Clock changes follow Debian cron with one exception: a fixed time runs right after
 * a gap that swallowed it and once in an overlap, an interval (`*` in minute or hour) follows the real clock. An interval limited to some hours
 * also runs once after a gap that swallowed its moments: it must not lose its day.
 */
import { RoostError, timeZoneOf, type TimeZone } from "@roost/base";
import { isMoment } from "@roost/contract/operations";
import { parseCronExpression, type CronExpression } from "./cron-expression.ts";
import type { Trigger } from "./trigger.ts";

/** A longer forward jump corrects the calendar (Samoa, 2011) and makes up nothing; Debian's limit. */
const gapMsMax = 3 * 3_600_000;

/** A zone changes a few times a year and a cron expression can rest for decades; beyond this many changes the search ends. */
const transitionCountMax = 400;

export interface Schedule {
  /** The first moment after `afterMs`; undefined when there is none. */
  next(afterMs: number): number | undefined;
}

export interface ScheduleOptions {
  /** Start of the grid of an `every` trigger without its own; default 1970. */
  anchorMs?: number;
}

/** @throws invalid_input for an invalid expression, time zone, duration or date */
export function createSchedule(trigger: Trigger, options: ScheduleOptions = {}): Schedule {
  const { next } = unboundedSchedule(trigger, options);
  return {
    // A moment that no table can hold never comes.
    next: (afterMs) => {
      const atMs = next(afterMs);
      return atMs !== undefined && isMoment(atMs) ? atMs : undefined;
    },
  };
}

function unboundedSchedule(trigger: Trigger, options: ScheduleOptions): Schedule {
  switch (trigger.kind) {
    case "cron":
      return cronSchedule(parseCronExpression(trigger.expression), timeZoneOf(trigger.timeZone ?? "UTC"));
    case "every":
      return everySchedule(
        trigger.everyMs,
        trigger.anchor === undefined ? (options.anchorMs ?? 0) : parseMoment(trigger.anchor),
      );
    case "at": {
      const atMs = parseMoment(trigger.at);
      return { next: (afterMs) => (atMs > afterMs ? atMs : undefined) };
    }
    case "event":
    case "manual":
      return { next: () => undefined };
  }
}

export interface NextMomentsOptions extends ScheduleOptions {
  /** Exclusive. */
  after: Date;
  /** Inclusive. */
  until?: Date;
  limit: number;
}

/** The moments of a trigger in (after, until], oldest first, at most `limit`. */
export function nextMoments(trigger: Trigger, options: NextMomentsOptions): Date[] {
  const schedule = createSchedule(trigger, options);
  const untilMs = options.until?.getTime() ?? Number.POSITIVE_INFINITY;
  const moments: Date[] = [];
  let cursorMs = options.after.getTime();
  while (moments.length < options.limit) {
    const momentMs = schedule.next(cursorMs);
    if (momentMs === undefined || momentMs > untilMs) break;
    moments.push(new Date(momentMs));
    cursorMs = momentMs;
  }
  return moments;
}

/** Parses an ISO 8601 date and time; without a zone it is UTC. */
export function parseMoment(written: string): number {
  const zoned = /(?:z|[+-]\d\d:?\d\d)$/i.test(written) || !written.includes("T") ? written : `${written}Z`;
  const [, date = "", day = ""] = /^(\d{4}-\d\d-(\d\d))(?:T|$)/.exec(written) ?? [];
  const instantMs = date === "" ? Number.NaN : Date.parse(zoned);
  // Date.parse reads 30 February as 2 March.
  if (Number.isNaN(instantMs) || new Date(`${date}T00:00Z`).getUTCDate() !== Number(day)) {
    throw new RoostError(
      "invalid_input",
      `"${written.slice(0, 64)}" is not a date and time: write it like 2026-03-01T07:30:00Z`,
    );
  }
  return instantMs;
}

function everySchedule(everyMs: number, anchorMs: number): Schedule {
  if (!Number.isSafeInteger(everyMs) || everyMs < 1) {
    throw new RoostError(
      "invalid_input",
      `An interval of ${everyMs} ms is not possible: use a whole number of milliseconds from 1`,
    );
  }
  return {
    next: (afterMs) =>
      afterMs < anchorMs ? anchorMs : anchorMs + (Math.floor((afterMs - anchorMs) / everyMs) + 1) * everyMs,
  };
}

function cronSchedule(expression: CronExpression, zone: TimeZone): Schedule {
  return {
    next: (afterMs) => {
      // Walks stretches of constant offset, in which wall time and instants run in step.
      let fromMs = afterMs;
      let offsetMs = zone.offsetMs(fromMs);
      let seenWallMs = expression.interval ? Number.NEGATIVE_INFINITY : wallSeenBefore(zone, fromMs, offsetMs);
      for (let count = 0; count < transitionCountMax; count += 1) {
        const wallMs = expression.nextWall(Math.max(fromMs + offsetMs, seenWallMs));
        if (wallMs === undefined) return undefined;
        const candidateMs = wallMs - offsetMs;
        const changeMs = zone.nextTransition(fromMs, candidateMs);
        if (changeMs === undefined) return candidateMs;
        const nextOffsetMs = zone.offsetMs(changeMs);
        const jumpMs = nextOffsetMs - offsetMs;
        if (!expression.everyHour && jumpMs > 0 && jumpMs <= gapMsMax && wallMs < changeMs + nextOffsetMs)
          return changeMs;
        if (!expression.interval && jumpMs < 0) seenWallMs = changeMs + offsetMs - 1;
        fromMs = changeMs - 1;
        offsetMs = nextOffsetMs;
        // The change itself may be a moment: start just before it, on the new offset.
        if (expression.nextWall(Math.max(fromMs + offsetMs, seenWallMs)) === changeMs + offsetMs) return changeMs;
        fromMs = changeMs;
      }
      return undefined;
    },
  };
}

/** The latest wall time already shown before a recent backward change of the clock; fixed times up to it are over. */
function wallSeenBefore(zone: TimeZone, atMs: number, offsetMs: number): number {
  // The longest backward change in any zone's tables is a day (date line).
  const lookBackMs = 25 * 3_600_000;
  let fromMs = atMs - lookBackMs;
  let seenMs = Number.NEGATIVE_INFINITY;
  for (let changes = 0; changes < 4; changes += 1) {
    const changeMs = zone.nextTransition(fromMs, atMs);
    if (changeMs === undefined) break;
    const beforeMs = zone.offsetMs(changeMs - 1);
    if (zone.offsetMs(changeMs) < beforeMs) seenMs = Math.max(seenMs, changeMs + beforeMs - 1);
    fromMs = changeMs;
  }
  return seenMs > atMs + offsetMs ? seenMs : Number.NEGATIVE_INFINITY;
}
