/** One look at the calendars of a CalDAV server (RFC 4791): what begins within a time. Nothing is written there. */
import { setImmediate } from "node:timers/promises";
import { RoostError, toRoostError } from "@roost/base";
import { namesOf, wordOf, type LeftOutItem, type SourceItem } from "../source-item.ts";
import type { Steps } from "./bound-rules.ts";
import { openDav, type DavClient, type DavServer } from "./open-dav.ts";
import { readOccurrences, titleOf, type OccurrencesOptions } from "./read-occurrences.ts";

export interface LookAtCalendarsOptions extends Pick<OccurrencesOptions, "from" | "until" | "timeZone"> {
  /** By the names that the server shows. Default: all. */
  calendars: readonly string[];
  /** The soonest. */
  eventsMax: number;
  signal: AbortSignal;
}

export interface CalendarLook {
  items: SourceItem[];
  /** How many will follow when others have begun. */
  laterCount: number;
  leftOut: LeftOutItem[];
}

/** Of one object: a daily rule of fifty years has 18,000. */
const stepsMax = 20_000;
/** Of all objects together, and half of it at first: each has its share of what is left, and those that need more wait for the others. */
const stepsOfLook = 200_000;
const roundsMax = 2;
const calendarsMax = 50;
/** Of one calendar, within the time. */
const objectsMax = 1_000;
const objectsAtOnce = 50;
const leftOutMax = 100;
/** Of one answer of the server. */
const answerBytesMax = 16 * 1024 * 1024;

/** @throws RoostError `forbidden`: the login is refused; `not_found`: there is no such calendar; `unavailable`; `invalid_input`: there is none at all */
export async function lookAtCalendars(server: DavServer, options: LookAtCalendarsOptions): Promise<CalendarLook> {
  const { eventsMax, signal } = options;
  const { client, calendars } = await openCalendars(server, options);
  const leftOut: LeftOutItem[] = [];
  const objects: CalendarObject[] = [];
  const failures: RoostError[] = [];
  for (const calendar of calendars)
    try {
      objects.push(...(await objectsOf(client, calendar, { ...options, leftOut })));
    } catch (cause) {
      signal.throwIfAborted();
      const error = toRoostError(cause);
      failures.push(error);
      leftOut.push({ name: nameOf(calendar), why: wordOf(error.message) });
    }
  if (failures.length === calendars.length && failures[0] !== undefined) throw failures[0];
  const items = await occurrencesOf(objects, { ...options, leftOut });
  const soonest = items.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  return {
    items: soonest.slice(0, eventsMax),
    laterCount: Math.max(0, soonest.length - eventsMax),
    leftOut: leftOut.slice(0, leftOutMax),
  };
}

type Calendar = Awaited<ReturnType<DavClient["fetchCalendars"]>>[number];

interface CalendarObject {
  url: string;
  text: string;
}

/** @throws RoostError as lookAtCalendars does */
export async function openCalendars(
  server: DavServer,
  { calendars, signal }: Pick<LookAtCalendarsOptions, "calendars" | "signal">,
): Promise<{ client: DavClient; calendars: Calendar[] }> {
  const client = await openDav(server, { kind: "caldav", answerBytesMax, signal });
  const all = await client.fetchCalendars();
  if (all.length === 0) throw new RoostError("invalid_input", `${server.url} has no calendar for ${server.user}`);
  return { client, calendars: chosen(all, calendars) };
}

