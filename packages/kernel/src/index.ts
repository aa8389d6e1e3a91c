// Log, wake-ups, the kernel itself.
export { kernelMigrations, kernelSchema, openKernel, type Kernel, type OpenKernelOptions } from "./open-kernel.ts";
export { eventsPerTransactionMax, type KernelTransaction } from "./transact.ts";
export type { EventDraft, EventPosition, StoredEvent } from "./log/event.ts";
export { eventBytesMax } from "./log/prepare-event.ts";
export { eventsPerAppendMax } from "./log/create-appender.ts";
export type { EventSchema, KnownSchema, RegisteredSchema } from "./log/event-schema.ts";
export type { SchemaRegistry } from "./log/schema-registry.ts";
export {
  createTopic,
  partitionCountDefault,
  readTopics,
  segmentSizeDefault,
  type NewTopic,
  type Topic,
} from "./log/topics.ts";
export { murmur2, partitionOf } from "./log/murmur2.ts";
export { advanceOffsets, formatOffsets, parseOffsets, partitionName, type OffsetVector } from "./log/offsets.ts";
export {
  eventColumns,
  readEvents,
  readLimitMax,
  readPartitions,
  type PartitionRange,
  type ReadEvents,
} from "./log/read-events.ts";
export {
  findOffsets,
  readEnd,
  readLatest,
  readLog,
  readTopic,
  type EventFilter,
  type LogPage,
  type ReadLog,
} from "./log/read-log.ts";
export { tailEvents, tailPages, type TailEvents, type TailSource } from "./log/tail-events.ts";
export { readCorrelation } from "./log/read-correlation.ts";
export { buildCausality, causesOf, type Causality, type CausalNode } from "./log/build-causality.ts";
export { commitCursor, lockCursor, readCursor, readCursors, type CursorName } from "./log/cursor.ts";
export {
  consumeEvents,
  readLag,
  type ConsumeEvents,
  type ConsumeSource,
  type PartitionLag,
} from "./log/consume-events.ts";
export { refuseOutOfRange, refuseVectorOutOfRange, isOutOfRange } from "./log/out-of-range.ts";
export { setRetention, type Retention } from "./log/set-retention.ts";
export { maintainLog, type LogMaintenance } from "./log/segments.ts";
export type { WaitOptions, WakeupOutcome, Wakeups, WakeupWatch } from "./wakeups/wakeups.ts";
export {
  publishStream,
  watchStream,
  type StreamDelta,
  type Streams,
  type WatchStreamOptions,
} from "./wakeups/streams.ts";

export { emitSkipped } from "./log/emit-skipped.ts";
export { requireSeen } from "./log/require-seen.ts";

// Consumer groups.
export { groupLimits, isPartitionLost, type PartitionLease } from "./groups/partition-lease.ts";
export type { HandleEvents } from "./groups/consume-batch.ts";
export { joinGroup, type ConsumePass, type GroupMember, type JoinGroup } from "./groups/join-group.ts";
export { consumeGroup, type ConsumeGroup } from "./groups/consume-group.ts";
export {
  eventJobGroup,
  getGroup,
  listGroups,
  listLaggingPartitions,
  type ConsumerGroup,
  type GroupMemberRow,
  type GroupPartition,
} from "./groups/list-groups.ts";
export {
  removeGroup,
  resetGroup,
  skipEvent,
  type MovedCursor,
  type ResetGroup,
  type ResetTarget,
  type SkipEvent,
} from "./groups/move-group.ts";

// Projections.
export { replayProjection, type ReplayOptions, type ReplayStep } from "./projections/replay-projection.ts";
export { listProjections, type ProjectionState } from "./projections/list-projections.ts";
export type { CopyOf, ProjectedTable, Projection, ProjectionDifference } from "./projections/projection.ts";

