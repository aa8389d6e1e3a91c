export type { JobDefinition, JobState } from "./job-row.ts";
export { asDefined } from "./run-of-definition.ts";
export { checkNames, onlyModels, type KnownModels, type KnownNames } from "./known-names.ts";
export { defineJob, type ChangedJob } from "./define-job.ts";
export {
  doesAsBefore,
  doesAsNow,
  getJobVersion,
  listJobVersions,
  rollBackJob,
  type JobVersion,
} from "./job-versions.ts";
export { applyJobs, applyValidJobs } from "./apply-jobs.ts";
export { pauseJob, removeJob, resumeJob } from "./change-job-state.ts";
export { runJobNow } from "./run-job-now.ts";
export {
  countJobs,
  getJob,
  listJobs,
  listJobsByDue,
  listLatestTicks,
  listTicks,
  readJobOrigins,
  type DuePlace,
  type Job,
  type JobOrigin,
  type Tick,
} from "./read-jobs.ts";
export { readEventTopics } from "./fire-event-ticks.ts";
export { fireDueTicks } from "./fire-due-ticks.ts";
export { reportSilentJobs, silentMsMax } from "./report-silent-jobs.ts";

export { createJobLoops, createStalledJobLoop } from "./create-job-loops.ts";
export { tickProjection } from "./tick-projection.ts";
export { jobColumns, type StoredJob } from "./job-row.ts";
export { nextTick, scheduleOf } from "./job-moments.ts";
export { comingTicks, previewMoments } from "./coming-ticks.ts";
export { advanceJobs } from "./advance-jobs.ts";
export { forecastSpend } from "./forecast-spend.ts";
export { listFailingJobs, type FailingJob } from "./report-failing-jobs.ts";
export { applyAgents } from "./agents/apply-agents.ts";
export { listTriggerJobs, readAgentTriggers } from "./agents/agent-triggers.ts";
export {
  createAgentOf,
  eachAgent,
  getAgent,
  getAgentVersion,
  listAgents,
  listAgentVersions,
  readAgentSources,
  readAgentsOfTexts,
  type Agent,
  type AgentOf,
  type AgentVersion,
} from "./agents/read-agents.ts";
export { forgetUnlistedAgents, readUnlistedAgents } from "./agents/unlisted-agents.ts";
export { jobsSchema } from "./jobs-schema.ts";
