import type { StoredJob } from "./job-row.ts";

/**
 * From when on a pause passes moments over: right behind the last one that was settled before it. Not the time at which it is written
 * down, because a moment may come due in between, nor, of a job with jitter, after a moment that was about to fire.
 */
export function pauseStart(settled: Pick<StoredJob, "nextAt">, nowMs: number): Date {
  return new Date(settled.nextAt === null ? nowMs : Math.min(nowMs, settled.nextAt.getTime() - 1));
}
