/** Jobs: define, apply from files, pause, resume, remove, run now, list ticks. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import {
  Differences,
  Id,
  Name,
  WrittenName,
  pageOf,
  pageFields,
  Reason,
  ref,
  SmallCount,
  Time,
  TimeZone,
  WrittenTime,
} from "../records/fields.ts";
import {
  Job,
  jobDefinitionShape,
  JobId,
  jobStates,
  JobVersion,
  NamedJobDefinition,
  Tick,
  tickOutcomes,
} from "../records/job.ts";
import { pageLimitMax } from "../records/limits.ts";

/** Jobs per call of applyJobs. */
export const jobsPerApplyMax = 500;

export const listJobs = defineOperation({
  id: "listJobs",
  method: "GET",
  path: "/jobs",
  summary: "Jobs by id",
  input: z.object({
    ...pageFields,
    ids: z.array(ref("Job", JobId)).max(pageLimitMax).optional().describe("Only these, also when they are removed"),
    state: z.array(z.enum(jobStates)).max(4).optional().describe("Default: all but removed ones"),
  }),
  output: pageOf(Job),
  effect: "readonly",
});

export const getJob = defineOperation({
  id: "getJob",
  method: "GET",
  path: "/jobs/{jobId}",
  summary: "A job with its last 20 ticks",
  input: z.object({ jobId: ref("Job", JobId) }),
  output: z.object({ job: Job, ticks: z.array(Tick) }),
  errors: ["not_found"],
  effect: "readonly",
  revision: { of: "job.version" },
});

export const listJobVersions = defineOperation({
  id: "listJobVersions",
  method: "GET",
  path: "/jobs/{jobId}/versions",
  summary: "A job's definitions, newest first, each with its changes",
  input: z.object({
    ...pageFields,
    jobId: ref("Job", JobId),
    version: SmallCount.min(1).optional().describe("Only this version"),
  }),
  output: pageOf(JobVersion),
  errors: ["not_found"],
  effect: "readonly",
});

