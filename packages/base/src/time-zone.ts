/** The offset of an IANA time zone from UTC, and its changes. Built on Intl, whose zone tables come with Node. Knows no cron. */
import { RoostError } from "./roost-error.ts";

export interface TimeZone {
  readonly name: string;
  /** Local wall time minus UTC, in milliseconds, at an instant. */
  offsetMs(instantMs: number): number;
  /** The instant of a wall time (as UTC milliseconds); in an overlap the first, in a gap as if the clock had not moved. */
  instantOf(wallMs: number): number;
  /** The first instant in (fromMs, toMs] with another offset than fromMs; undefined when there is none. */
  nextTransition(fromMs: number, toMs: number): number | undefined;
}

const dayMs = 86_400_000;
/** Of one process: opening Intl's formatter of a zone costs 0.1 ms and more. A home has few zones. */
const opened = new Map<string, TimeZone>();
const openedMax = 100;

/** @throws invalid_input for a name that is not an IANA time zone */
export function timeZoneOf(name: string): TimeZone {
  const zone = opened.get(name) ?? createTimeZone(name);
  if (opened.size < openedMax) opened.set(name, zone);
  return zone;
}

function createTimeZone(name: string): TimeZone {
  const format = openFormat(name);

  const offsetMs = (instantMs: number): number => {
    const whole = Math.floor(instantMs / 1000) * 1000;
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(whole)) {
      if (type !== "literal") part[type] = Number(value);
    }
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
  };

  const nextTransition = (fromMs: number, toMs: number): number | undefined => {
    const offset = offsetMs(fromMs);
    // No zone has ever changed twice within a day, so daily steps miss none.
    let low = fromMs;
    while (low < toMs) {
      const high = Math.min(low + dayMs, toMs);
      if (offsetMs(high) !== offset) return firstDifferent(low, high, offset, offsetMs);
      low = high;
    }
    return undefined;
  };

  const instantOf = (wallMs: number): number => {
    // The offset of a day before decides in a gap and in an overlap; no zone changes twice within a day.
    const before = wallMs - offsetMs(wallMs - dayMs);
    const after = wallMs - offsetMs(before);
    return offsetMs(after) === wallMs - after ? after : before;
  };

  return { name, offsetMs, instantOf, nextTransition };
}

function firstDifferent(low: number, high: number, offset: number, offsetMs: (instantMs: number) => number): number {
  let same = low;
  let different = high;
  while (different - same > 1) {
    const middle = Math.floor((same + different) / 2);
    if (offsetMs(middle) === offset) same = middle;
    else different = middle;
  }
  return different;
}

function openFormat(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "iso8601",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (cause) {
    throw new RoostError(
      "invalid_input",
      `"${name.slice(0, 64)}" is not a time zone: use an IANA name such as Europe/Berlin or UTC`,
      { cause },
    );
  }
}
