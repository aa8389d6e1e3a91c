import type { KernelTransaction } from "@roost/kernel";

/** Invariant: a version of a job is written in the transaction that makes it. */
export async function recordVersion(tx: KernelTransaction, jobId: string): Promise<void> {
  await tx.query(
    `insert into roost.job_version (job_id, version, definition, time_zone, defined_by, defined_at, event_id)
     select id, version, definition, time_zone, defined_by, updated_at, cause_id from roost.job where id = $1`,
    [jobId],
  );
}