export const rollBackJob = defineOperation({
  id: "rollBackJob",
  method: "POST",
  path: "/jobs/{jobId}/rollback",
  summary: "Restores an earlier definition of a job as a new version",
  description: "Active runs keep the version they started with.",
  input: z.object({ jobId: ref("Job", JobId), version: SmallCount.min(1), expectedVersion: SmallCount.optional() }),
  output: z.object({ job: Job, change: z.enum(["created", "changed", "unchanged", "removed"]) }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  revision: { of: "job.version", expected: "expectedVersion" },
});

export const jobChanges = ["created", "changed", "unchanged", "removed"] as const;

export const defineJob = defineOperation({
  id: "defineJob",
  method: "PUT",
  path: "/jobs/{jobId}",
  summary: "Creates a job or replaces its definition",
  description: "An unchanged definition changes nothing. A paused job stays paused.",
  input: z.object({
    jobId: ref("Job", JobId),
    ...jobDefinitionShape,
    expectedVersion: SmallCount.optional().describe(
      "Refused with conflict unless this is the job's version; 0: create only",
    ),
  }),
  output: z.object({ job: Job, change: z.enum(jobChanges) }),
  errors: ["conflict"],
  effect: "idempotent",
  revision: { of: "job.version", expected: "expectedVersion" },
  examples: [
    {
      summary: "Every morning at seven",
      input: {
        jobId: "morning-news",
        trigger: { kind: "cron", expression: "0 7 * * *", timeZone: "Europe/Berlin" },
        prompt: "Write what happened overnight to work/morning-news/today.md",
      },
    },
  ],
});

export const JobChange = z
  .object({
    jobId: ref("Job", JobId),
    change: z.enum(jobChanges),
    differences: Differences,
    nextAt: Time.nullable().describe("Its next due time, current or resulting"),
    kept: z.array(Name).optional().describe("For merges: fields changed on both sides and kept as they are here"),
  })
  .meta({ id: "JobChange" });
export type JobChange = z.output<typeof JobChange>;

export const applyJobs = defineOperation({
  id: "applyJobs",
  method: "POST",
  path: "/jobs/apply",
  summary: "Defines several jobs: all of them or none, or all valid ones",
  input: z.object({
    jobs: z.array(NamedJobDefinition).max(jobsPerApplyMax),
    source: WrittenName.default("api").describe("The source of these jobs, for example a file's name"),
    dryRun: z.boolean().default(false).describe("Only report what would change"),
    prune: z.boolean().default(false).describe("Remove jobs of the same source that are not listed"),
    partial: z.boolean().default(false).describe("Leave out invalid jobs rather than refuse all"),
    merge: z
      .boolean()
      .default(false)
      .describe("Keep changes made here since this source was last applied with `merge`"),
    paused: z
      .array(z.object({ jobId: JobId, reason: Reason.nullable() }))
      .max(jobsPerApplyMax)
      .default([])
      .describe("Those of them that begin paused when they are created"),
    finished: z
      .array(JobId)
      .max(jobsPerApplyMax)
      .default([])
      .describe("Those of them that have fired for the last time elsewhere: they are not due when they are created"),
  }),
  output: z.object({
    dryRun: z.boolean(),
    changes: z.array(JobChange),
    refused: z
      .array(z.object({ index: SmallCount.describe("Index in the given list"), reason: Reason }))
      .describe("With `partial`: invalid jobs and their errors"),
  }),
  errors: ["conflict"],
  effect: "idempotent",
});

export const pauseJob = defineOperation({
  id: "pauseJob",
  method: "POST",
  path: "/jobs/{jobId}/pause",
  summary: "Pauses a job until it is resumed; active runs go on",
  input: z.object({ jobId: ref("Job", JobId), reason: Reason.optional() }),
  output: z.object({ job: Job }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
});

export const resumeJob = defineOperation({
  id: "resumeJob",
  method: "POST",
  path: "/jobs/{jobId}/resume",
  summary: "Resumes a paused job; ticks due meanwhile are recorded as missed",
  input: z.object({ jobId: ref("Job", JobId) }),
  output: z.object({ job: Job }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
});

export const removeJob = defineOperation({
  id: "removeJob",
  method: "DELETE",
  path: "/jobs/{jobId}",
  summary: "Removes a job; its ticks and runs stay on record",
  input: z.object({ jobId: ref("Job", JobId) }),
  output: z.object({ job: Job }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const runJob = defineOperation({
  id: "runJob",
  method: "POST",
  path: "/jobs/{jobId}/run",
  summary: "Runs a job now, even when it is paused",
  description:
    "With an idempotency key (field or header) a second call returns the first tick. A key is known as long as the tick or its run is kept.",
  input: z.object({ jobId: ref("Job", JobId), idempotencyKey: Id.optional(), reason: Reason.optional() }),
  output: z.object({ tick: Tick, isRepeated: z.boolean() }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
});

export const listTicks = defineOperation({
  id: "listTicks",
  method: "GET",
  path: "/jobs/{jobId}/ticks",
  summary: "Ticks of a job, newest first",
  input: z.object({ ...pageFields, jobId: ref("Job", JobId), outcome: z.enum(tickOutcomes).optional() }),
  output: pageOf(Tick),
  errors: ["not_found"],
  effect: "readonly",
});

/** Ticks of one job in an answer about many. */
export const ticksOfEachMax = 20;

export const listLatestTicks = defineOperation({
  id: "listLatestTicks",
  method: "GET",
  path: "/latest-ticks",
  summary: "The latest ticks of each of several jobs, newest first",
  input: z.object({
    jobIds: z.array(ref("Job", JobId)).min(1).max(pageLimitMax),
    each: SmallCount.min(1).max(ticksOfEachMax).default(ticksOfEachMax).describe("Of each job at most"),
  }),
  output: z.object({
    items: z
      .array(Tick)
      .max(pageLimitMax * ticksOfEachMax)
      .describe("Job by job"),
  }),
  effect: "readonly",
});

/** Moments in one answer: ten in an editor, a month of an hourly job in a calendar. */
export const momentsMax = 1_000;

export const previewTicks = defineOperation({
  id: "previewTicks",
  method: "POST",
  path: "/jobs/preview",
  summary: "The next moments of a trigger, before a job has it",
  description: "Clock changes are seen in the offsets. Jitter is not known before.",
  input: z.object({
    trigger: jobDefinitionShape.trigger,
    activeHours: jobDefinitionShape.activeHours,
    count: SmallCount.min(1).max(50).default(10),
    from: WrittenTime.optional().describe("Default: now"),
  }),
  output: z.object({
    timeZone: TimeZone.describe("Of the trigger, or the home's"),
    items: z.array(z.object({ at: Time, isActive: z.boolean().describe("Within the active hours") })),
  }),
  effect: "readonly",
});

export const foreseeTicks = defineOperation({
  id: "foreseeTicks",
  method: "GET",
  path: "/coming-ticks",
  summary: "When active jobs are due until a moment, in order; events and people are not foreseen",
  input: z.object({
    from: WrittenTime.optional().describe("Not what is due before; default: now"),
    until: WrittenTime,
    jobId: ref("Job", JobId).optional(),
    limit: SmallCount.min(1).max(momentsMax).default(momentsMax),
  }),
  output: z.object({
    items: z.array(z.object({ jobId: ref("Job", JobId), at: Time })),
    isCut: z.boolean().describe("There are more"),
  }),
  effect: "readonly",
});

export const jobOperations = [
  previewTicks,
  foreseeTicks,
  listJobs,
  getJob,
  listJobVersions,
  rollBackJob,
  defineJob,
  applyJobs,
  pauseJob,
  resumeJob,
  removeJob,
  runJob,
  listTicks,
  listLatestTicks,
] as const;
