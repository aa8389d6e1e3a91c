/** Topic `jobs`: jobs and their ticks. The subject is the job's id. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Count, Id, JsonFields, Name, Reason, Slug, TickKey, Time, WholeMs } from "../records/fields.ts";

const topic = "jobs";
const subject = "job id";
const version = 1;

const defined = { jobId: Slug, jobVersion: Count, definition: JsonFields, by: Name };
const ticked = { jobId: Slug, jobVersion: Count, tickKey: TickKey, scheduledAt: Time };

export const jobDefined = defineEvent({ type: "job.defined", version, topic, subject, schema: z.object(defined) });

export const jobChanged = defineEvent({
  type: "job.changed",
  version,
  topic,
  subject,
  schema: z.object({ ...defined, changed: z.array(z.string().max(200)).max(100).optional() }),
});

const paused = { jobId: Slug, reason: Reason.optional(), by: Name };
export const jobPaused = defineEvent({ type: "job.paused", version, topic, subject, schema: z.object(paused) });
export const jobResumed = defineEvent({ type: "job.resumed", version, topic, subject, schema: z.object(paused) });
export const jobRemoved = defineEvent({ type: "job.removed", version, topic, subject, schema: z.object(paused) });

/** It has been due for a while without firing; emitted once per due time. */
export const jobSilent = defineEvent({
  type: "job.silent",
  version,
  topic,
  subject,
  schema: z.object({ jobId: Slug, dueAt: Time, lateMs: WholeMs }),
});

export const tickFired = defineEvent({
  type: "tick.fired",
  version,
  topic,
  subject,
  schema: z.object({ ...ticked, runId: Id, lateMs: WholeMs, missedCount: Count, reason: Reason.optional() }),
});

/** May represent `missedCount` ticks from `scheduledAt` to `lastScheduledAt`. */
export const tickSkipped = defineEvent({
  type: "tick.skipped",
  version: 2,
  topic,
  subject,
  schema: z.object({
    ...ticked,
    lastScheduledAt: Time.optional(),
    missedCount: Count.optional(),
    reason: Reason,
    lateMs: WholeMs.optional(),
  }),
});

/** Represents `missedCount` ticks from `scheduledAt` to `lastScheduledAt`. */
export const tickMissed = defineEvent({
  type: "tick.missed",
  version: 2,
  topic,
  subject,
  schema: z.object({
    ...ticked,
    lastScheduledAt: Time.optional(),
    missedCount: Count,
    reason: Reason,
    lateMs: WholeMs.optional(),
  }),
});

export const jobEvents = [
  jobDefined,
  jobChanged,
  jobPaused,
  jobResumed,
  jobRemoved,
  jobSilent,
  tickFired,
  tickSkipped,
  tickMissed,
] as const;
