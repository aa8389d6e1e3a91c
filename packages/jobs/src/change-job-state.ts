/** Pauses, resumes and removes jobs. Due ticks are recorded first; active runs go on. */
// tidy: three changes of one state, under the same rules.
import { createId, RoostError } from "@roost/base";
import { describeTrigger } from "@roost/contract/operations";
import { dropWithin, isPassing, resetAttempts, type Kernel, type KernelTransaction } from "@roost/kernel";
import { clipReason, lockJob, type StoredJob } from "./job-row.ts";
import { pausedByDefinition, pauseStart } from "./plan-change.ts";
import { emitJobEvent, type JobCause } from "./emit-job-event.ts";
import { fireEventTicks } from "./fire-event-ticks.ts";
import { closeWindows, eventJobGroupName } from "./gather-events.ts";
import { nextTick, scheduleOf } from "./job-moments.ts";
import { recordTicks } from "./record-ticks.ts";
import { settleDueTicks } from "./settle-due-ticks.ts";
import { topicHeads } from "./topic-heads.ts";
import { unknown } from "./versions.ts";

export interface ChangeJobOptions extends JobCause {
  by: string;
  reason?: string | undefined;
}

/** @throws not_found, or conflict for a job that has finished */
export async function pauseJob(kernel: Kernel, jobId: string, options: ChangeJobOptions): Promise<void> {
  // Earlier events still fire the job.
  await fireEarlierEvents(kernel);
  await kernel.transact(async (tx) => {
    const { job, nowMs } = await mustLock(tx, jobId);
    if (job.state === "paused") return;
    const settled = await settleDueTicks(tx, job, { nowMs });
    await closeWindows(tx, job, { nowMs, reason: "early, because the job is being paused" });
    if (settled.state === "finished")
      throw new RoostError("conflict", `The job "${jobId}" has finished: there is nothing to pause`);
    const eventId = createId();
    await tx.query(
      `update roost.job set state = 'paused', next_at = null, fire_at = null, paused_at = $5, paused_by = $2, paused_reason = $3,
         cause_id = $4, updated_at = roost.now() where id = $1`,
      [
        jobId,
        options.by,
        options.reason === undefined ? null : clipReason(options.reason),
        eventId,
        pauseStart(settled, nowMs),
      ],
    );
    emitChange(tx, "job.paused", job, eventId, options);
  });
}

/** A failure of another job must not keep this one from being paused. */
async function fireEarlierEvents(kernel: Kernel): Promise<void> {
  try {
    while ((await fireEventTicks(kernel)).isMore);
  } catch (error) {
    if (isPassing(error)) throw error;
    kernel.logger.warn("events before a pause could not all be fired", { error });
  }
}

/** Moments that passed meanwhile are counted up to here. */
const missedMomentsMax = 10_000;

/** @throws not_found, or conflict for a job that has finished or is disabled in its definition */
export async function resumeJob(kernel: Kernel, jobId: string, options: ChangeJobOptions): Promise<void> {
  await kernel.transact(async (tx) => {
    const { job, nowMs } = await mustLock(tx, jobId);
    if (job.state === "active") return;
    if (job.state === "finished")
      throw new RoostError("conflict", `The job "${jobId}" has finished: give it a trigger that is due again`);
    if (!job.definition.enabled)
      throw new RoostError("conflict", `The job "${jobId}" is disabled in its definition: enable it there`);
    await recordPause(tx, job, nowMs);
    const isTimed = job.trigger.kind !== "event" && job.trigger.kind !== "manual";
    const { nextAt, fireAt } = nextTick(job, nowMs);
    const eventId = createId();
    await tx.query(
      `update roost.job set state = $2, next_at = $3, fire_at = $4, paused_at = null, paused_by = null, paused_reason = null,
         from_offsets = $6, cause_id = $5, updated_at = roost.now() where id = $1`,
      // Events during the pause do not fire it.
      [
        jobId,
        isTimed && nextAt === null ? "finished" : "active",
        nextAt,
        fireAt,
        eventId,
        job.topic === null ? null : JSON.stringify(await topicHeads(tx, job.topic)),
      ],
    );
    if (job.topic !== null) await resetAttempts(tx, { group: eventJobGroupName, key: jobId });
    emitChange(tx, "job.resumed", job, eventId, options);
  });
}

/** One row for all moments of the pause: they were not wanted, rather than missed. */
async function recordPause(tx: KernelTransaction, job: StoredJob, nowMs: number): Promise<void> {
  if (job.pausedAt === null) return;
  const schedule = scheduleOf(job);
  let firstMs: number | undefined;
  let lastMs = job.pausedAt.getTime();
  let count = 0;
  for (; count < missedMomentsMax; count += 1) {
    const atMs = schedule.next(lastMs);
    if (atMs === undefined || atMs > nowMs) break;
    firstMs ??= atMs;
    lastMs = atMs;
  }
  if (firstMs === undefined) return;
  const who = job.pausedBy === pausedByDefinition || job.pausedBy === null ? "its definition" : job.pausedBy;
  await recordTicks(
    tx,
    [
      {
        job,
        key: new Date(firstMs).toISOString(),
        atMs: firstMs,
        outcome: "missed",
        reason: `paused by ${who}${job.pausedReason === null ? "" : `: ${job.pausedReason}`}`,
        lateMs: nowMs - firstMs,
        missedCount: count,
        untilMs: count > 1 ? lastMs : undefined,
        why: describeTrigger(job.definition.trigger, job),
      },
    ],
    nowMs,
  );
}

/** Its ticks and runs stay on record. @throws not_found */
export async function removeJob(kernel: Kernel, jobId: string, options: ChangeJobOptions): Promise<void> {
  await kernel.transact(async (tx) => {
    const { job, nowMs } = await mustLock(tx, jobId);
    await removeJobWithin(tx, job, { ...options, nowMs });
  });
}

export async function removeJobWithin(
  tx: KernelTransaction,
  job: StoredJob,
  options: ChangeJobOptions & { nowMs: number },
): Promise<void> {
  await settleDueTicks(tx, job, { nowMs: options.nowMs });
  const reason = "the job was removed before it was due";
  const early = { reason, isSkipped: true };
  if (job.topic !== null) await dropWithin(tx, { group: eventJobGroupName, key: job.id, by: options.by, reason });
  await closeWindows(tx, job, { nowMs: options.nowMs, ...early });
  const eventId = createId();
  await tx.query(
    `update roost.job set state = 'removed', next_at = null, fire_at = null, topic = null, from_offsets = null, cause_id = $2, updated_at = roost.now()
     where id = $1`,
    [job.id, eventId],
  );
  emitChange(tx, "job.removed", job, eventId, options);
}

async function mustLock(tx: KernelTransaction, jobId: string): Promise<{ job: StoredJob; nowMs: number }> {
  const found = await lockJob(tx, jobId);
  if (found === undefined) throw await unknown(tx, "job", jobId);
  return found;
}

function emitChange(
  tx: KernelTransaction,
  type: "job.paused" | "job.resumed" | "job.removed",
  job: StoredJob,
  eventId: string,
  { by, reason, ...cause }: ChangeJobOptions,
): void {
  emitJobEvent(tx, type, {
    id: eventId,
    jobId: job.id,
    data: { by, reason: reason === undefined ? undefined : clipReason(reason) },
    cause: { ...cause, causation: cause.causation ?? job.causeId },
  });
  tx.wake("jobs");
}
