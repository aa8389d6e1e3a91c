/** The occurrences of an iCalendar object (RFC 5545) that begin within a time: repeated, moved and cancelled ones as they are meant. */
import { createHash } from "node:crypto";
import { RoostError, timeZoneOf, type TimeZone } from "@roost/base";
import ICAL from "ical.js";
import { cutText, type SourceItem } from "../source-item.ts";

export interface OccurrencesOptions {
  from: Date;
  until: Date;
  /** Of the home: what has no zone of its own is meant in it. */
  timeZone: string;
  /** Occurrences of rules that may be looked at, from the beginning of each rule: counted down, for all objects of a look together. */
  steps: { left: number };
}

/** @throws Error when the text is no iCalendar object, or `steps` are used up */
export function readOccurrences(text: string, options: OccurrencesOptions): SourceItem[] {
  const calendar = new ICAL.Component(ICAL.parse(text) as string);
  const events = calendar.getAllSubcomponents("vevent");
  const moved = events.filter((event) => event.hasProperty("recurrence-id"));
  const movedFrom = new Set(moved.map((event) => originOf(event)));
  const isWithin = ({ at }: SourceItem) => at >= options.from && at <= options.until;
  return [
    ...moved.flatMap((event) => toItem(event, { origin: originOf(event) }, options)),
    ...events.filter((event) => !moved.includes(event)).flatMap((event) => repeated(event, movedFrom, options)),
  ].filter(isWithin);
}

function repeated(event: ICAL.Component, movedFrom: ReadonlySet<string>, options: OccurrencesOptions): SourceItem[] {
  if (!event.hasProperty("rrule") && !event.hasProperty("rdate")) return toItem(event, {}, options);
  const iterator = new ICAL.Event(event, { strictExceptions: true, exceptions: [] }).iterator();
  const items: SourceItem[] = [];
  for (;;) {
    const start = iterator.next();
    if (start === null || start === undefined) break;
    options.steps.left -= 1;
    if (options.steps.left < 0) throw new RoostError("limit_exceeded", "its rules have too many occurrences");
    const atMs = instantOf(start, zoneOf(event), options.timeZone);
    if (atMs > options.until.getTime()) break;
    const origin = `${uidOf(event)}\n${start.toString()}`;
    if (atMs >= options.from.getTime() && !movedFrom.has(origin))
      items.push(...toItem(event, { origin, start }, options));
  }
  return items;
}

function toItem(
  event: ICAL.Component,
  { origin = uidOf(event), start }: { origin?: string; start?: ICAL.Time },
  { timeZone }: OccurrencesOptions,
): SourceItem[] {
  const { startDate, duration } = new ICAL.Event(event);
  const begins = start ?? startDate;
  if (begins === null || textOf(event, "status").toUpperCase() === "CANCELLED") return [];
  const atMs = instantOf(begins, zoneOf(event), timeZone);
  const endMs = atMs + (duration?.toSeconds() ?? 0) * 1000;
  const lines = [
    `Event: ${textOf(event, "summary")}`,
    `Begins: ${new Date(atMs).toISOString()}${begins.isDate ? " (the whole day)" : ""}`,
    `Ends: ${new Date(endMs).toISOString()}`,
    ...named("Place", textOf(event, "location")),
    ...named("Invited by", textOf(event, "organizer")),
  ];
  const key = createHash("sha256").update(origin).digest("hex");
  return [{ key, at: new Date(atMs), text: cutText(`${lines.join("\n")}\n\n${textOf(event, "description")}`) }];
}

function named(name: string, text: string): string[] {
  return text === "" ? [] : [`${name}: ${text}`];
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
