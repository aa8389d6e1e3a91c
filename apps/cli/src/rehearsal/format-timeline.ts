/** Draws a bar per period: ticks that fire, ticks that do not, and tokens read. */
import type { RehearsalReport, RehearsedHour } from "@roost/contract/operations";
import type { Paint } from "../print/create-paint.ts";
import { formatCount } from "../print/format-spend.ts";
import { phoneColumnsMax } from "../print/table.ts";
import { padText } from "@roost/base/text-width";
import { costText, type Moments } from "./format-amounts.ts";

/** Above this many lines, periods are merged. */
const linesMax = 26;
const barWidthMax = 24;
const barWidthMin = 6;
const dayWidth = 6;
const timeWidth = 5;

export function formatTimeline(
  { timeline }: RehearsalReport,
  moments: Moments,
  { columns, paint }: { columns: number; paint: Paint },
): string[] {
  const stretches = putTogether(timeline);
  const isNarrow = columns <= phoneColumnsMax;
  const texts = stretches.map((stretch) => restOf(stretch, isNarrow));
  const restWidth = Math.max(0, ...texts.map((text) => text.length));
  const barWidth = Math.max(barWidthMin, Math.min(barWidthMax, columns - dayWidth - timeWidth - restWidth - 4));
  const most = Math.max(1, ...stretches.map(({ fired, skipped, missed }) => fired + skipped + missed));
  let told = "";
  return stretches.map((stretch, index) => {
    const { day, time } = moments.parts(stretch.at);
    const shownDay = day === told ? "" : day;
    told = day;
    const { fired, skipped, missed } = stretch;
    const scaled = (count: number) => (count === 0 ? 0 : Math.max(1, Math.round((count / most) * barWidth)));
    const firedWidth = Math.min(scaled(fired), barWidth);
    const otherWidth = Math.min(scaled(skipped + missed), barWidth - firedWidth);
    const blank = " ".repeat(barWidth - firedWidth - otherWidth);
    const bar = `${paint("█".repeat(firedWidth), "good")}${paint("░".repeat(otherWidth), missed > 0 ? "bad" : "warn")}${blank}`;
    return `${paint(padText(shownDay, dayWidth), "dim")} ${time} ${bar} ${texts[index] ?? ""}`.trimEnd();
  });
}

/** In little space, money matters more than tokens. */
function restOf({ fired, skipped, missed, tokens, costUsd, goingMax }: RehearsedHour, isNarrow: boolean): string {
  if (fired + skipped + missed === 0 && tokens === 0) return goingMax > 0 ? "goes on" : "";
  const counts = [String(fired), ...(skipped > 0 ? [`−${skipped}`] : []), ...(missed > 0 ? [`!${missed}`] : [])].join(
    " ",
  );
  const read = tokens === 0 ? "" : formatCount(tokens);
  if (isNarrow && costUsd !== null) return `${counts.padEnd(6)} ${costText(costUsd)}`.trimEnd();
  return `${counts.padEnd(6)} ${read.padStart(6)} ${costText(costUsd)}`.trimEnd();
}

/** Merges neighbouring periods when there are too many. */
function putTogether(timeline: readonly RehearsedHour[]): RehearsedHour[] {
  const size = [1, 2, 3, 6, 12].find((hours) => timeline.length / hours <= linesMax) ?? 24;
  const stretches: RehearsedHour[] = [];
  for (let at = 0; at < timeline.length; at += size) {
    const part = timeline.slice(at, at + size);
    const sum = (field: "fired" | "skipped" | "missed" | "tokens") =>
      part.reduce((total, hour) => total + hour[field], 0);
    const isPriced = part.every(({ costUsd }) => costUsd !== null);
    stretches.push({
      at: part[0]?.at ?? "",
      fired: sum("fired"),
      skipped: sum("skipped"),
      missed: sum("missed"),
      tokens: sum("tokens"),
      goingMax: Math.max(...part.map(({ goingMax }) => goingMax)),
      costUsd: isPriced ? part.reduce((total, { costUsd }) => total + (costUsd ?? 0), 0) : null,
    });
  }
  return stretches;
}
