/** What a stored job means in time: its schedule, its next moment, its due ticks. */
// tidy: four questions about one schedule.
import { describeTrigger } from "@roost/contract/operations";
import { parseMoment, type Schedule } from "./next-moments.ts";
import type { JobDefinition, StoredJob } from "./job-row.ts";
import { onTimeMsMax, planTicks, type TickPlan } from "./plan-ticks.ts";
import type { NewTick } from "./record-ticks.ts";
import { createScheduleCache, type ScheduleCache } from "./schedule-cache.ts";
import { tickDelayMs } from "./tick-delay.ts";
import type { Trigger } from "./trigger.ts";

export function scheduleOf(
  job: Pick<StoredJob, "trigger" | "anchorAt">,
  schedules: ScheduleCache = createScheduleCache(1),
): Schedule {
  return schedules.scheduleOf(job.trigger, job.anchorAt.getTime());
}

type Delays = Pick<JobDefinition, "delayMs" | "jitterMs">;

export interface NextTick {
  nextAt: Date | null;
  fireAt: Date | null;
}

/** The next moment after `afterMs`, with its delay and jitter. */
export function nextTick(
  job: { id: string; trigger: Trigger; anchorAt: Date; definition: Delays },
  afterMs: number,
): NextTick {
  const schedule = scheduleOf(job);
  const atMs = schedule.next(afterMs);
  return atMs === undefined ? { nextAt: null, fireAt: null } : withDelay(job, schedule, atMs);
}

/**
 * The first tick of a job that starts now. A one-shot whose time has passed is due at once: its catch-up policy decides whether it runs late or is
 * recorded as missed.
 */
export function firstTick(
  job: { id: string; trigger: Trigger; anchorAt: Date; definition: Delays },
  nowMs: number,
): NextTick {
  if (job.trigger.kind === "at") return withDelay(job, scheduleOf(job), parseMoment(job.trigger.at));
  return nextTick(job, nowMs);
}

export function withDelay(job: { id: string; definition: Delays }, schedule: Schedule, atMs: number): NextTick {
  const { delayMs = 0, jitterMs } = job.definition;
  const laterMs = tickDelayMs(atMs, { jobId: job.id, delayMs, jitterMsMax: jitterMs, schedule });
  return { nextAt: new Date(atMs), fireAt: new Date(atMs + laterMs) };
}

export interface DueTicks {
  ticks: NewTick[];
  plan: TickPlan;
}

/** Due moments of a job as ticks to record. The job must then advance as the plan says. */
export function dueTicks(job: StoredJob, nowMs: number, schedules?: ScheduleCache): DueTicks {
  if (job.nextAt === null) {
    return {
      ticks: [],
      plan: { ticks: [], nextAtMs: undefined, fireAtMs: undefined, missedCount: job.missedCount, momentCount: 0 },
    };
  }
  const { catchUp, delayMs = 0, jitterMs } = job.definition;
  const plan = planTicks(
    {
      jobId: job.id,
      nextAtMs: job.nextAt.getTime(),
      schedule: scheduleOf(job, schedules),
      delayMs,
      jitterMsMax: jitterMs,
      catchUp,
      missedCount: job.missedCount,
    },
    nowMs,
  );
  const why = describeTrigger(job.definition.trigger, job);
  const ticks = plan.ticks.map((tick): NewTick => {
    const isLate = tick.lateMs > onTimeMsMax;
    return {
      ...tick,
      job,
      key: new Date(tick.atMs).toISOString(),
      why: isLate ? `${why}, caught up` : why,
      isCaughtUp: isLate && catchUp.policy === "all",
    };
  });
  return { ticks, plan };
}
