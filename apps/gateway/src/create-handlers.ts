/** Every operation of the gateway with what serves it. */
import type { Handlers } from "@roost/contract";
import type { roostOperations } from "@roost/contract/operations";
import { acquireLock } from "./api/acquire-lock.ts";
import { answerQuestion } from "./api/answer-question.ts";
import { applyJobs } from "./api/apply-jobs.ts";
import { beginOnce } from "./api/begin-once.ts";
import { cancelRehearsal } from "./api/cancel-rehearsal.ts";
import { cancelRun } from "./api/cancel-run.ts";
import { checkSchema } from "./api/check-schema.ts";
import { claimTopic } from "./api/claim-topic.ts";
import { defineJob } from "./api/define-job.ts";
import { explainRun } from "./api/explain-run.ts";
import { failOnce } from "./api/fail-once.ts";
import { finishOnce } from "./api/finish-once.ts";
import { forkRun } from "./api/fork-run.ts";
import { getConfig } from "./api/get-config.ts";
import { getGroup } from "./api/get-group.ts";
import { getJob } from "./api/get-job.ts";
import { getRehearsal } from "./api/get-rehearsal.ts";
import { getRun } from "./api/get-run.ts";
import { getSession } from "./api/get-session.ts";
import { getState } from "./api/get-state.ts";
import { getStatus } from "./api/get-status.ts";
import { listActivity } from "./api/list-activity.ts";
import { listClaims } from "./api/list-claims.ts";
import { listGroups } from "./api/list-groups.ts";
import { listJobVersions } from "./api/list-job-versions.ts";
import { listJobs } from "./api/list-jobs.ts";
import { listLocks } from "./api/list-locks.ts";
import { listNotices } from "./api/list-notices.ts";
import { listProjections } from "./api/list-projections.ts";
import { listQueues } from "./api/list-queues.ts";
import { listQuestions } from "./api/list-questions.ts";
import { listRuns } from "./api/list-runs.ts";
import { listSchemas } from "./api/list-schemas.ts";
import { listSessions } from "./api/list-sessions.ts";
import { listStateFiles } from "./api/list-state-files.ts";
import { listTicks } from "./api/list-ticks.ts";
import { listTopics } from "./api/list-topics.ts";
import { pauseQueue } from "./api/pause-queue.ts";
import { pauseJob } from "./api/pause-job.ts";
import { readEvents } from "./api/read-events.ts";
import { releaseClaim } from "./api/release-claim.ts";
import { releaseLock } from "./api/release-lock.ts";
import { removeGroup } from "./api/remove-group.ts";
import { removeJob } from "./api/remove-job.ts";
import { renewLock } from "./api/renew-lock.ts";
import { renewOnce } from "./api/renew-once.ts";
import { replayProjection } from "./api/replay-projection.ts";
import { replayRun } from "./api/replay-run.ts";
import { resetGroup } from "./api/reset-group.ts";
import { resolveStep } from "./api/resolve-step.ts";
import { resumeQueue } from "./api/resume-queue.ts";
import { resumeJob } from "./api/resume-job.ts";
import { retryRun } from "./api/retry-run.ts";
import { rollBackJob } from "./api/roll-back-job.ts";
import { runJob } from "./api/run-job.ts";
import { sendMessage } from "./api/send-message.ts";
import { skipEvent } from "./api/skip-event.ts";
import { startRehearsal } from "./api/start-rehearsal.ts";
import { tailEvents } from "./api/tail-events.ts";
import { watchRehearsal } from "./api/watch-rehearsal.ts";
import { watchRun } from "./api/watch-run.ts";
import { watchSession } from "./api/watch-session.ts";
import type { GatewayContext } from "./gateway-context.ts";

const factories = {
  acquireLock,
  answerQuestion,
  applyJobs,
  beginOnce,
  cancelRehearsal,
  cancelRun,
  checkSchema,
  claimTopic,
  defineJob,
  explainRun,
  failOnce,
  finishOnce,
  forkRun,
  getConfig,
  getGroup,
  getJob,
  getRehearsal,
  getRun,
  getSession,
  getState,
  getStatus,
  listActivity,
  listClaims,
  listGroups,
  listJobVersions,
  listJobs,
  listLocks,
  listNotices,
  listProjections,
  listQueues,
  listQuestions,
  listRuns,
  listSchemas,
  listSessions,
  listStateFiles,
  listTicks,
  listTopics,
  pauseQueue,
  pauseJob,
  readEvents,
  releaseClaim,
  releaseLock,
  removeGroup,
  removeJob,
  renewLock,
  renewOnce,
  replayProjection,
  replayRun,
  resetGroup,
  resolveStep,
  resumeQueue,
  resumeJob,
  retryRun,
  rollBackJob,
  runJob,
  sendMessage,
  skipEvent,
  startRehearsal,
  tailEvents,
  watchRehearsal,
  watchRun,
  watchSession,
} satisfies {
  [Id in keyof Handlers<typeof roostOperations>]: (context: GatewayContext) => Handlers<typeof roostOperations>[Id];
};

export function createHandlers(context: GatewayContext): Handlers<typeof roostOperations> {
  return Object.fromEntries(
    Object.entries(factories).map(([id, create]) => [id, create(context)]),
  ) as unknown as Handlers<typeof roostOperations>;
}
