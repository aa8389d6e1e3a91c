import type { Kernel } from "@roost/kernel";
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
