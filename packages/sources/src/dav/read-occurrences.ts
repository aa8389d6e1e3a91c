/** The occurrences of an iCalendar object (RFC 5545) that begin within a time: repeated, moved and cancelled ones as they are meant. */
import { RoostError, timeZoneOf, type TimeZone } from "@roost/base";
import ICAL from "ical.js";
import { cutText, hashOf, wordOf, type SourceItem } from "../source-item.ts";
import { boundRules, type RuleLimits } from "./bound-rules.ts";

export interface OccurrencesOptions extends Pick<RuleLimits, "steps"> {
  /** Where the server has the object: the same UID elsewhere, which anyone can write, is another event. */
  place: string;
  from: Date;
  until: Date;
  /** Of the home: what has no zone of its own is meant in it. */
  timeZone: string;
}

const objectCharsMax = 1024 * 1024;
const eventsMax = 2_000;
/** Of one object, within the time. */
const itemsMax = 200;

/** @throws Error when the text is no iCalendar object; RoostError `limit_exceeded`: it is too large, or `steps` are used up */
export function readOccurrences(text: string, options: OccurrencesOptions): SourceItem[] {
  if (text.length > objectCharsMax) throw tooMuch(`it has more than ${objectCharsMax} characters`);
  const calendar = new ICAL.Component(ICAL.parse(text) as string);
  boundRules(calendar, options);
  const events = calendar.getAllSubcomponents("vevent");
  if (events.length > eventsMax) throw tooMuch(`it has more than ${eventsMax} events`);
  const repeats = events.filter((event) => !isMoved(event));
  const moved = events.filter(isMoved);
  const movedFrom = new Set(moved.map((event) => originOf(event)));
  const isWithin = ({ at }: SourceItem) => at >= options.from && at <= options.until;
  const items = [
    ...moved.flatMap((event) => toItem(event, { origin: originOf(event) }, options)),
    ...repeats.flatMap((event) => repeated(event, movedFrom, options)),
  ];
  // Two that claim to be the same one are two: neither hides the other.
  const counts = new Map<string, number>();
  const each = items.map((item) => {
    const count = (counts.get(item.key) ?? 0) + 1;
    counts.set(item.key, count);
    return count === 1 ? item : { ...item, key: hashOf(item.key, String(count)) };
  });
  return each.filter(isWithin);
}

/** What it calls itself, for a person who looks for it. */
export function titleOf(text: string): string | undefined {
  const [, title] = /^SUMMARY[^:\r\n]{0,200}:([^\r\n]{1,400})/m.exec(text.slice(0, objectCharsMax)) ?? [];
  return title === undefined ? undefined : wordOf(title, 100);
}

function isMoved(event: ICAL.Component): boolean {
  return event.hasProperty("recurrence-id");
}

function repeated(event: ICAL.Component, movedFrom: ReadonlySet<string>, options: OccurrencesOptions): SourceItem[] {
  if (!event.hasProperty("rrule") && !event.hasProperty("rdate")) return toItem(event, {}, options);
  const iterator = alone(event).iterator();
  const items: SourceItem[] = [];
  for (;;) {
    const start = iterator.next();
    if (start === null || start === undefined) break;
    const atMs = instantOf(start, zoneOf(event), options.timeZone);
    if (atMs > options.until.getTime()) break;
    const origin = `${uidOf(event)}\n${start.toString()}`;
    if (atMs < options.from.getTime() || movedFrom.has(origin)) continue;
    if (items.length >= itemsMax) throw tooMuch(`it begins more than ${itemsMax} times within the time`);
    items.push(...toItem(event, { origin, start }, options));
  }
  return items;
}

/** Without looking for what was moved of it, which is read for itself. */
function alone(event: ICAL.Component): ICAL.Event {
  return new ICAL.Event(event, { strictExceptions: true, exceptions: [] });
}

function toItem(
  event: ICAL.Component,
  { origin = uidOf(event), start }: { origin?: string; start?: ICAL.Time },
  { timeZone, place }: OccurrencesOptions,
): SourceItem[] {
  const { startDate, duration } = alone(event);
  const begins = start ?? startDate;
  if (begins === null || textOf(event, "status").toUpperCase() === "CANCELLED") return [];
  const atMs = instantOf(begins, zoneOf(event), timeZone);
  if (!isDate(atMs)) return [];
  const endMs = atMs + (duration?.toSeconds() ?? 0) * 1000;
  const lines = [
    `Event: ${wordOf(textOf(event, "summary"))}`,
    `Begins: ${new Date(atMs).toISOString()}${begins.isDate ? " (the whole day)" : ""}`,
    ...(isDate(endMs) ? [`Ends: ${new Date(endMs).toISOString()}`] : []),
    ...named("Place", textOf(event, "location")),
    ...named("Invited by", textOf(event, "organizer")),
  ];
  return [
    {
      key: hashOf(place, origin),
      at: new Date(atMs),
      text: cutText(`${lines.join("\n")}\n\n${textOf(event, "description")}`),
    },
  ];
}

function isDate(ms: number): boolean {
  return !Number.isNaN(new Date(ms).getTime());
}

function named(name: string, text: string): string[] {
  return text === "" ? [] : [`${name}: ${wordOf(text)}`];
}

function uidOf(event: ICAL.Component): string {
  return textOf(event, "uid");
}

/** Of the occurrence that was changed: when it would have been. */
function originOf(event: ICAL.Component): string {
  return `${uidOf(event)}\n${textOf(event, "recurrence-id")}`;
}

function textOf(event: ICAL.Component, name: string): string {
  const value: unknown = event.getFirstPropertyValue(name);
  return value === null || value === undefined ? "" : String(value);
}

/** An IANA name counts as such, whatever rules the file gives for it. */
function zoneOf(event: ICAL.Component): TimeZone | undefined {
  const name: unknown = event.getFirstProperty("dtstart")?.getParameter("tzid");
  if (typeof name !== "string") return undefined;
  try {
    return timeZoneOf(name);
  } catch {
    return undefined;
  }
}

function instantOf(time: ICAL.Time, zone: TimeZone | undefined, home: string): number {
  const isOfFile = !time.isDate && time.zone !== undefined && time.zone !== ICAL.Timezone.localTimezone;
  if (isOfFile && (zone === undefined || time.zone === ICAL.Timezone.utcTimezone)) return time.toUnixTime() * 1000;
  const { year, month, day, hour, minute, second } = time;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  return (time.isDate ? timeZoneOf(home) : (zone ?? timeZoneOf(home))).instantOf(wall);
}

function tooMuch(why: string): RoostError {
  return new RoostError("limit_exceeded", why);
}
