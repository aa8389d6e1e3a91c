import type { StoredJob } from "./job-row.ts";

/**
 * From when a pause skips moments: right after the last one settled before it. Not the time of writing, because a moment may come due in between,
 * nor, with jitter, after a moment that was about to fire.
 */
export function pauseStart(settled: Pick<StoredJob, "nextAt">, nowMs: number): Date {
  return new Date(settled.nextAt === null ? nowMs : Math.min(nowMs, settled.nextAt.getTime() - 1));
}
