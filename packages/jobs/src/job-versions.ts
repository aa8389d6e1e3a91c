/**
 * The versions of jobs: each definition that a job has had, written once with the change that made it. A run keeps the version it started with: its
 * row holds what it is to do.
 */
import { RoostError } from "@roost/base";
import type { Kernel } from "@roost/kernel";
import type { Difference } from "./compare-definitions.ts";
import { defineJob, type DefineJobOptions, type ChangedJob } from "./define-job.ts";
import type { JobDefinition } from "./job-row.ts";
import { pageOfVersions } from "./page-of-versions.ts";

export interface JobVersion {
  jobId: string;
  version: number;
  definition: JobDefinition;
  timeZone: string;
  definedBy: string;
  definedAt: Date;
  /** Its active runs. */
  liveRunCount: number;
  /** Compared with the version before; none for the first known. */
  differences: Difference[];
}

export const jobVersionsPageMax = 500;

/** Newest first. @throws not_found for an unknown job */
export async function listJobVersions(
  kernel: Kernel,
  jobId: string,
  options: { limit: number; before?: number | undefined },
): Promise<{ versions: JobVersion[]; next: number | null }> {
  const limit = Math.min(options.limit, jobVersionsPageMax);
  const rows = await kernel.database.query<Omit<JobVersion, "differences">>(
    `select v.job_id as "jobId", v.version, v.definition, v.time_zone as "timeZone", v.defined_by as "definedBy", v.defined_at as "definedAt",
       (select count(*) from roost.run r where r.job_id = v.job_id and r.job_version = v.version and r.ended_at is null)::int as "liveRunCount"
     from roost.job_version v where v.job_id = $1 and ($2::integer is null or v.version < $2) order by v.version desc limit $3`,
    [jobId, options.before ?? null, limit + 1],
  );
  if (rows.length === 0 && options.before === undefined) throw unknownJob(jobId);
  return pageOfVersions(rows, limit);
}

/** @throws not_found */
export async function getJobVersion(kernel: Kernel, jobId: string, version: number): Promise<JobVersion> {
  const { versions } = await listJobVersions(kernel, jobId, { limit: 1, before: version + 1 });
  const [found] = versions;
  if (found?.version !== version)
    throw new RoostError("not_found", `The job "${jobId.slice(0, 64)}" has no version ${version}: check its versions`);
  return found;
}

/**
 * Restores an earlier definition of a job as a new version: history only grows.
 * @throws not_found; invalid_input when that definition is no longer valid; conflict for another version than expected
 */
export async function rollBackJob(
  kernel: Kernel,
  jobId: string,
  options: DefineJobOptions & { version: number },
): Promise<ChangedJob> {
  const { version, ...rest } = options;
  const { definition, timeZone } = await getJobVersion(kernel, jobId, version);
  return defineJob(kernel, { id: jobId, ...definition }, { ...rest, timeZone });
}

function unknownJob(jobId: string): RoostError {
  return new RoostError("not_found", `There is no job "${jobId.slice(0, 64)}": check the list of jobs`);
}
