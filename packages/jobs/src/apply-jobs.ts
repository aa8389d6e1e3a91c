/** A set of jobs at once: defined together or not at all, and those that left the set removed when asked to. */
import { RoostError } from "@roost/base";
import type { Kernel } from "@roost/kernel";
import { removeJobWithin } from "./change-job-state.ts";
import { defineJobWithin, topicOf, type DefineJobOptions, type JobChange } from "./define-job.ts";
import { jobColumns, lockJob, type StoredJob } from "./job-row.ts";
import { readDefinition } from "./read-definition.ts";

/** Jobs of one call. */
export const jobsPerApplyMax = 500;

export interface ApplyJobsOptions extends Omit<DefineJobOptions, "expectedVersion"> {
  /** Which set these jobs are: jobs of the same source that are not among them can be pruned. */
  source: string;
  dryRun?: boolean;
  prune?: boolean;
}

/**
 * Defines many jobs: all of them or, when one is not valid, none. Applying the same set twice changes nothing the second time.
 * @throws invalid_input naming every job that is not valid
 */
export async function applyJobs(
  kernel: Kernel,
  written: readonly unknown[],
  options: ApplyJobsOptions,
): Promise<JobChange[]> {
  if (written.length > jobsPerApplyMax)
    throw new RoostError(
      "limit_exceeded",
      `${written.length} jobs at once (limit ${jobsPerApplyMax}): apply them in parts`,
    );
  const reads = readAll(written, options.timeZone ?? "UTC");
  const topics = await Promise.all(reads.map((read) => topicOf(kernel, read)));
  return kernel.transact(async (tx) => {
    const changes: JobChange[] = [];
    // By id, so that two who apply at once take the rows in one order.
    const inOrder = reads
      .map((read, index) => ({ read, topic: topics[index] ?? null }))
      .toSorted((a, b) => (a.read.id < b.read.id ? -1 : 1));
    for (const { read, topic } of inOrder) changes.push(await defineJobWithin(tx, read, { ...options, topic }));
    if (options.prune !== true) return changes;
    const left = await tx.query<StoredJob>(
      `select ${jobColumns} from roost.job where origin = $1 and state <> 'removed' and not id = any($2) order by id`,
      [options.source, reads.map((read) => read.id)],
    );
    for (const { id } of left) {
      const found = await lockJob(tx, id);
      if (found === undefined) continue;
      if (options.dryRun !== true)
        await removeJobWithin(tx, found.job, {
          ...options,
          reason: `no longer in ${options.source}`,
          nowMs: found.nowMs,
        });
      changes.push({ jobId: id, change: "removed", version: found.job.version, differences: [] });
    }
    return changes;
  });
}

function readAll(written: readonly unknown[], timeZone: string): ReturnType<typeof readDefinition>[] {
  const complaints: string[] = [];
  const reads = new Map<string, ReturnType<typeof readDefinition>>();
  for (const job of written) {
    try {
      const read = readDefinition(job, timeZone);
      if (reads.has(read.id)) complaints.push(`The job "${read.id}" is there twice`);
      reads.set(read.id, read);
    } catch (error) {
      if (!(error instanceof RoostError)) throw error;
      complaints.push(error.message);
    }
  }
  if (complaints.length > 0) throw new RoostError("invalid_input", complaints.join("; "));
  return [...reads.values()];
}