async function objectsOf(
  client: DavClient,
  calendar: Calendar,
  { from, until, leftOut, signal }: LookAtCalendarsOptions & { leftOut: LeftOutItem[] },
): Promise<CalendarObject[]> {
  const urls: string[] = [];
  await client.fetchCalendarObjects({
    calendar,
    timeRange: { start: from.toISOString(), end: until.toISOString() },
    // Only the addresses: what they have is asked for in parts.
    urlFilter: (url) => {
      if (url !== "" && url !== calendar.url) urls.push(url);
      return false;
    },
  });
  if (urls.length > objectsMax)
    leftOut.push({ name: nameOf(calendar), why: `${urls.length - objectsMax} of its events are too many: look there` });
  const asked = [...new Set(urls)].slice(0, objectsMax);
  const objects: CalendarObject[] = [];
  for (let at = 0; at < asked.length; at += objectsAtOnce) {
    signal.throwIfAborted();
    objects.push(...(await fetchObjects(client, calendar, { urls: asked.slice(at, at + objectsAtOnce), leftOut })));
  }
  return objects;
}

/** Where they are too large together they are asked for in halves, so that one that is too large alone costs no other. */
async function fetchObjects(
  client: DavClient,
  calendar: Calendar,
  { urls, leftOut }: { urls: string[]; leftOut: LeftOutItem[] },
): Promise<CalendarObject[]> {
  try {
    const found = await client.fetchCalendarObjects({ calendar, objectUrls: urls, urlFilter: () => true });
    return found.flatMap(({ url, data }) => (typeof data === "string" && data !== "" ? [{ url, text: data }] : []));
  } catch (cause) {
    if (!(cause instanceof RoostError) || cause.code !== "limit_exceeded") throw cause;
    const middle = Math.ceil(urls.length / 2);
    const [first, second] = [urls.slice(0, middle), urls.slice(middle)];
    if (second.length === 0) {
      leftOut.push({ name: wordOf(new URL(urls[0] ?? calendar.url).pathname), why: "it is too large" });
      return [];
    }
    return [
      ...(await fetchObjects(client, calendar, { urls: first, leftOut })),
      ...(await fetchObjects(client, calendar, { urls: second, leftOut })),
    ];
  }
}

async function occurrencesOf(
  objects: readonly CalendarObject[],
  { from, until, timeZone, signal, leftOut }: LookAtCalendarsOptions & { leftOut: LeftOutItem[] },
): Promise<SourceItem[]> {
  const items = new Map<string, SourceItem>();
  let waiting = [...objects];
  let left = 0;
  for (let round = 1; round <= roundsMax && waiting.length > 0; round += 1) {
    left += stepsOfLook / roundsMax;
    const again: CalendarObject[] = [];
    for (const [index, object] of waiting.entries()) {
      // Other work of the process goes on between them.
      await setImmediate();
      signal.throwIfAborted();
      const share = Math.min(stepsMax, Math.floor(left / (waiting.length - index)));
      const steps: Steps = { left: share };
      const place = new URL(object.url).pathname;
      try {
        for (const item of readOccurrences(object.text, { place, from, until, timeZone, steps }))
          items.set(item.key, item);
      } catch (error) {
        if (steps.isShort === true && round < roundsMax) again.push(object);
        else leftOut.push({ name: titleOf(object.text) ?? wordOf(place), why: whyUnread(error) });
      }
      left -= share - Math.max(0, steps.left);
    }
    waiting = again;
  }
  return [...items.values()];
}

function whyUnread(error: unknown): string {
  if (error instanceof RoostError) return wordOf(error.message);
  return `it cannot be read: ${wordOf(error instanceof Error ? error.message : String(error), 200)}`;
}

/** As the server shows it. */
export function nameOf({ displayName, url }: Calendar): string {
  return wordOf(typeof displayName === "string" ? displayName : url);
}

function chosen(all: readonly Calendar[], wanted: readonly string[]): Calendar[] {
  if (wanted.length === 0) return all.slice(0, calendarsMax);
  const names = all.map(({ displayName }) => displayName);
  const missing = wanted.find((name) => !names.includes(name));
  if (missing === undefined)
    return all.filter((_, index) => wanted.includes(names[index] as string)).slice(0, calendarsMax);
  const there = names.filter((name) => typeof name === "string");
  throw new RoostError("not_found", `there is no calendar ${missing}: there are ${namesOf(there)}`);
}
