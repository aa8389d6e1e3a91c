/** Defines a set of jobs, all or none, and on request removes those that left the set. */
import { RoostError, toRoostError } from "@roost/base";
import { jobsPerApplyMax } from "@roost/contract/operations";
import type { Kernel, KernelTransaction } from "@roost/kernel";
import { removeJobWithin } from "./change-job-state.ts";
import { clipReason, jobColumns, lockJob, type JobDefinition, type StoredJob } from "./job-row.ts";
import { topicOf } from "./topic-of.ts";
import { defineJobWithin, type ChangedJob, type DefineJobOptions, type DefineJobWithinOptions } from "./define-job.ts";
import { homeItself } from "./files/is-source-of-home.ts";
import { mergeDefinition } from "./merge-definition.ts";
import { readDefinition, type ReadDefinition } from "./read-definition.ts";
import { resolveTrigger } from "./resolve-trigger.ts";

export interface ApplyJobsOptions extends Omit<DefineJobOptions, "expectedVersion"> {
  /** The set these jobs belong to: jobs of the same source that are not listed can be pruned. */
  source: string;
  dryRun?: boolean;
  prune?: boolean;
  /** Keep changes made here since the jobs were last applied this way. */
  merge?: boolean;
  /** Those of them that begin paused when they are created. */
  paused?: readonly { jobId: string; reason: string | null }[];
  /** Those of them that have finished elsewhere: they are not due when they are created. */
  finished?: readonly string[];
}

/** A job that was left out, by its index in the given list. */
export interface RefusedJob {
  index: number;
  reason: string;
}

type AppliedJob = ReadDefinition & { topic: string | null };

/**
 * Defines many jobs: all of them, or none when one is invalid. Applying the same set again changes nothing.
 * @throws invalid_input naming every invalid job
 */
export async function applyJobs(
  kernel: Kernel,
  written: readonly unknown[],
  options: ApplyJobsOptions,
): Promise<ChangedJob[]> {
  const { jobs, refused } = await readAll(kernel, written, options);
  if (refused.length > 0) throw new RoostError("invalid_input", refused.map(({ reason }) => reason).join("; "));
  return applyAll(kernel, jobs, { ...options, given: jobs.map(({ id }) => id) });
}

/** The same, but an invalid job affects only itself: it is neither changed nor pruned. */
export async function applyValidJobs(
  kernel: Kernel,
  written: readonly unknown[],
  options: ApplyJobsOptions,
): Promise<{ changes: ChangedJob[]; refused: RefusedJob[] }> {
  const { jobs, refused } = await readAll(kernel, written, options);
  const given = written.map((job) => String((job as { id?: unknown } | null)?.id));
  return { changes: await applyAll(kernel, jobs, { ...options, given }), refused };
}

type ApplyAllOptions = ApplyJobsOptions & { given: string[] };

function applyAll(kernel: Kernel, jobs: AppliedJob[], options: ApplyAllOptions): Promise<ChangedJob[]> {
  // By id, so that concurrent calls lock rows in the same order.
  const inOrder = jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return kernel.transact(async (tx) => {
    const changes: ChangedJob[] = [];
    for (const job of inOrder)
      changes.push(
        options.merge === true
          ? await mergeJob(tx, job, options)
          : await defineJobWithin(tx, job, definingOf(job, options)),
      );
    return options.prune === true ? [...changes, ...(await prune(tx, options))] : changes;
  });
}

function definingOf({ id, topic }: AppliedJob, options: ApplyJobsOptions): DefineJobWithinOptions {
  const pause = options.paused?.find(({ jobId }) => jobId === id);
  if (pause !== undefined) return { ...options, topic, whenNew: { state: "paused", reason: pause.reason } };
  return { ...options, topic, whenNew: options.finished?.includes(id) === true ? { state: "finished" } : undefined };
}

async function prune(tx: KernelTransaction, options: ApplyAllOptions): Promise<ChangedJob[]> {
  const changes: ChangedJob[] = [];
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

/** Merges the definition with changes made here since it was last applied; a job removed here, or that only its file has made, has none. */
async function mergeJob(tx: KernelTransaction, job: AppliedJob, options: ApplyJobsOptions): Promise<ChangedJob> {
  const found = await lockJob(tx, job.id, { removed: true });
  const stored = found === undefined || found.job.state === "removed" ? undefined : found.job;
  const isOfFile = stored !== undefined && (await isAsItsFile(tx, stored, options));
  const merged = stored === undefined || isOfFile ? undefined : await mergeWith(tx, stored, job);
  const applied = merged?.job ?? job;
  const defining = definingOf(applied, options);
  // It begins as it was there.
  if (isOfFile && defining.whenNew !== undefined && options.dryRun !== true)
    await removeJobWithin(tx, stored, { ...options, reason: "begun anew as it was elsewhere", nowMs: found!.nowMs });
  const change = await defineJobWithin(tx, applied, defining);
  if (options.dryRun !== true)
    await tx.query("update roost.job set brought = $2 where id = $1 and brought is distinct from $2", [
      job.id,
      JSON.stringify(job.definition),
    ]);
  return merged === undefined ? change : { ...change, kept: merged.kept };
}

/**
 * Its file came with this import, and was applied once the type of the events was known, before the import could say what had become of the job
 * since: it has done nothing here, and nobody has changed it.
 */
async function isAsItsFile(tx: KernelTransaction, stored: StoredJob, { source }: ApplyJobsOptions): Promise<boolean> {
  const { definedBy, version, state, trigger, lastTickAt } = stored;
  if (definedBy !== homeItself || stored.source !== source || version !== 1 || state !== "active") return false;
  return trigger.kind === "event" && lastTickAt === null && (await broughtOf(tx, stored)) === undefined;
}

async function broughtOf(tx: KernelTransaction, { id }: StoredJob): Promise<JobDefinition | undefined> {
  const [row] = await tx.query<{ brought: JobDefinition | null }>("select brought from roost.job where id = $1", [id]);
  return row?.brought ?? undefined;
}

async function mergeWith(
  tx: KernelTransaction,
  stored: StoredJob,
  job: AppliedJob,
): Promise<{ job: AppliedJob; kept: string[] }> {
  const { definition, kept } = mergeDefinition({
    base: await broughtOf(tx, stored),
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

/** @throws limit_exceeded; anything but an invalid job */
async function readAll(
  kernel: Kernel,
  written: readonly unknown[],
  { timeZone = "UTC", known }: ApplyJobsOptions,
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
      if (jobs.has(read.id)) throw new RoostError("invalid_input", `The job "${read.id}" is given twice`);
      jobs.set(read.id, { ...read, topic: await topicOf(kernel, read, known) });
    } catch (error) {
      if (toRoostError(error).code !== "invalid_input") throw error;
      refused.push({ index, reason: clipReason(toRoostError(error).message) });
    }
  }
  return { jobs: [...jobs.values()], refused };
}
