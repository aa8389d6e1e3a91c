export {
  createSchedule,
  nextMoments,
  type NextMomentsOptions,
  type Schedule,
  type ScheduleOptions,
} from "./next-moments.ts";
export type { Trigger } from "./trigger.ts";
export { isActiveAt, type ActiveHours } from "./active-hours.ts";
export type { JobDefinition, JobState } from "./job-row.ts";
export { asDefined } from "./run-of-definition.ts";
export type { JobDifference } from "./compare-jobs.ts";
export { defineJob, type DefineJobOptions, type JobChange, type JobChangeKind } from "./define-job.ts";
export { getJobVersion, jobVersionsPageMax, listJobVersions, rollBackJob, type JobVersion } from "./job-versions.ts";
export { applyJobs, jobsPerApplyMax, type ApplyJobsOptions } from "./apply-jobs.ts";
export { pauseJob, removeJob, resumeJob, type ChangeJobOptions } from "./change-job-state.ts";
export { runJobNow, type RunJobNowOptions } from "./run-job-now.ts";
export {
  getJob,
  listJobs,
  listTicks,
  type Job,
  type ListJobsOptions,
  type ListTicksOptions,
  type Tick,
} from "./read-jobs.ts";
export { fireDueTicks, readNextFire, type FireDueTicksOptions, type FiredTicks } from "./fire-due-ticks.ts";
export { reportSilentJobs, silentMsMax } from "./report-silent-jobs.ts";
export { fireEventTicks } from "./fire-event-ticks.ts";

export { createJobLoops } from "./create-job-loops.ts";
export { tickProjection } from "./tick-projection.ts";
export { jobColumns, type StoredJob } from "./job-row.ts";
export { nextTick, scheduleOf } from "./job-moments.ts";
export { moveJobs } from "./move-jobs.ts";
export { listFailingJobs, reportFailingJobs, type FailingJob } from "./report-failing-jobs.ts";
