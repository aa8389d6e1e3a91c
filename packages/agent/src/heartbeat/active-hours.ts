// When heartbeats may beat: hours of the day in a timezone, by that timezone's wall clock.

import { RoostError } from "@roost/base";

export interface ActiveHours {
  /** `HH:MM`, inclusive. */
  start: string;
  /** `HH:MM`, exclusive; `24:00` is the end of the day. Before `start`: past midnight. Equal to `start`: never. */
  end: string;
  /** IANA name, such as `Europe/Zurich`. */
  timezone: string;
}

const minutesPerDay = 24 * 60;

/** Whether the moment lies within the hours. @throws RoostError `invalid_input` for times or timezones that do not exist */
export function isWithinActiveHours(hours: ActiveHours, nowMs: number): boolean {
  const start = minutesOf(hours.start, "start");
  const end = minutesOf(hours.end, "end");
  const now = minuteOfDay(nowMs, hours.timezone);
  if (start === end) return false;
  return start < end ? now >= start && now < end : now >= start || now < end;
}

function minutesOf(text: string, name: string): number {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text);
  const minutes = match === null ? NaN : Number(match[1]) * 60 + Number(match[2]);
  const isValid = Number(match?.[2]) < 60 && (minutes < minutesPerDay || (name === "end" && minutes === minutesPerDay));
  if (!isValid)
    throw new RoostError(
      "invalid_input",
      `active hours: ${name} is ${JSON.stringify(text)}; write HH:MM from 00:00 to ${name === "end" ? "24:00" : "23:59"}`,
    );
  return minutes;
}

function minuteOfDay(nowMs: number, timezone: string): number {
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }).formatToParts(nowMs);
  } catch (cause) {
    throw new RoostError(
      "invalid_input",
      `active hours: there is no timezone ${JSON.stringify(timezone)}; use an IANA name such as Europe/Zurich`,
      { cause },
    );
  }
  const number = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return number("hour") * 60 + number("minute");
}
