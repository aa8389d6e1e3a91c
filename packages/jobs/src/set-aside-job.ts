/** A job whose ticks cannot be recorded stops only itself: it is paused with the reason, said once, and the others go on. */
import { createId, toRoostError } from "@roost/base";
import { isMoment } from "@roost/contract/operations";
import type { Kernel, KernelTransaction } from "@roost/kernel";
import { clipReason } from "./clip-reason.ts";
import { emitJobEvent } from "./emit-job-event.ts";
import { lockJob, type StoredJob } from "./job-row.ts";
import { recordTicks } from "./record-ticks.ts";

/** Who pauses a job that cannot be carried out. */
export const setAsideBy = "roost";

/** Whether the same may succeed later without a change: the database is away or was asked too much. Then nothing is the job's fault. */
export function isPassing(error: unknown): boolean {
  return toRoostError(error).retryable;
}

/** Pauses the job if it is still due. Resumed, changed or removed it goes on as any paused job does. */
export async function setAsideJob(kernel: Kernel, jobId: string, error: unknown): Promise<void> {
  const reason = clipReason(`its tick could not be recorded: ${toRoostError(error).message}`);
  await kernel.transact(async (tx) => {
    const found = await lockJob(tx, jobId);
    if (found === undefined || found.job.state !== "active" || found.job.fireAt === null) return;
    const { job, nowMs } = found;
    await skipUnrecordable(tx, job, { nowMs, reason });
    const eventId = createId();
    await tx.query(
      `update roost.job set state = 'paused', next_at = null, fire_at = null, paused_at = roost.now(), paused_by = $2, paused_reason = $3,
         cause_id = $4, updated_at = roost.now() where id = $1`,
      [jobId, setAsideBy, reason, eventId],
    );
    emitJobEvent(tx, "job.paused", {
      id: eventId,
      jobId,
      data: { by: setAsideBy, reason },
      cause: { causation: job.causeId },
    });
    const noticeId = createId();
    const text = `Job ${jobId} is paused, because ${reason}. Change it (roost jobs show ${jobId}), then roost jobs resume ${jobId}`;
    tx.emit({
      type: "notice.raised",
      subject: noticeId,
      causation: eventId,
      data: { noticeId, level: "warning", text, source: "scheduler", target: "console", jobId },
    });
    tx.wake("jobs");
  });
  kernel.logger.error("a job was set aside: its tick could not be recorded", { jobId, error });
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
