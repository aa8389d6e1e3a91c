/** A set of jobs at once: defined together or not at all, and those that left the set removed when asked to. */
import { RoostError, toRoostError } from "@roost/base";
import type { Kernel, KernelTransaction } from "@roost/kernel";
import { removeJobWithin } from "./change-job-state.ts";
import { clipReason } from "./clip-reason.ts";
import { defineJobWithin, topicOf, type DefineJobOptions, type JobChange } from "./define-job.ts";
import { jobColumns, lockJob, type JobDefinition, type StoredJob } from "./job-row.ts";
import { mergeDefinition } from "./merge-definition.ts";
import { readDefinition, type ReadDefinition } from "./read-definition.ts";
import { resolveTrigger } from "./resolve-trigger.ts";

/** Jobs of one call. */
export const jobsPerApplyMax = 500;

export interface ApplyJobsOptions extends Omit<DefineJobOptions, "expectedVersion"> {
  /** Which set these jobs are: jobs of the same source that are not among them can be pruned. */
  source: string;
  dryRun?: boolean;
  prune?: boolean;
  /** Keep what was changed here since the jobs were brought in this way the last time. */
  merge?: boolean;
}

/** A job that was left out, by its place in what was given. */
export interface RefusedJob {
  index: number;
  reason: string;
}

type AppliedJob = ReadDefinition & { topic: string | null };

/**
 * Defines many jobs: all of them or, when one is not valid, none. Applying the same set twice changes nothing the second time.
 * @throws invalid_input naming every job that is not valid
 */
export async function applyJobs(
  kernel: Kernel,
  written: readonly unknown[],
  options: ApplyJobsOptions,
): Promise<JobChange[]> {
  const { jobs, refused } = await readAll(kernel, written, options);
  if (refused.length > 0) throw new RoostError("invalid_input", refused.map(({ reason }) => reason).join("; "));
  return applyAll(kernel, jobs, { ...options, given: jobs.map(({ id }) => id) });
}

/** The same, but a job that is not valid costs only itself: it is neither changed nor pruned. */
export async function applyValidJobs(
  kernel: Kernel,
  written: readonly unknown[],
  options: ApplyJobsOptions,
): Promise<{ changes: JobChange[]; refused: RefusedJob[] }> {
  const { jobs, refused } = await readAll(kernel, written, options);
  const given = written.map((job) => String((job as { id?: unknown } | null)?.id));
  return { changes: await applyAll(kernel, jobs, { ...options, given }), refused };
}

type ApplyAllOptions = ApplyJobsOptions & { given: string[] };

function applyAll(kernel: Kernel, jobs: AppliedJob[], options: ApplyAllOptions): Promise<JobChange[]> {
  // By id, so that two who apply at once take the rows in one order.
  const inOrder = jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return kernel.transact(async (tx) => {
    const changes: JobChange[] = [];
    for (const job of inOrder)
      changes.push(
        options.merge === true
          ? await mergeJob(tx, job, options)
          : await defineJobWithin(tx, job, { ...options, topic: job.topic }),
      );
    return options.prune === true ? [...changes, ...(await prune(tx, options))] : changes;
  });
}

async function prune(tx: KernelTransaction, options: ApplyAllOptions): Promise<JobChange[]> {
  const changes: JobChange[] = [];
  const left = await tx.query<StoredJob>(
    `select ${jobColumns} from roost.job where source = $1 and state <> 'removed' and not id = any($2) order by id`,
    [options.source, options.given],
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
    changes.push({ jobId: id, change: "removed", version: found.job.version, differences: [], nextAt: null });
  }
  return changes;
}

/** Defines the job with what was changed here since it was brought last; a job that was removed here has nothing to keep. */
async function mergeJob(tx: KernelTransaction, job: AppliedJob, options: ApplyJobsOptions): Promise<JobChange> {
  const found = await lockJob(tx, job.id, { removed: true });
  const merged = found === undefined || found.job.state === "removed" ? undefined : await mergeWith(tx, found.job, job);
  const change = await defineJobWithin(tx, merged?.job ?? job, { ...options, topic: (merged?.job ?? job).topic });
  if (options.dryRun !== true)
    await tx.query("update roost.job set brought = $2 where id = $1 and brought is distinct from $2", [
      job.id,
      JSON.stringify(job.definition),
    ]);
  return merged === undefined ? change : { ...change, kept: merged.kept };
}

async function mergeWith(
  tx: KernelTransaction,
  stored: StoredJob,
  job: AppliedJob,
): Promise<{ job: AppliedJob; kept: string[] }> {
  const [row] = await tx.query<{ brought: JobDefinition | null }>("select brought from roost.job where id = $1", [
    stored.id,
  ]);
  const { definition, kept } = mergeDefinition({
    base: row?.brought ?? undefined,
    here: stored.definition,
    there: job.definition,
  });
  const isTheirs = definition.trigger === job.definition.trigger;
  return {
    job: {
      id: job.id,
      definition,
      trigger: isTheirs ? job.trigger : resolveTrigger(definition.trigger, stored.timeZone),
      topic: isTheirs ? job.topic : stored.topic,
    },
    kept,
  };
}

/** @throws limit_exceeded; anything but a job that is not valid */
async function readAll(
  kernel: Kernel,
  written: readonly unknown[],
  { timeZone = "UTC" }: ApplyJobsOptions,
): Promise<{ jobs: AppliedJob[]; refused: RefusedJob[] }> {
  if (written.length > jobsPerApplyMax)
    throw new RoostError(
      "limit_exceeded",
      `${written.length} jobs at once (limit ${jobsPerApplyMax}): apply them in parts`,
    );
  const refused: RefusedJob[] = [];
  const jobs = new Map<string, AppliedJob>();
  for (const [index, job] of written.entries()) {
    try {
      const read = readDefinition(job, timeZone);
      if (jobs.has(read.id)) throw new RoostError("invalid_input", `The job "${read.id}" is there twice`);
      jobs.set(read.id, { ...read, topic: await topicOf(kernel, read) });
    } catch (error) {
      if (toRoostError(error).code !== "invalid_input") throw error;
      refused.push({ index, reason: clipReason(toRoostError(error).message) });
    }
  }
  return { jobs: [...jobs.values()], refused };
}
