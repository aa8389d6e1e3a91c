// What a new definition makes of a job: its state and next due time. Writes nothing.
import { compareDefinitions } from "./compare-definitions.ts";
import { firstTick, nextTick, scheduleOf, withDelay, type NextTick } from "./job-moments.ts";
import type { JobState, StoredJob } from "./job-row.ts";
import type { ReadDefinition } from "./read-definition.ts";

/** Who paused a job that its own definition disables. */
export const pausedByDefinition = "definition";

/** Who pauses a job that cannot be carried out. */
export const setAsideBy = "roost";

/** A pause by a person survives every change; a pause by the definition or by Roost ends with one. */
export function nextState(
  job: StoredJob,
  { isEnabled, triggerDiffers }: { isEnabled: boolean; triggerDiffers: boolean },
): JobState {
  if (!isEnabled) return "paused";
  if (job.state === "paused" && job.pausedBy !== pausedByDefinition && job.pausedBy !== setAsideBy) return "paused";
  // A one-shot that has fired does not fire again because its prompt changed.
  return job.state === "finished" && !triggerDiffers ? "finished" : "active";
}

export async function momentAfterChange(
  read: ReadDefinition & { anchorAt: Date },
  job: StoredJob,
  { state, keepsMoment, nowMs }: { state: JobState; keepsMoment: boolean; nowMs: number },
): Promise<NextTick> {
  if (state !== "active") return { nextAt: null, fireAt: null };
  if (keepsMoment && job.nextAt !== null) return withDelay(read, scheduleOf(read), job.nextAt.getTime());
  return compareDefinitions(job.trigger, read.trigger).length > 0 ? firstTick(read, nowMs) : nextTick(read, nowMs);
}

/** For dry runs: the due time that the change would bring. */
export async function nextAfterChange(
  read: ReadDefinition,
  job: StoredJob,
  { triggerDiffers, isBack, nowMs }: { triggerDiffers: boolean; isBack: boolean; nowMs: number },
): Promise<Date | null> {
  const state = nextState(job, { isEnabled: read.definition.enabled, triggerDiffers });
  const keepsMoment = !triggerDiffers && job.state === "active" && job.nextAt !== null;
  const anchorAt = triggerDiffers || isBack ? new Date(nowMs) : job.anchorAt;
  return (await momentAfterChange({ ...read, anchorAt }, job, { state, keepsMoment, nowMs })).nextAt;
}

/**
 * From when a pause skips moments: right after the last one settled before it. Not the time of writing, because a moment may come due in between,
 * nor, with jitter, after a moment that was about to fire.
 */
export function pauseStart(settled: Pick<StoredJob, "nextAt">, nowMs: number): Date {
  return new Date(settled.nextAt === null ? nowMs : Math.min(nowMs, settled.nextAt.getTime() - 1));
}
