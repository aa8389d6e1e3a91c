/** Makes the rules of an iCalendar object end: who writes an invitation chooses its rules, and some have no occurrence, or one each second. */
import { RoostError } from "@roost/base";
import ICAL from "ical.js";

/** Dates that may be looked at, of all rules of an object. */
export interface Steps {
  /** Counted down. */
  left: number;
  /** They were not enough. */
  isShort?: boolean;
}

export interface RuleLimits {
  steps: Steps;
  /** Occurrences of later months are not looked for. */
  until: Date;
}

const intervalMax = 10_000;
const rulesMax = 10;
const datesMax = 5_000;
const parts = ["vevent", "standard", "daylight"];
const periodsMs: Record<string, number> = {
  SECONDLY: 1_000,
  MINUTELY: 60_000,
  HOURLY: 3_600_000,
  DAILY: 86_400_000,
  WEEKLY: 7 * 86_400_000,
};
/** Zones have rules, and are asked for some years more. */
const zoneYears = 10;

/** @throws RoostError `limit_exceeded`: more rules or dates than an event has */
export function boundRules(calendar: ICAL.Component, limits: RuleLimits): void {
  const ofZones = new Date(limits.until);
  ofZones.setUTCFullYear(ofZones.getUTCFullYear() + zoneYears);
  for (const component of calendar.getAllSubcomponents()) {
    boundComponent(component, limits);
    for (const part of component.getAllSubcomponents()) boundComponent(part, { ...limits, until: ofZones });
  }
}

function boundComponent(component: ICAL.Component, limits: RuleLimits): void {
  if (!parts.includes(component.name)) return;
  const rules = component.getAllProperties("rrule");
  const dates = [...component.getAllProperties("rdate"), ...component.getAllProperties("exdate")];
  const dateCount = dates.reduce((sum, property) => sum + property.getValues().length, 0);
  if (rules.length > rulesMax || dateCount > datesMax)
    throw tooMany(`it has ${rules.length} rules and ${dateCount} dates`);
  for (const property of rules) {
    const rule: unknown = property.getFirstValue();
    if (!(rule instanceof ICAL.Recur)) continue;
    if (rule.interval > intervalMax) throw tooMany(`its rule has an interval of ${rule.interval}`);
    // The library asks the value itself for its iterator, for events as for zones.
    rule.iterator = (start) => boundIterator(rule, start, limits);
  }
}

function boundIterator(rule: ICAL.Recur, start: ICAL.Time, { steps, until }: RuleLimits): ICAL.RecurIterator {
  // A yearly rule is tried for 18,000 years at its beginning, where it does not end before.
  const ending = rule.clone();
  // Where it is clear from the beginning that they do not suffice none is taken.
  const periodMs = (periodsMs[rule.freq] ?? Number.POSITIVE_INFINITY) * rule.interval;
  if ((until.getTime() - start.toJSDate().getTime()) / periodMs > steps.left) throw tooFar(steps);
  const untilYear = until.getUTCFullYear() + 1;
  const end = ICAL.Time.fromData({ year: untilYear, month: 12, day: 31, isDate: true });
  if (ending.until === null || ending.until.year > untilYear) ending.until = end;
  const iterator = new ICAL.RecurIterator({ rule: ending, dtstart: start });
  iterator.rule = rule;
  const fits = iterator.check_contracting_rules.bind(iterator);
  const next = iterator.next.bind(iterator);
  iterator.check_contracting_rules = () => {
    steps.left -= 1;
    if (steps.left < 0) throw tooFar(steps);
    // A month more: whatever its zone.
    if (iterator.last.year * 12 + iterator.last.month - 1 <= until.getUTCFullYear() * 12 + until.getUTCMonth() + 1)
      return fits();
    iterator.completed = true;
    return true;
  };
  iterator.next = (again) => {
    const time = next(again);
    return iterator.completed ? (null as unknown as ICAL.Time) : time;
  };
  return iterator;
}

function tooFar(steps: Steps): RoostError {
  steps.isShort = true;
  return tooMany("its rules have too many dates before the ones that are looked for");
}

function tooMany(why: string): RoostError {
  return new RoostError("limit_exceeded", why);
}
