/** One look at the calendars of a CalDAV server (RFC 4791): what begins within a time. Nothing is written there. */
import { RoostError } from "@roost/base";
import type { SourceItem } from "../source-item.ts";
import { openDav, type DavServer } from "./open-dav.ts";
import { readOccurrences, type OccurrencesOptions } from "./read-occurrences.ts";

export interface LookAtCalendarsOptions extends Omit<OccurrencesOptions, "steps"> {
  /** By the names that the server shows. Default: all. */
  calendars: readonly string[];
  eventsMax: number;
  signal: AbortSignal;
}

export interface CalendarLook {
  items: SourceItem[];
  /** Objects that are no calendar as RFC 5545 has it, or are too many. */
  leftCount: number;
}

/** A daily rule of fifty years has 18,000. */
const stepsMax = 50_000;
const calendarsMax = 50;
/** Of one answer of the server. */
const answerBytesMax = 16 * 1024 * 1024;

/** @throws RoostError `forbidden`: the login is refused; `not_found`: there is no such calendar; `unavailable`; `invalid_input`: there is none at all */
export async function lookAtCalendars(server: DavServer, options: LookAtCalendarsOptions): Promise<CalendarLook> {
  const { from, until, eventsMax, signal } = options;
  const client = await openDav(server, { kind: "caldav", answerBytesMax, signal });
  const all = await client.fetchCalendars();
  if (all.length === 0) throw new RoostError("invalid_input", `${server.url} has no calendar for ${server.user}`);
  const items = new Map<string, SourceItem>();
  const steps = { left: stepsMax };
  let leftCount = 0;
  for (const calendar of chosen(all, options.calendars)) {
    let asked = 0;
    const objects = await client.fetchCalendarObjects({
      calendar,
      timeRange: { start: from.toISOString(), end: until.toISOString() },
      urlFilter: (url) => url !== "" && (asked += 1) <= eventsMax,
    });
    leftCount += Math.max(0, asked - eventsMax);
    for (const { data } of objects) {
      if (typeof data !== "string") continue;
      try {
        for (const item of readOccurrences(data, { ...options, steps })) items.set(item.key, item);
      } catch {
        leftCount += 1;
      }
    }
  }
  const soonest = [...items.values()].sort((a, b) => a.at.getTime() - b.at.getTime());
  return { items: soonest.slice(0, eventsMax), leftCount: leftCount + Math.max(0, soonest.length - eventsMax) };
}

function chosen<Calendar extends { displayName?: string | Record<string, unknown> | undefined }>(
  all: readonly Calendar[],
  wanted: readonly string[],
): Calendar[] {
  if (wanted.length === 0) return all.slice(0, calendarsMax);
  const names = all.map(({ displayName }) => displayName);
  const missing = wanted.find((name) => !names.includes(name));
  if (missing === undefined)
    return all.filter((_, index) => wanted.includes(names[index] as string)).slice(0, calendarsMax);
  const there = names.filter((name) => typeof name === "string").slice(0, 20);
  throw new RoostError("not_found", `there is no calendar ${missing}: there are ${there.join(", ")}`);
}
