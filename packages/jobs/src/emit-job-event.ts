import type { JsonFields } from "@roost/base";
import { audienceOf, formatLabels, openLabels, placedFor, type Labels } from "@roost/contract/labels";
import type { KernelTransaction } from "@roost/kernel";

/** The event that led to a change of a job, if any. */
export interface JobCause {
  causation?: string | undefined;
  correlation?: string | undefined;
  traceparent?: string | undefined;
  /** Of the changing party. Default: the person's. */
  labels?: Labels | undefined;
}

export interface JobEvent {
  /** Default: a fresh id. */
  id?: string;
  jobId: string;
  data: JsonFields;
  cause: JobCause;
}

/** Emits an event of a job with its subject and cause. All events of a job share a partition and keep their order. */
export function emitJobEvent(
  tx: KernelTransaction,
  type: "job.defined" | "job.changed" | "job.paused" | "job.resumed" | "job.removed",
  { id, jobId, data, cause }: JobEvent,
): string {
  return tx.emit({
    type,
    subject: jobId,
    labels: labelsOfJob(jobId, cause.labels),
    data: { jobId, ...data },
    id,
    causation: cause.causation,
    correlation: cause.correlation,
    traceparent: cause.traceparent,
  });
}

/** Content about a job is for its own sessions and the person's. */
export function labelsOfJob(jobId: string, labels: Labels = openLabels): string[] {
  return formatLabels(placedFor(labels, [audienceOf("job", jobId)]));
}
