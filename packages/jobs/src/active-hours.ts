/** Whether a moment lies in a job's active hours. Pure; the kernel and every view use this one rule. */
import { RoostError, timeZoneOf } from "@roost/base";

export interface ActiveHours {
  /** "HH:MM", inclusive. */
  start: string;
  /** "HH:MM", exclusive; "24:00" is the end of the day. Before `start` it is on the next day. Equal to `start`: never. */
  end: string;
  /** IANA name; left out: the zone of the job. */
  timeZone?: string | undefined;
}

const minutesPerDay = 24 * 60;

/** `timeZone`: of hours that name none. @throws invalid_input for an invalid hour or time zone */
export function isActiveAt(hours: ActiveHours, atMs: number, timeZone: string): boolean {
  const start = minuteOfDay(hours.start);
  const end = minuteOfDay(hours.end);
  const wallMs = atMs + timeZoneOf(hours.timeZone ?? timeZone).offsetMs(atMs);
  const minute = Math.floor(wallMs / 60_000) % minutesPerDay;
  if (start === end) return false;
  return start < end ? minute >= start && minute < end : minute >= start || minute < end;
}

function minuteOfDay(written: string): number {
  const [, hour, minute] = /^(\d\d):(\d\d)$/.exec(written) ?? [];
  const total = Number(hour) * 60 + Number(minute);
  if (Number.isNaN(total) || total > minutesPerDay || Number(minute) > 59) {
    throw new RoostError(
      "invalid_input",
      `"${written.slice(0, 16)}" is not a time of day: write it like 07:30, at most 24:00`,
    );
  }
  return total;
}
