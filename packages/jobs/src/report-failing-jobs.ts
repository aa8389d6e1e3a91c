/** Reports that a job begins to fail, and that it is well again: one notice each, however many runs lie between. */
import { formatDurationMs } from "@roost/base";
import { isPassing, raiseNotice, type Kernel, type KernelTransaction } from "@roost/kernel";
import { clipReason } from "./job-row.ts";

/** Runs that ended within this time are checked; checks are much more frequent. */
const lookBackMs = 300_000;
const jobsPerLookMax = 100;

interface EndedRun {
  jobId: string;
  runId: string;
  state: "done" | "failed" | "diverged" | "outdated";
  message: string | null;
  causeId: string;
  /** The run's message has the labels of what it read. */
  labels: number;
}

export interface FailingJob {
  jobId: string;
  since: Date;
  runId: string;
  seenCount: number;
  reason: string;
}

/** Most recent failure first. */
export async function listFailingJobs(kernel: Kernel, { limit }: { limit: number }): Promise<FailingJob[]> {
  return kernel.database.query<FailingJob>(
    `select f.job_id as "jobId", f.since, f.run_id as "runId", f.seen_count as "seenCount", f.reason
     from roost.job_failure f join roost.job j on j.id = f.job_id and j.state = 'active' order by f.since desc, f.job_id limit $1`,
    [limit],
    { name: "jobs-failing" },
  );
}

/** Checks recently ended runs; any number of schedulers may call it. Returns how many jobs changed between failing and well. */
export async function reportFailingJobs(kernel: Kernel): Promise<number> {
  // The last ended run of each job, where it differs from the job's known state.
  const ended = await kernel.database.query<EndedRun>(
    `select l.job_id as "jobId", l.id as "runId", l.state, l.message, l.cause_id as "causeId", l.labels from (
       select distinct on (r.job_id) r.job_id, r.id, r.state, r.error ->> 'message' as message, r.cause_id, r.labels from roost.run r
       where r.ended_at > roost.now() - $1 * interval '1 millisecond' and r.job_id is not null and r.state in ('done', 'failed', 'diverged', 'outdated')
       order by r.job_id, r.ended_at desc, r.id desc) as l
     join roost.job j on j.id = l.job_id and j.state <> 'removed'
     left join roost.job_failure f on f.job_id = l.job_id
     where case when l.state = 'done' then f.job_id is not null else f.run_id is distinct from l.id end
     order by l.job_id limit $2`,
    [lookBackMs, jobsPerLookMax],
    { name: "jobs-ended-lately" },
  );
  let changedCount = 0;
  for (const run of ended) {
    try {
      if (await kernel.transact((tx) => (run.state === "done" ? noteWell(tx, run) : noteFailed(tx, run))))
        changedCount += 1;
    } catch (error) {
      if (isPassing(error)) throw error;
      kernel.logger.error("a job fails and could not be reported", { jobId: run.jobId, error });
    }
  }
  return changedCount;
}

/** Invariant: the row and the notice commit together, so that one of many observers reports. */
async function noteFailed(tx: KernelTransaction, run: EndedRun): Promise<boolean> {
  const reason = clipReason(run.message ?? `its run ended as ${run.state}`);
  const [row] = await tx.query<{ isFirst: boolean }>(
    `insert into roost.job_failure as known (job_id, run_id, reason) values ($1, $2, $3)
     on conflict (job_id) do update set run_id = excluded.run_id, reason = excluded.reason, seen_count = known.seen_count + 1
       where known.run_id <> excluded.run_id
     returning seen_count = 1 as "isFirst"`,
    [run.jobId, run.runId, reason],
  );
  if (row?.isFirst !== true) return false;
  const text = `Job ${run.jobId} failed: ${reason}. See roost log why ${run.runId}`;
  raiseNotice(tx, { level: "warning", text, ...noticeOf(run) });
  return true;
}

async function noteWell(tx: KernelTransaction, run: EndedRun): Promise<boolean> {
  const [row] = await tx.query<{ failingMs: number; seenCount: number }>(
    `delete from roost.job_failure where job_id = $1
     returning (extract(epoch from roost.now() - since) * 1000)::float8 as "failingMs", seen_count as "seenCount"`,
    [run.jobId],
  );
  if (row === undefined) return false;
  const times = row.seenCount === 1 ? "once" : `${row.seenCount} times`;
  const text = `Job ${run.jobId} is well again: it failed ${times} in ${formatDurationMs(Math.max(1_000, row.failingMs))}`;
  raiseNotice(tx, { level: "info", text, ...noticeOf(run) });
  return true;
}

function noticeOf({ jobId, runId, causeId, labels }: EndedRun) {
  return { source: "scheduler", jobId, runId, causation: causeId, labelSet: labels };
}
