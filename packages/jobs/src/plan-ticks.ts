/**
 * Which moments of a job are due, and what its catch-up policy makes of them. Pure: overlap and concurrent schedulers are handled where the plan is
 * carried out.
 */
import { writeDurationMs } from "@roost/base";
import type { Schedule } from "./next-moments.ts";
import { tickDelayMs } from "./tick-delay.ts";

/** Per pass and job; the rest stays due. */
export const dueMomentsPerPassMax = 2_000;

/** Rows per outage for moments that do not run; older ones share one row with a count. */
export const missedRowsMax = 100;

/** Default number of runs that `all` catches up. */
export const catchUpRunsDefault = 10;

/** A tick later than this was missed by its scheduler and falls under catch-up. */
export const onTimeMsMax = 60_000;

/** Default age up to which a tick may still run. */
export const catchUpWindowMsDefault = 24 * 3_600_000;

export interface CatchUp {
  policy: "skip" | "last" | "all";
  max?: number | undefined;
  windowMs?: number | undefined;
}

export interface DueJob {
  jobId: string;
  /** The earliest moment without a tick. */
  nextAtMs: number;
  schedule: Schedule;
  delayMs: number;
  jitterMsMax: number;
  catchUp: CatchUp;
  /** Missed moments not reported to any run. */
  missedCount: number;
}

export interface PlannedTick {
  atMs: number;
  outcome: "fire" | "skipped" | "missed";
  reason?: string;
  /** After its due time, jitter included. */
  lateMs: number;
  /** For ticks that fire: missed moments to report to the run. Otherwise: moments that this row represents. */
  missedCount: number;
  /** The last of several moments that this row represents. */
  untilMs?: number | undefined;
}

export interface TickPlan {
  ticks: PlannedTick[];
  nextAtMs: number | undefined;
  fireAtMs: number | undefined;
  missedCount: number;
  /** Moments that were examined. */
  momentCount: number;
}

interface Moment {
  atMs: number;
  fireAtMs: number;
}

export function planTicks(job: DueJob, nowMs: number): TickPlan {
  const { due, next } = dueMoments(job, nowMs);
  const runsMax = job.catchUp.policy === "all" ? (job.catchUp.max ?? catchUpRunsDefault) : 1;
  const more = next !== undefined && next.fireAtMs <= nowMs;
  // If there are more, only what cannot be among the last that run is settled now.
  const settled = more ? due.slice(0, Math.max(1, due.length - runsMax)) : due;
  const resume = more ? (due[settled.length] ?? next) : next;

  const ticks: PlannedTick[] = [];
  const fire: Moment[] = [];
  const passed: { moment: Moment; outcome: "skipped" | "missed"; reason: string }[] = [];
  for (const [index, moment] of settled.entries()) {
    const verdict = judge(job, moment, { nowMs, later: settled.length - 1 - index + (more ? runsMax : 0), runsMax });
    if (verdict === undefined) fire.push(moment);
    else passed.push({ moment, ...verdict });
  }
  for (const group of groupRows(passed, more ? 1 : missedRowsMax)) {
    const [first, last] = [group[0], group.at(-1)];
    if (first === undefined || last === undefined) continue;
    ticks.push({
      atMs: first.moment.atMs,
      outcome: first.outcome,
      reason: first.reason,
      lateMs: nowMs - first.moment.fireAtMs,
      missedCount: group.length,
      untilMs: group.length > 1 ? last.moment.atMs : undefined,
    });
  }
  let missedCount = job.missedCount + passed.length;
  for (const moment of fire) {
    ticks.push({ atMs: moment.atMs, outcome: "fire", lateMs: nowMs - moment.fireAtMs, missedCount });
    missedCount = 0;
  }
  ticks.sort((a, b) => a.atMs - b.atMs);
  return { ticks, nextAtMs: resume?.atMs, fireAtMs: resume?.fireAtMs, missedCount, momentCount: due.length };
}

/** Due moments, oldest first, at most a pass of them, and the moment after. */
function dueMoments(job: DueJob, nowMs: number): { due: Moment[]; next: Moment | undefined } {
  const momentAt = (atMs: number): Moment => ({ atMs, fireAtMs: atMs + tickDelayMs(atMs, job) });
  const due: Moment[] = [];
  let next: Moment | undefined = momentAt(job.nextAtMs);
  while (next !== undefined && next.fireAtMs <= nowMs && due.length < dueMomentsPerPassMax) {
    due.push(next);
    const atMs = job.schedule.next(next.atMs);
    next = atMs === undefined ? undefined : momentAt(atMs);
  }
  return { due, next };
}

/** Why a due moment does not run; undefined when it does. `later` is how many due moments follow it. */
function judge(
  job: DueJob,
  moment: Moment,
  { nowMs, later, runsMax }: { nowMs: number; later: number; runsMax: number },
): { outcome: "skipped" | "missed"; reason: string } | undefined {
  const { policy, windowMs = catchUpWindowMsDefault } = job.catchUp;
  const lateMs = nowMs - moment.fireAtMs;
  if (policy === "skip") {
    if (lateMs <= onTimeMsMax && later === 0) return undefined;
    return { outcome: "skipped", reason: "it came due while no scheduler was running, and the job does not catch up" };
  }
  if (later >= runsMax) {
    const reason =
      policy === "last"
        ? "it came due while no scheduler was running; a later tick represents it"
        : `it came due while no scheduler was running; the job catches up on at most ${runsMax}`;
    return { outcome: "missed", reason };
  }
  if (lateMs > Math.max(windowMs, onTimeMsMax)) {
    return {
      outcome: "missed",
      reason: `it came due while no scheduler was running, longer ago than the job's catch-up window of ${writeDurationMs(windowMs)}`,
    };
  }
  return undefined;
}

/** One row each for the newest, one for all older ones; different reasons stay separate. */
function groupRows<Row extends { reason: string }>(rows: Row[], rowsMax: number): Row[][] {
  const groups: Row[][] = [];
  const sharedCount = Math.max(0, rows.length - rowsMax + 1);
  for (const [index, row] of rows.entries()) {
    const last = groups.at(-1);
    if (rows.length > rowsMax && index < sharedCount && last !== undefined && last[0]?.reason === row.reason)
      last.push(row);
    else groups.push([row]);
  }
  return groups;
}