// Runs, workers, budgets.
export * from "./runs/run.ts";
export type { RunHead } from "./runs/lock-runs.ts";
export { isDiverged, isLeaseLost } from "./runs/lease-lost.ts";
export { createRun, createRuns, type CreatedRun } from "./runs/create-run.ts";
export { admitDueRates, admitToFreeSlots, readGates, sweepGates, type GateUse } from "./runs/admit-runs.ts";
export {
  listQueues,
  pauseQueue,
  readPausedQueues,
  resumeQueue,
  type PauseQueueOptions,
  type Queue,
} from "./runs/queues.ts";
export { claimRuns, type Claim } from "./runs/claim-runs.ts";
export { beginStep, restartStep, type BegunStep, type StepRequest } from "./runs/begin-step.ts";
export { finishStep, type AlongsideOptions, type StepOutcome } from "./runs/finish-step.ts";
export { markRehearsal } from "./runs/mark-rehearsal.ts";
export { finishRun, type RunOutcome } from "./runs/finish-run.ts";
export { waitInRun, type WaitOutcome, type WaitStep } from "./runs/wait-in-run.ts";
export { deliverEventWaits, matchesFilter } from "./runs/event-waits.ts";
export { answerQuestion, type Answer } from "./runs/answer-question.ts";
export { cancelRun, cancelRunsIn, type CancelOutcome, type CancelRequest } from "./runs/cancel-run.ts";
export { forkRun, type ForkRequest } from "./runs/fork-run.ts";
export { retryRun, type RetryRequest } from "./runs/retry-run.ts";
export { resolveStep, type ResolveRequest } from "./runs/resolve-step.ts";
export { promoteDueRuns, readNextDue } from "./runs/promote-due-runs.ts";
export { promoteFreeLanes } from "./runs/promote-lanes.ts";
export { failOverdueRuns } from "./runs/fail-overdue-runs.ts";
export { dropRunHistory, sweepFinishedRuns, sweepLanes, type SweepOptions } from "./runs/sweep-finished-runs.ts";
export {
  getQuestion,
  getRun,
  listActivity,
  listQuestions,
  listRuns,
  listSteps,
  listUnresolvedSteps,
  listWaits,
  type Activity,
  type QuestionQuery,
  type RunQuery,
  type RunWait,
} from "./runs/list-runs.ts";
export { countRuns, type RunCounts } from "./runs/count-runs.ts";
export { holdHome, type HeldHome, type HomeIdentity } from "./home/hold-home.ts";
export { registerWorker, type Heartbeat, type NewWorker, type WorkerRegistration } from "./workers/register-worker.ts";
export { listWorkers, type WorkerRow } from "./workers/list-workers.ts";
export { crashLoop, reapWorkers } from "./workers/reap-workers.ts";
export { giveBackRun } from "./workers/give-back-run.ts";
export type * from "./budgets/budget.ts";
export { reserveSpend, settleSpend, type SpendAsk } from "./budgets/reserve-spend.ts";
export {
  readBudgets,
  readSpend,
  setBudgets,
  sweepSpend,
  type BudgetSettings,
  type SpendQuery,
} from "./budgets/set-budgets.ts";

// Locks, effects that happen once, remembered results.
export { coordinationLimits } from "./coordination/coordination-limits.ts";
export { checkMs, checkName } from "./coordination/check-limits.ts";
export { acquireLock, type LockAnswer, type LockRequest } from "./coordination/acquire-lock.ts";
export {
  expireLocks,
  releaseLock,
  releaseLocksOfRun,
  renewLock,
  type LockToken,
  type RenewedLock,
} from "./coordination/release-lock.ts";
export { listLocks, type HeldLockRow } from "./coordination/list-locks.ts";
export {
  beginOnce,
  expireOnce,
  failOnce,
  finishOnce,
  renewOnce,
  type OnceAnswer,
  type OnceOutcome,
  type OnceRequest,
} from "./coordination/begin-once.ts";
export { rememberResult, type RememberResultOptions } from "./coordination/remember-result.ts";
export { sweepCoordination } from "./coordination/sweep-coordination.ts";

// The scheduler.
export { dropHistory } from "./scheduler/drop-history.ts";
export { createLoops, runScheduler, type SchedulerOptions } from "./scheduler/run-scheduler.ts";
export type { Look, Loop } from "./scheduler/run-loop.ts";
