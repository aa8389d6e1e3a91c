/** A day as lanes of bars: one lane a job, a conversation or an agent; runs that overlap stand below each other. Pure. */
import type { DayRecord, RunSummary } from "@roost/contract/operations";

export interface DayBar {
  run: RunSummary;
  /** Shares of the day, 0 to 1. */
  from: number;
  to: number;
  /** The row within its lane. */
  row: number;
}

export interface DayLane {
  name: string;
  rowCount: number;
  bars: DayBar[];
  /** Ticks that did not run. */
  missed: { at: number; outcome: string; reason: string }[];
}

/** More are joined into one. */
const lanesMax = 9;
const rowsMax = 3;

export function layOutDay(day: DayRecord, nowMs: number): DayLane[] {
  const from = Date.parse(day.from);
  const span = Date.parse(day.until) - from;
  const share = (ms: number) => Math.min(1, Math.max(0, (ms - from) / span));
  const lanes = new Map<string, RunSummary[]>();
  for (const run of day.runs) {
    const name = laneOf(run);
    lanes.set(name, [...(lanes.get(name) ?? []), run]);
  }
  for (const { jobId } of day.ticks) if (!lanes.has(jobId)) lanes.set(jobId, []);
  const names = [...lanes.keys()].toSorted(
    (one, other) => (lanes.get(other)?.length ?? 0) - (lanes.get(one)?.length ?? 0),
  );
  const shown = names.length > lanesMax ? names.slice(0, lanesMax - 1) : names;
  const rest = names.slice(shown.length);
  const joined = rest.length === 0 ? [] : [{ name: `${rest.length} more`, of: rest }];
  return [...shown.map((name) => ({ name, of: [name] })), ...joined].map(({ name, of }) => {
    const runs = of.flatMap((one) => lanes.get(one) ?? []).toSorted((one, other) => startOf(one) - startOf(other));
    const bars = placeInRows(
      runs.map((run) => ({
        run,
        from: share(startOf(run)),
        to: share(run.endedAt === null ? Math.max(nowMs, startOf(run)) : Date.parse(run.endedAt)),
      })),
    );
    const missed = day.ticks
      .filter(({ jobId }) => of.includes(jobId))
      .map(({ scheduledAt, outcome, reason, count }) => ({
        at: share(Date.parse(scheduledAt)),
        outcome,
        reason: `${count === 1 ? "" : `${count} times `}${outcome}${reason === null ? "" : `: ${reason}`}`,
      }));
    return { name, rowCount: 1 + Math.max(0, ...bars.map(({ row }) => row)), bars, missed };
  });
}

function placeInRows(bars: readonly Omit<DayBar, "row">[]): DayBar[] {
  const ends: number[] = [];
  return bars.map((bar) => {
    const free = ends.findIndex((end) => end <= bar.from);
    const row = free === -1 ? Math.min(ends.length, rowsMax - 1) : free;
    ends[row] = Math.max(ends[row] ?? 0, bar.to);
    return { ...bar, row };
  });
}

function laneOf({ jobId, sessionKey, agent }: RunSummary): string {
  return jobId ?? sessionKey ?? agent;
}

function startOf({ startedAt, createdAt }: RunSummary): number {
  return Date.parse(startedAt ?? createdAt);
}
