/** Jobs: define, apply from files, pause, resume, remove, run now, and see what became of each tick. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Differences, Id, Name, pageOf, pageFields, Reason, ref, SmallCount, Time } from "../records/fields.ts";
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

const jobsPerApplyMax = 500;

export const listJobs = defineOperation({
  id: "listJobs",
  method: "GET",
  path: "/jobs",
  summary: "Jobs by id",
  input: z.object({
    ...pageFields,
    state: z.array(z.enum(jobStates)).max(4).optional().describe("All but removed ones when left out"),
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
  summary: "Every definition that a job has had, newest first, each with what changed",
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
  summary: "Gives a job the definition of an earlier version again, as a new version",
  description: "Runs that go keep the version they began with.",
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
  description: "The same definition again changes nothing. A job that is paused stays so.",
  input: z.object({
    jobId: ref("Job", JobId),
    ...jobDefinitionShape,
    expectedVersion: SmallCount.optional().describe(
      "Refused with conflict unless this is the job's version; 0: only create",
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
    nextAt: Time.nullable().describe("Its next scheduled moment, as it is or would be"),
    kept: z
      .array(Name)
      .optional()
      .describe("Of a merge: fields that were changed here and there, and are kept as they are here"),
  })
  .meta({ id: "JobChange" });
export type JobChange = z.output<typeof JobChange>;

export const applyJobs = defineOperation({
  id: "applyJobs",
  method: "POST",
  path: "/jobs/apply",
  summary: "Defines many jobs at once: all of them or none, or all that are valid",
  input: z.object({
    jobs: z.array(NamedJobDefinition).max(jobsPerApplyMax),
    source: Name.default("api").describe("Who keeps these jobs: a file's name, for example"),
    dryRun: z.boolean().default(false).describe("Only say what would change"),
    prune: z.boolean().default(false).describe("Remove jobs of the same source that are not among these"),
    partial: z.boolean().default(false).describe("Leave out jobs that are not valid, rather than refuse all"),
    merge: z
      .boolean()
      .default(false)
      .describe("Keep what was changed here since the same jobs were applied with this the last time"),
  }),
  output: z.object({
    dryRun: z.boolean(),
    changes: z.array(JobChange),
    refused: z
      .array(z.object({ index: SmallCount.describe("Place among the jobs that were given"), reason: Reason }))
      .describe("With `partial`: jobs that are not valid, and why"),
  }),
  errors: ["conflict"],
  effect: "idempotent",
});

export const pauseJob = defineOperation({
  id: "pauseJob",
  method: "POST",
  path: "/jobs/{jobId}/pause",
  summary: "Stops a job's ticks until it is resumed; runs go on",
  input: z.object({ jobId: ref("Job", JobId), reason: Reason.optional() }),
  output: z.object({ job: Job }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
});

export const resumeJob = defineOperation({
  id: "resumeJob",
  method: "POST",
  path: "/jobs/{jobId}/resume",
  summary: "Lets a paused job tick again; what was due meanwhile is recorded as missed",
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
  summary: "Runs a job now, also when it is paused",
  description:
    "With an idempotency key (field or header) a second call answers with the first tick. A key is known for as long as the tick or its run is kept: with neither left, it counts as new.",
  input: z.object({ jobId: ref("Job", JobId), idempotencyKey: Id.optional(), reason: Reason.optional() }),
  output: z.object({ tick: Tick, isRepeated: z.boolean() }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
});

export const listTicks = defineOperation({
  id: "listTicks",
  method: "GET",
  path: "/jobs/{jobId}/ticks",
  summary: "What became of a job's scheduled moments, newest first",
  input: z.object({ ...pageFields, jobId: ref("Job", JobId), outcome: z.enum(tickOutcomes).optional() }),
  output: pageOf(Tick),
  errors: ["not_found"],
  effect: "readonly",
});

export const jobOperations = [
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
] as const;
