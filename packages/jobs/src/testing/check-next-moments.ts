/**
 * nextMoments() against a brute-force oracle that shares no code with it: it
 * looks at every minute of a stretch of time, asks Intl what the clock shows,
 * and applies the rule for clock changes literally.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSchedule, nextMoments } from "../next-moments.ts";

const minuteMs = 60_000;
const gapMinutesMax = 180;

/** The fields of an expression of numbers, lists, ranges, steps and stars. */
function fieldMatches(field: string, value: number, low: number, high: number): boolean {
  return field.split(",").some((part) => {
    const [range = "", step = "1"] = part.split("/");
    const [from, to] =
      range === "*" ? [low, high] : [Number(range.split("-")[0]), Number(range.split("-")[1] ?? range)];
    return value >= from && value <= to && (value - from) % Number(step) === 0;
  });
}

/** What the clock on the wall shows, as if it showed UTC. */
interface Wall {
  ms: number;
  minute: number;
  hour: number;
  day: number;
  month: number;
  weekday: number;
}

function wallAt(ms: number): Wall {
  const shown = new Date(ms);
  return {
    ms,
    minute: shown.getUTCMinutes(),
    hour: shown.getUTCHours(),
    day: shown.getUTCDate(),
    month: shown.getUTCMonth() + 1,
    weekday: shown.getUTCDay(),
  };
}

/** Whether the clock may show a time. Each field is read once: an expression is asked of every minute of a week. */
function matcherOf(expression: string): (wall: Wall) => boolean {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = expression.split(" ");
  const valuesOf = (field: string, low: number, high: number) =>
    new Set(
      Array.from({ length: high + 1 }, (_, value) => value).filter((value) => fieldMatches(field, value, low, high)),
    );
  const minutes = valuesOf(minute, 0, 59);
  const hours = valuesOf(hour, 0, 23);
  const days = valuesOf(day, 1, 31);
  const months = valuesOf(month, 1, 12);
  const weekdays = valuesOf(weekday, 0, 6);
  const needsBoth = day === "*" || weekday === "*";
  return (wall) => {
    if (!minutes.has(wall.minute) || !hours.has(wall.hour) || !months.has(wall.month)) return false;
    const dayMatches = days.has(wall.day);
    const weekdayMatches = weekdays.has(wall.weekday);
    return needsBoth ? dayMatches && weekdayMatches : dayMatches || weekdayMatches;
  };
}

/** At each minute. */
function wallMinutes(zone: string, fromMs: number, toMs: number): Map<number, Wall> {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
  const walls = new Map<number, Wall>();
  for (let atMs = fromMs; atMs <= toMs; atMs += minuteMs)
    walls.set(atMs, wallAt(Date.parse(`${format.format(atMs).replace(" ", "T")}Z`)));
  return walls;
}

function oracle(expression: string, walls: Map<number, Wall>): number[] {
  const [minute = "", hour = ""] = expression.split(" ");
  const matches = matcherOf(expression);
  const interval = minute.startsWith("*") || hour.startsWith("*");
  const seen = new Set<number>();
  const due: number[] = [];
  let previousMs: number | undefined;
  for (const [atMs, wall] of walls) {
    const isMatched = matches(wall);
    let fires = isMatched && (interval || !seen.has(wall.ms));
    const jumpMinutes = previousMs === undefined ? 1 : (wall.ms - previousMs) / minuteMs;
    if (!hour.startsWith("*") && previousMs !== undefined && jumpMinutes > 1 && jumpMinutes - 1 <= gapMinutesMax) {
      for (let missing = previousMs + minuteMs; missing < wall.ms; missing += minuteMs)
        fires ||= matches(wallAt(missing));
    }
    if (fires) due.push(atMs);
    // What does not match is not asked for.
    if (isMatched) seen.add(wall.ms);
    previousMs = wall.ms;
  }
  return due;
}

const expressions = [
  "30 2 * * *",
  "0 2 * * *",
  "0 3 * * *",
  "15 1 * * *",
  "45 1 * * *",
  "0 0 * * *",
  "59 23 * * *",
  "0,15,30,45 1-3 * * *",
  "0-59/7 2 * * *",
  "0 0-23/2 * * *",
  "0 * * * *",
  "17 * * * *",
  "*/20 * * * *",
  "*/7 2 * * *",
  "* 1 * * *",
  "* 2 * * *",
  "*/15 1-2 * * *",
  "0 */2 * * *",
  "30 */3 * * *",
  "30 2 * * 0",
  "30 2 1,29 * 0",
  "30 2 29 3 *",
];

/** A zone, and days around a change of its clocks. */
export type Stretch = [zone: string, from: string, to: string];

const shown = (ms: number) => (Number.isFinite(ms) ? new Date(ms).toISOString() : "none");

/** Defines a test for each stretch. */
export function checkNextMoments(stretches: Stretch[]): void {
  for (const [zone, from, to] of stretches) {
    test(`nextMoments() agrees with the oracle in ${zone} from ${from} to ${to}, ${expressions.length} expressions`, () => {
      const fromMs = Date.parse(`${from}T00:00Z`);
      const toMs = Date.parse(`${to}T00:00Z`);
      // The oracle starts two days early, so that it has seen what an overlap repeats.
      const walls = wallMinutes(zone, fromMs - 2 * 86_400_000, toMs);
      for (const expression of expressions) {
        const expected = oracle(expression, walls).filter((atMs) => atMs > fromMs);
        const trigger = { kind: "cron", expression, timeZone: zone } as const;
        const walked = nextMoments(trigger, { after: new Date(fromMs), until: new Date(toMs), limit: 10_000 });
        assert.deepEqual(
          walked.map((moment) => moment.toISOString()),
          expected.map((atMs) => new Date(atMs).toISOString()),
          `${expression}, walked`,
        );
        // Asked at many moments, without having walked there, the next moment is the same.
        const schedule = createSchedule(trigger);
        let place = 0;
        for (let askMs = fromMs; askMs < toMs; askMs += 433 * minuteMs + 37_000) {
          const nextMs = schedule.next(askMs) ?? Number.POSITIVE_INFINITY;
          while ((expected[place] ?? Number.POSITIVE_INFINITY) <= askMs) place += 1;
          const wanted = expected[place];
          if ((nextMs > toMs ? undefined : nextMs) === wanted) continue;
          const [given, right] = [nextMs, wanted ?? Number.POSITIVE_INFINITY].map(shown);
          assert.fail(`${expression}, asked at ${shown(askMs)}: ${given} for ${right}`);
        }
      }
    });
  }
}
