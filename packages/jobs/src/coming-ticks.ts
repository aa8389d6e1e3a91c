/** When jobs are due in the future: of those that there are, and of a trigger that none has yet. Pure; records nothing. */
import type { JobDefinition } from "@roost/contract/operations";
import { isActiveAt } from "./active-hours.ts";
import { scheduleOf } from "./job-moments.ts";
import { nextMoments } from "./next-moments.ts";
import type { Job } from "./read-jobs.ts";
import { resolveTrigger } from "./resolve-trigger.ts";

export interface ComingTick {
  jobId: string;
  at: Date;
}

/**
 * The due moments of jobs from their next one, or the first from `from` on, to `until`, in order, at most `limit`. Those outside of active hours are left out. `completeUntil`:
 * before it none is missing.
 */
export function comingTicks(
  jobs: readonly Pick<Job, "id" | "trigger" | "timeZone" | "nextAt" | "createdAt" | "definition">[],
  { from, until, limit }: { from?: Date | undefined; until: Date; limit: number },
): { ticks: ComingTick[]; isCut: boolean; completeUntil: Date } {
  const ticks: ComingTick[] = [];
  let isCut = false;
  let completeUntilMs = until.getTime();
  for (const { id: jobId, trigger, timeZone, nextAt, createdAt, definition } of jobs) {
    const schedule = scheduleOf({ trigger, anchorAt: nextAt ?? createdAt });
    let count = 0;
    const nextMs = nextAt?.getTime();
    const isLater = nextMs !== undefined && from !== undefined && from.getTime() > nextMs;
    for (
      let atMs = isLater ? schedule.next(from.getTime() - 1) : nextMs;
      atMs !== undefined && atMs <= until.getTime();
      atMs = schedule.next(atMs)
    ) {
      if (count >= limit) {
        isCut = true;
        completeUntilMs = Math.min(completeUntilMs, atMs);
        break;
      }
      count += 1;
      if (definition.activeHours === undefined || isActiveAt(definition.activeHours, atMs, timeZone))
        ticks.push({ jobId, at: new Date(atMs) });
    }
  }
  ticks.sort((one, other) => one.at.getTime() - other.at.getTime() || (one.jobId < other.jobId ? -1 : 1));
  const firstCut = ticks[limit];
  if (firstCut !== undefined) {
    isCut = true;
    completeUntilMs = Math.min(completeUntilMs, firstCut.at.getTime());
  }
  return { ticks: ticks.slice(0, limit), isCut, completeUntil: new Date(completeUntilMs) };
}

export interface PreviewOptions {
  activeHours?: JobDefinition["activeHours"];
  timeZone: string;
  from: Date;
  count: number;
}

/** The next moments of a written trigger. @throws RoostError `invalid_input` for what no job may have */
export function previewMoments(
  written: JobDefinition["trigger"],
  { activeHours, timeZone, from, count }: PreviewOptions,
): { timeZone: string; moments: { at: Date; isActive: boolean }[] } {
  const trigger = resolveTrigger(written, timeZone);
  const moments = nextMoments(trigger, { after: from, limit: count, anchorMs: from.getTime() });
  return {
    timeZone: (trigger.kind === "cron" ? trigger.timeZone : undefined) ?? timeZone,
    moments: moments.map((at) => ({
      at,
      isActive: activeHours === undefined || isActiveAt(activeHours, at.getTime(), timeZone),
    })),
  };
}
