// What a new definition makes of a job: its state and next due time. Writes nothing.
import { firstTick, nextTick, scheduleOf, withDelay, type NextTick } from "./job-moments.ts";
import type { JobState, StoredJob } from "./job-row.ts";
import type { ReadDefinition } from "./read-definition.ts";

/** Who paused a job that its own definition disables. */
export const pausedByDefinition = "definition";

/** Who pauses a job that cannot be carried out. */
export const setAsideBy = "roost";

/** A pause by a person survives every change; a pause by the definition or by Roost ends with one. */
function nextState(
  job: StoredJob,
  { isEnabled, triggerDiffers }: { isEnabled: boolean; triggerDiffers: boolean },
): JobState {
  if (!isEnabled) return "paused";
  if (job.state === "paused" && job.pausedBy !== pausedByDefinition && job.pausedBy !== setAsideBy) return "paused";
  // A one-shot that has fired does not fire again because its prompt changed.
  return job.state === "finished" && !triggerDiffers ? "finished" : "active";
}

export interface PlannedChange extends NextTick {
  state: JobState;
  anchorAt: Date;
}

/** What the job will be, and when it is due next. A job that was removed begins anew. */
export function planChange(
  read: ReadDefinition,
  job: StoredJob,
  { triggerDiffers, nowMs }: { triggerDiffers: boolean; nowMs: number },
): PlannedChange {
  const state = nextState(job, { isEnabled: read.definition.enabled, triggerDiffers });
  const anchorAt = triggerDiffers || job.state === "removed" ? new Date(nowMs) : job.anchorAt;
  return { state, anchorAt, ...nextMoment({ ...read, anchorAt }, job, { state, triggerDiffers, nowMs }) };
}

function nextMoment(
  read: ReadDefinition & { anchorAt: Date },
  job: StoredJob,
  { state, triggerDiffers, nowMs }: { state: JobState; triggerDiffers: boolean; nowMs: number },
): NextTick {
  if (state !== "active") return { nextAt: null, fireAt: null };
  if (triggerDiffers) return firstTick(read, nowMs);
  return job.state === "active" && job.nextAt !== null
    ? withDelay(read, scheduleOf(read), job.nextAt.getTime())
    : nextTick(read, nowMs);
}

/**
 * From when a pause skips moments: right after the last one settled before it. Not the time of writing, because a moment may come due in between,
 * nor, with jitter, after a moment that was about to fire.
 */
export function pauseStart(settled: Pick<StoredJob, "nextAt">, nowMs: number): Date {
  return new Date(settled.nextAt === null ? nowMs : Math.min(nowMs, settled.nextAt.getTime() - 1));
}
