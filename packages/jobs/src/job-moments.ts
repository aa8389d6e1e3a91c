/** What a stored job means in time: its schedule, its next moment, and the ticks of it that are due. */
// tidy: one schedule, asked in four ways.
import { parseMoment, type Schedule } from "./next-moments.ts";
import type { StoredJob } from "./job-row.ts";
import { onTimeMsMax, planTicks, type TickPlan } from "./plan-ticks.ts";
import { describeTrigger } from "./resolve-trigger.ts";
import type { NewTick } from "./record-ticks.ts";
import { createScheduleCache, type ScheduleCache } from "./schedule-cache.ts";
import { tickJitterMs } from "./tick-jitter.ts";
import type { Trigger } from "./trigger.ts";

export function scheduleOf(
  job: Pick<StoredJob, "trigger" | "anchorAt">,
  schedules: ScheduleCache = createScheduleCache(1),
): Schedule {
  return schedules.scheduleOf(job.trigger, job.anchorAt.getTime());
}

export interface NextTick {
  nextAt: Date | null;
  fireAt: Date | null;
}

/** The next moment after `afterMs`, with its jitter. */
export function nextTick(
  job: { id: string; trigger: Trigger; anchorAt: Date; definition: { jitterMs: number } },
  afterMs: number,
): NextTick {
  const schedule = scheduleOf(job);
  const atMs = schedule.next(afterMs);
  return atMs === undefined ? { nextAt: null, fireAt: null } : withJitter(job, schedule, atMs);
}

/**
 * The first tick of a job that begins now. A one-shot whose moment has passed is due at once: its catch-up policy decides
 * whether it runs late or is recorded as missed.
 */
export function firstTick(
  job: { id: string; trigger: Trigger; anchorAt: Date; definition: { jitterMs: number } },
  nowMs: number,
): NextTick {
  if (job.trigger.kind === "at") return withJitter(job, scheduleOf(job), parseMoment(job.trigger.at));
  return nextTick(job, nowMs);
}

export function withJitter(
  job: { id: string; definition: { jitterMs: number } },
  schedule: Schedule,
  atMs: number,
): NextTick {
  const jitterMs = tickJitterMs(atMs, { jobId: job.id, jitterMsMax: job.definition.jitterMs, schedule });
  return { nextAt: new Date(atMs), fireAt: new Date(atMs + jitterMs) };
}

export interface DueTicks {
  ticks: NewTick[];
  plan: TickPlan;
}

/** What is due of a job, as ticks to record. The job itself must then move on to what the plan says. */
export function dueTicks(job: StoredJob, nowMs: number, schedules?: ScheduleCache): DueTicks {
  if (job.nextAt === null) {
    return {
      ticks: [],
      plan: { ticks: [], nextAtMs: undefined, fireAtMs: undefined, missedCount: job.missedCount, momentCount: 0 },
    };
  }
  const { catchUp, jitterMs } = job.definition;
  const plan = planTicks(
    {
      jobId: job.id,
      nextAtMs: job.nextAt.getTime(),
      schedule: scheduleOf(job, schedules),
      jitterMsMax: jitterMs,
      catchUp,
      missedCount: job.missedCount,
    },
    nowMs,
  );
  const why = describeTrigger(job.trigger);
  const ticks = plan.ticks.map((tick): NewTick => {
    const isLate = tick.lateMs > onTimeMsMax;
    return {
      job,
      key: new Date(tick.atMs).toISOString(),
      atMs: tick.atMs,
      outcome: tick.outcome,
      reason: tick.reason,
      lateMs: tick.lateMs,
      missedCount: tick.missedCount,
      untilMs: tick.untilMs,
      why: isLate ? `${why}, caught up` : why,
      isCaughtUp: isLate && catchUp.policy === "all",
    };
  });
  return { ticks, plan };
}
