import type { RehearsedOverlap } from "@roost/contract/operations";
import type { PlayedRun, PlayedTick } from "./read-played.ts";
import { mostAtOnce } from "./spans.ts";

/** The kernel's wording: names the run in the way, or how many are queued. */
const isInTheWay = /^run [0-9a-f-]{36}\b|^\d+ runs wait already/;

export interface OverlapQuestion {
  jobId: string;
  policy: RehearsedOverlap["policy"];
  ticks: readonly PlayedTick[];
  runs: readonly PlayedRun[];
  untilMs: number;
}

/** How a job overlaps with itself; undefined: it does not. */
export function findOverlap({ jobId, policy, ticks, runs, untilMs }: OverlapQuestion): RehearsedOverlap | undefined {
  const skipped = ticks.filter((tick) => tick.outcome === "skipped" && isInTheWay.test(tick.reason ?? ""));
  const queued = runs.filter(
    (run) => run.serialKey === `job:${jobId}` && (run.startedAt?.getTime() ?? untilMs) > run.createdAt.getTime(),
  );
  const cancelled = runs.filter((run) => run.state === "cancelled" && run.cancelBy === `job:${jobId}`);
  const spans = runs.flatMap(({ startedAt, endedAt }) =>
    startedAt === null ? [] : [{ fromMs: startedAt.getTime(), untilMs: endedAt?.getTime() ?? untilMs }],
  );
  const atOnceMax = mostAtOnce(spans);
  if (skipped.length + queued.length + cancelled.length === 0 && atOnceMax < 2) return undefined;
  const firsts = [
    ...skipped.slice(0, 1).map((tick) => tick.recordedAt),
    ...queued.slice(0, 1).map((run) => run.createdAt),
    ...cancelled.slice(0, 1).map((run) => run.endedAt ?? run.createdAt),
    ...runs.slice(1, 2).map((run) => run.createdAt),
  ].map((at) => at.getTime());
  const counts = { skipped: skipped.length, queued: queued.length, cancelled: cancelled.length, atOnceMax };
  return { jobId, policy, ...counts, firstAt: new Date(Math.min(...firsts)).toISOString() };
}
