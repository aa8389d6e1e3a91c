/** Versions of jobs: their history, an earlier one again, and whether two have runs do the same. What makes a version is define-job.ts. */
import { isDeepStrictEqual } from "node:util";
import type { Kernel, KernelTransaction } from "@roost/kernel";
import { defineJob, type ChangedJob, type DefineJobOptions } from "./define-job.ts";
import type { JobDefinition } from "./job-row.ts";
import { versionsOf, type Version } from "./versions.ts";

/** A run keeps the version it started with: its row holds what it is to do. */
export interface JobVersion extends Version<JobDefinition> {
  jobId: string;
  timeZone: string;
}

export const { list: listJobVersions, get: getJobVersion } = versionsOf<JobVersion>("job");

/**
 * Restores an earlier definition of a job as a new version: history only grows.
 * @throws not_found; invalid_input when that definition is no longer valid; conflict for another version than expected
 */
export async function rollBackJob(
  kernel: Kernel,
  jobId: string,
  { version, ...options }: DefineJobOptions & { version: number },
): Promise<ChangedJob> {
  const { definition, timeZone } = await getJobVersion(kernel, jobId, version);
  return defineJob(kernel, { id: jobId, ...definition }, { ...options, timeZone });
}

/**
 * Whether a version of the job has its runs do what the one did that was in force at that time, or the first where the job was imported since: when and
 * how often is another matter.
 */
export async function doesAsBefore(
  kernel: Kernel,
  { jobId, version, at }: { jobId: string; version: number; at: Date },
): Promise<boolean> {
  const rows = await kernel.database.query<{ definition: JobDefinition }>(
    `(select definition from roost.job_version where job_id = $1 and version = $2)
     union all
     (select definition from roost.job_version where job_id = $1
      order by defined_at <= $3 desc, case when defined_at <= $3 then -version else version end limit 1)`,
    [jobId, version, at],
  );
  const [now, before] = rows.map(({ definition }) => taskOf(definition));
  return before !== undefined && isDeepStrictEqual(now, before);
}

/** Whether the job's current version has its runs do what this one does. The job stays as it is until the transaction ends. */
export async function doesAsNow(
  tx: KernelTransaction,
  { jobId, version }: { jobId: string; version: number },
): Promise<boolean> {
  const [job] = await tx.query<{ definition: JobDefinition }>(
    "select definition from roost.job where id = $1 for share",
    [jobId],
  );
  const [asked] = await tx.query<{ definition: JobDefinition }>(
    "select definition from roost.job_version where job_id = $1 and version = $2",
    [jobId, version],
  );
  if (job === undefined || asked === undefined) return false;
  return isDeepStrictEqual(taskOf(asked.definition), taskOf(job.definition));
}

/** What its runs are told, what they may, and who gets their answer. Events tell them something too. */
function taskOf({ agent, session, prompt, tools, inputs, tell, deliver, trigger }: JobDefinition) {
  return {
    agent,
    session,
    prompt,
    tools,
    inputs,
    tell,
    deliver,
    trigger: trigger.kind === "event" ? trigger : undefined,
  };
}
