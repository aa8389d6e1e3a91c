/** Sets aside a job whose ticks cannot be recorded: it is paused with the reason, reported once, and the others go on. */
import { createId, toRoostError } from "@roost/base";
import { isMoment } from "@roost/contract/operations";
import { raiseNotice, type Kernel, type KernelTransaction } from "@roost/kernel";
import { setAsideBy } from "./plan-change.ts";
import { clipReason, lockJob, type StoredJob } from "./job-row.ts";
import { emitJobEvent } from "./emit-job-event.ts";
import { closeWindows } from "./gather-events.ts";
import { recordTicks } from "./record-ticks.ts";

/** Pauses the job if its tick is still to be recorded. It continues when resumed or changed, like any paused job. */
export async function setAsideJob(kernel: Kernel, jobId: string, error: unknown): Promise<void> {
  await kernel.transact(async (tx) => {
    const found = await lockJob(tx, jobId);
    if (found === undefined || (found.job.topic === null && found.job.fireAt === null)) return;
    await setAsideWithin(tx, found.job, { nowMs: found.nowMs, error });
  });
  kernel.logger.error("a job was set aside: its tick could not be recorded", { jobId, error });
}

/** The same in the caller's transaction, which holds the job's row. Its gathered events are closed without a run. */
export async function setAsideWithin(
  tx: KernelTransaction,
  job: StoredJob,
  { nowMs, error }: { nowMs: number; error: unknown },
): Promise<void> {
  const reason = clipReason(`its tick could not be recorded: ${toRoostError(error).message}`);
  await closeWindows(tx, job, { nowMs, reason, isSkipped: true, isUnrecordable: true });
  if (job.state !== "active") return;
  await skipUnrecordable(tx, job, { nowMs, reason });
  const eventId = createId();
  await tx.query(
    `update roost.job set state = 'paused', next_at = null, fire_at = null, paused_at = roost.now(), paused_by = $2, paused_reason = $3,
       cause_id = $4, updated_at = roost.now() where id = $1`,
    [job.id, setAsideBy, reason, eventId],
  );
  emitJobEvent(tx, "job.paused", {
    id: eventId,
    jobId: job.id,
    data: { by: setAsideBy, reason },
    cause: { causation: job.causeId },
  });
  const text = `Job ${job.id} is paused, because ${reason}. Fix its definition (roost jobs edit ${job.id}), or try it unchanged: roost jobs resume ${job.id}`;
  raiseNotice(tx, { level: "warning", text, source: "scheduler", jobId: job.id, causation: eventId });
  tx.wake("jobs");
}

/** A due tick leaves a row also when it cannot be carried out, unless its time itself is invalid. Uses nothing of the definition. */
export async function skipUnrecordable(
  tx: KernelTransaction,
  job: StoredJob,
  { nowMs, reason }: { nowMs: number; reason: string },
): Promise<void> {
  const atMs = Number(job.nextAt ?? Number.NaN);
  if (!isMoment(atMs)) return;
  const key = new Date(atMs).toISOString();
  const lateMs = Math.max(0, nowMs - atMs);
  await recordTicks(tx, [{ job, key, atMs, outcome: "skipped", reason, lateMs, missedCount: 1, why: reason }], nowMs);
}
