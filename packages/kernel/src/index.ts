// Log, wake-ups, the kernel itself.
export { openKernel, readKernelSchema, readSchemas, type Kernel, type RoomSchema } from "./open-kernel.ts";
export { setRunDefault } from "./runs/set-run-default.ts";
export { createUnplacedLoop } from "./scheduler/create-unplaced-loop.ts";
export {
  describeMissing,
  listNeeds,
  listUnplacedRuns,
  reportUnplacedRuns,
  type UnplacedRuns,
} from "./runs/unplaced-runs.ts";
export { type KernelTransaction } from "./transact.ts";
export type { EventDraft, StoredEvent } from "./log/event.ts";
export { labelSetNumbers } from "./log/label-sets.ts";
export { firstLabels } from "./runs/first-labels.ts";
export { raiseRunLabels, readRunLabels } from "./runs/raise-run-labels.ts";
export { readSchemaIds, type EventSchema } from "./log/event-schema.ts";
export { readTopics } from "./log/topics.ts";
export { advanceOffsets, formatOffsets, parseOffsets, partitionName, type OffsetVector } from "./log/offsets.ts";
export { eventColumns, readEvents, readLimitMax, readPartitions } from "./log/read-events.ts";
export { openDatabaseClock } from "./log/database-clock.ts";
export { findOffsets, readEnd, readLog, readTopic, readableBy, type DroppedEvents } from "./log/read-log.ts";
export { readBefore, readLatest, type PageBefore } from "./log/read-before.ts";
export { tailEvents, tailPages } from "./log/tail-events.ts";
export { readCorrelation } from "./log/read-correlation.ts";
export { buildCausality, causesOf, type CausalNode } from "./log/build-causality.ts";
export { failCursor, lockCursor, moveCursor, readLag } from "./log/cursor.ts";
export { refuseOutOfRange, refuseVectorOutOfRange } from "./log/out-of-range.ts";
export { setRetention } from "./log/set-retention.ts";
export { partitionOf } from "./log/murmur2.ts";
export { createWakeups } from "./wakeups/create-wakeups.ts";
export type { Wakeups } from "./wakeups/wakeups.ts";
export { publishStream, watchStream } from "./wakeups/streams.ts";

export { requireSeen } from "./log/require-seen.ts";
export { isPassing } from "./each-alone.ts";
export { judgeFailures, type Failure } from "./judge-failures.ts";
export {
  failureRepeatMs,
  listUnreadFailures,
  noteFailure,
  noteWell,
  readFailure,
  type UnreadFailure,
} from "./note-failure.ts";
export { raiseNotice } from "./raise-notice.ts";
export { tellFailures } from "./groups/tell-failures.ts";
export { emptyOutbox, readUnsent, sevenDaysOfAttempts, type Outbox } from "./groups/outbox.ts";

// Consumer groups.
export { consumeGroup } from "./groups/consume-group.ts";
export {
  createGroup,
  groupsChannel,
  noticeGroupOf,
  ownFailurePolicy,
  type FailurePolicy,
  type Group,
} from "./groups/group.ts";
export { matchesFilter, wantsEvent, type Subscriber } from "./groups/wants-event.ts";
export { stoppedFailuresMin } from "./groups/tell-failures.ts";
export { getGroup, listGroups, listLaggingPartitions } from "./groups/list-groups.ts";
export { removeGroup, resetGroup, skipEvent, type ResetTarget } from "./groups/move-group.ts";

export {
  declareGroup,
  failForeignLetter,
  lockForeignOffset,
  moveForeignOffset,
  parkForeignEvent,
  readForeignLetters,
  readForeignOffsets,
  resetForeignOffset,
  takeForeignEvents,
  takeForeignLetter,
} from "./groups/foreign-offsets.ts";
export { parkEvents } from "./groups/park-events.ts";
export { nextRetriesSql, retryDeadLetters } from "./groups/retry-dead-letters.ts";
export { dropDeadLetters, dropWithin, listDeadLetters, resetAttempts, retryAgain } from "./groups/list-dead-letters.ts";

// Projections.
export { replayProjection } from "./projections/replay-projection.ts";
export { listProjections } from "./projections/list-projections.ts";
export type { CopyOf, Projection, ProjectionDifference } from "./projections/projection.ts";

