/** A job whose ticks cannot be recorded stops only itself: it is paused with the reason, said once, and the others go on. */
import { createId, toRoostError } from "@roost/base";
import { isMoment } from "@roost/contract/operations";
import { raiseNotice, type Kernel, type KernelTransaction } from "@roost/kernel";
import { setAsideBy } from "./after-change.ts";
import { clipReason } from "./clip-reason.ts";
import { emitJobEvent } from "./emit-job-event.ts";
import { closeWindows } from "./gather-events.ts";
import { lockJob, type StoredJob } from "./job-row.ts";
import { recordTicks } from "./record-ticks.ts";

/** Pauses the job if its tick is still to be recorded. Resumed, changed or removed it goes on as any paused job does. */
export async function setAsideJob(kernel: Kernel, jobId: string, error: unknown): Promise<void> {
  await kernel.transact(async (tx) => {
    const found = await lockJob(tx, jobId);
    if (found === undefined || (found.job.topic === null && found.job.fireAt === null)) return;
    await setAsideWithin(tx, found.job, { nowMs: found.nowMs, error });
  });
  kernel.logger.error("a job was set aside: its tick could not be recorded", { jobId, error });
}

/** The same in the caller's transaction, which holds the job's row. What the job has gathered is closed without a run. */
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
  const text = `Job ${job.id} is paused, because ${reason}. Change it (roost jobs show ${job.id}) and it goes on, or try it as it is: roost jobs resume ${job.id}`;
  raiseNotice(tx, { level: "warning", text, source: "scheduler", jobId: job.id, causation: eventId });
  tx.wake("jobs");
}

/** A due tick leaves a row also when it cannot be carried out, unless its moment itself is none. Uses nothing of the definition. */
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
