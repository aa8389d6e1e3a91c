import type { RehearsedHour } from "@roost/contract/operations";
import type { Played } from "./read-played.ts";
import { mostAtOnce } from "./spans.ts";

const hourMs = 3_600_000;

export interface TimelineSpan {
  fromMs: number;
  untilMs: number;
  timeZone: string;
  isPriced: boolean;
}

/** By hours of the home's clock; the first and last may be partial. */
export function buildTimeline(
  { ticks, runs }: Played,
  { fromMs, untilMs, timeZone, isPriced }: TimelineSpan,
): RehearsedHour[] {
  const beginMs = fromMs - msIntoHour(fromMs, timeZone);
  const spans = runs.flatMap(({ startedAt, endedAt }) =>
    startedAt === null ? [] : [{ fromMs: startedAt.getTime(), untilMs: endedAt?.getTime() ?? untilMs }],
  );
  const hours: RehearsedHour[] = [];
  for (let atMs = beginMs; atMs < untilMs; atMs += hourMs) {
    const hour = { fromMs: atMs, untilMs: atMs + hourMs };
    const isIn = (time: Date | null) => time !== null && time.getTime() >= hour.fromMs && time.getTime() < hour.untilMs;
    const recorded = ticks.filter((tick) => isIn(tick.recordedAt));
    const begun = runs.filter((run) => isIn(run.startedAt));
    hours.push({
      at: new Date(Math.max(atMs, fromMs)).toISOString(),
      fired: recorded.filter((tick) => tick.outcome === "fired").length,
      skipped: recorded.filter((tick) => tick.outcome === "skipped").length,
      missed: recorded.filter((tick) => tick.outcome === "missed").length,
      goingMax: mostAtOnce(spans, hour),
      tokens: begun.reduce((sum, run) => sum + run.inputTokens + run.outputTokens, 0),
      costUsd: isPriced ? begun.reduce((sum, run) => sum + run.playedCostUsd, 0) : null,
    });
  }
  return hours;
}

/** Time zones may be offset by half an hour. */
function msIntoHour(ms: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en", { timeZone, minute: "numeric", second: "numeric" }).formatToParts(ms);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value ?? 0);
  return part("minute") * 60_000 + part("second") * 1_000 + (ms % 1_000);
}