// Runs, workers, budgets.
export * from "./runs/run.ts";
export type { Question } from "./runs/question.ts";
export type { RunHead } from "./runs/lock-runs.ts";
export { isDiverged, isLeaseLost } from "./runs/lease-lost.ts";
export { createRun, createRuns } from "./runs/create-run.ts";
export { readStartLimits, type StartLimitUse } from "./runs/start-limits.ts";
export { listQueues, pauseQueue, readPausedQueues, resumeQueue, type Queue } from "./runs/queues.ts";
export { claimRuns } from "./runs/claim-runs.ts";
export type { ClaimTerms } from "./runs/claim-alone.ts";
export type { Claimer } from "./runs/end-done.ts";
export { beginStep, type BegunStep } from "./runs/begin-step.ts";
export type { StepRequest } from "./runs/prepare-intent.ts";
export { finishStep } from "./runs/finish-step.ts";
export type { FinishedStep } from "./runs/prepare-outcome.ts";
export { markRehearsal } from "./runs/mark-rehearsal.ts";
export { finishRun, type Judge, type RunOutcome } from "./runs/finish-run.ts";
export { waitInRun } from "./runs/wait-in-run.ts";
export { answerQuestion } from "./runs/answer-question.ts";
export { cancelRun, cancelRunsIn } from "./runs/cancel-run.ts";
export { readSpendBelow } from "./runs/read-spend-below.ts";
export { addNeed } from "./runs/add-need.ts";
export { readFamily, type Family } from "./runs/read-family.ts";
export { forkRun, type CarriedOver } from "./runs/fork-run.ts";
export { endOutdatedRuns } from "./runs/end-outdated-runs.ts";
export { retryRun } from "./runs/retry-run.ts";
export { resolveStep } from "./runs/resolve-step.ts";
export { promoteDueRuns } from "./runs/promote-due-runs.ts";
export { dropHistory, sweepFinishedRuns } from "./runs/sweep-finished-runs.ts";
export {
  getRun,
  listActivity,
  listQuestions,
  listRuns,
  listStepSpans,
  listSteps,
  listUnresolvedSteps,
  listWaits,
  readFence,
  type Activity,
  type RunWait,
  type StepSpan,
} from "./runs/list-runs.ts";
export { findHoldUps, type HoldUp } from "./runs/find-hold-ups.ts";
export { countRuns } from "./runs/count-runs.ts";
export { registerWorker, type WorkerRegistration } from "./workers/register-worker.ts";
export {
  drainHost,
  listDrainedHosts,
  readHomeVersion,
  undrainHost,
  type DrainedHost,
} from "./workers/drained-hosts.ts";
export { listWorkers, type WorkerRow } from "./workers/list-workers.ts";
export { crashLoop, reapWorkers } from "./workers/reap-workers.ts";
export { giveBackRun } from "./workers/give-back-run.ts";
export type * from "./budgets/budget.ts";
export type { Reservation, SpendAmounts } from "./runs/spend-answer.ts";
export { createSpendBlocks, type SpendBlocks, type TakenSpend } from "./budgets/create-spend-blocks.ts";
export { listSpend } from "./budgets/list-spend.ts";
export { reserveSpend, settleSpend } from "./budgets/reserve-spend.ts";
export { readBudgets, readSpend, setBudgets, setKeyCaps } from "./budgets/set-budgets.ts";

// Locks, effects that happen once, remembered results.
export { checkMs, checkName } from "./coordination/check-limits.ts";
export { acquireLock } from "./coordination/acquire-lock.ts";
export { releaseLock, renewLock } from "./coordination/release-lock.ts";
export { takeTurn } from "./coordination/take-turn.ts";
export { listLocks, type HeldLockRow } from "./coordination/list-locks.ts";
export { listOnce, type OnceListRow } from "./coordination/list-once.ts";
export { beginOnce, failOnce, finishOnce, renewOnce, type OnceAnswer } from "./coordination/begin-once.ts";
export { answersOf, createKeepAnswer, type AnswerStore, type KnownAnswer } from "./coordination/keep-answer.ts";
export { rememberResult } from "./coordination/remember-result.ts";

// The scheduler.
export { createLoops, runScheduler } from "./scheduler/run-scheduler.ts";
export type { SchedulerLoop } from "./scheduler/run-loop.ts";
