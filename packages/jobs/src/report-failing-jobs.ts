/**
 * Reports that a job begins to fail, that it has not succeeded for several ticks, and that it is well again: one notice each, and one a day while
 * it lasts, however many runs lie between.
 */
import { failureRepeatMs, isPassing, noteFailure, noteWell, type Kernel, type KernelTransaction } from "@roost/kernel";
import { clipReason } from "./job-row.ts";

/** How far a starting scheduler looks back: jobs are not checked while no scheduler runs. */
const startLookBackMs = 30 * 86_400_000;
/** A run may commit later than the time of its end says, a tick than its moment. */
const overlapMs = 300_000;
const jobsPerLookMax = 100;
/** Ticks in a row without a success, and how long ago the first of them was: a job that is slow for once is not reported. */
export const stalledTicks = 5;
const stalledMsMin = 3_600_000;

interface EndedRun {
  jobId: string;
  timeZone: string;
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
  /** The last failed run; null: none failed, and none succeeded. */
  runId: string | null;
  seenCount: number;
  reason: string;
}

const prefix = "job:";

/** Most recent failure first, of jobs that are active. `isUnread`: those that the person did not take off the inbox, oldest first. */
export async function listFailingJobs(
  kernel: Kernel,
  { limit, isUnread = false }: { limit: number; isUnread?: boolean },
): Promise<FailingJob[]> {
  return kernel.database.query<FailingJob>(
    `select j.id as "jobId", f.since, f.run_id as "runId", f.seen_count as "seenCount", f.reason
     from roost.failure f join roost.job j on f.what = '${prefix}' || j.id and j.state = 'active'
     where not $2 or f.read_at is null
     order by case when $2 then f.since end, f.since desc, j.id limit $1`,
    [limit, isUnread],
    { name: "jobs-failing" },
  );
}

/**
 * Checks runs that ended since the last check; any number of schedulers may call it. Returns how many jobs changed between failing and well.
 * `checkedMs`: when the caller's last check found nothing more, by the kernel's clock; undefined: it has just started.
 */
export async function reportFailingJobs(
  kernel: Kernel,
  { checkedMs = kernel.clock.nowMs() - startLookBackMs }: { checkedMs?: number | undefined } = {},
): Promise<number> {
  // The last ended run of each job, where it differs from the job's known state.
  const ended = await kernel.database.query<EndedRun>(
    `select l.job_id as "jobId", j.time_zone as "timeZone", l.id as "runId", l.state, l.message, l.cause_id as "causeId", l.labels from (
       select distinct on (r.job_id) r.job_id, r.id, r.state, r.error ->> 'message' as message, r.cause_id, r.labels from roost.run r
       where r.ended_at > $1 and r.job_id is not null and r.state in ('done', 'failed', 'diverged', 'outdated')
       order by r.job_id, r.ended_at desc, r.id desc) as l
     join roost.job j on j.id = l.job_id and j.state <> 'removed'
     left join roost.failure f on f.what = '${prefix}' || l.job_id
     where case when l.state = 'done' then f.what is not null else f.run_id is distinct from l.id end
     order by l.job_id limit $2`,
    [new Date(checkedMs - overlapMs), jobsPerLookMax],
    { name: "jobs-ended-lately" },
  );
  return eachJob(kernel, ended, async (tx, run) => {
    const { jobId, runId, causeId, labels, timeZone } = run;
    const job = { ...nameOf(jobId), runId, causation: causeId, labelSet: labels };
    if (run.state === "done") return noteWell(tx, job);
    const reason = run.message ?? `its run ended as ${run.state}`;
    return noteFailure(tx, { ...job, reason: clipReason(reason), next: `See roost log why ${runId}`, timeZone });
  });
}

/** Skipped because a run of the job stands in the way is tried too. */
const triedToRun = "(outcome = 'fired' or outcome = 'skipped' and reason ~ '^(run |[0-9]+ runs )')";

interface StalledJob {
  jobId: string;
  timeZone: string;
  causeId: string;
  lastReason: string | null;
}

/**
 * Checks for jobs that fire and do not succeed: their runs are cancelled, wait for a person, or keep the next ones from beginning. What a job skips
 * by its own rules does not count. What reportFailingJobs() tells is left to it: a job one of whose last runs failed. `checkedMs` as there: looked at
 * are jobs with a tick since then, with one that is an hour old since then, and those that are told again; all jobs by who has just started.
 */
export async function reportStalledJobs(
  kernel: Kernel,
  { checkedMs }: { checkedMs?: number | undefined } = {},
): Promise<number> {
  const stalled = await kernel.database.query<StalledJob>(
    `with looked_at as materialized (
       select id, time_zone, cause_id from roost.job where $5::timestamptz is null and state = 'active'
       union all
       select id, time_zone, cause_id from roost.job where $5 is not null and state = 'active' and id = any(array(
         select t.job_id from (values (interval '0'), ($2 * interval '1 millisecond')) as passed(ago)
         join roost.tick t on t.scheduled_at > $5 - passed.ago and t.scheduled_at <= roost.now() - passed.ago
         union select substr(what, length('${prefix}') + 1) from roost.failure where starts_with(what, '${prefix}'))))
     select j.id as "jobId", j.time_zone as "timeZone", j.cause_id as "causeId", last.reasons[1] as "lastReason" from looked_at j
     cross join lateral (
       select count(*) as count, min(t.scheduled_at) as since, array_agg(t.reason order by t.scheduled_at desc) as reasons from (
         select scheduled_at, reason from roost.tick where job_id = j.id and ${triedToRun} order by scheduled_at desc, tick_key desc limit $1) as t) as last
     -- Of a job with more ticks than these in the time, it is the time that counts.
     cross join lateral (
       select least(scheduled_at, last.since) as since from roost.tick
       where job_id = j.id and ${triedToRun} and scheduled_at < roost.now() - $2 * interval '1 millisecond'
       order by scheduled_at desc limit 1) as unsuccessful
     where last.count = $1
       and not exists (select 1 from roost.failure f where f.what = '${prefix}' || j.id and (f.told_at >= roost.now() - $4 * interval '1 millisecond'
         or exists (select 1 from roost.run_all r where r.id = f.run_id and r.ended_at >= unsuccessful.since)))
       and not exists (select 1 from roost.run_all r where r.job_id = j.id and r.state = 'done' and r.ended_at >= unsuccessful.since)
     order by j.id limit $3`,
    [
      stalledTicks,
      stalledMsMin,
      jobsPerLookMax,
      failureRepeatMs,
      checkedMs === undefined ? null : new Date(checkedMs - overlapMs),
    ],
    { name: "jobs-stalled" },
  );
  return eachJob(kernel, stalled, (tx, { jobId, timeZone, causeId, lastReason }) => {
    const reason = `it has not succeeded for ${stalledTicks} ticks${lastReason === null ? "" : `: ${lastReason}`}`;
    const next = `See roost jobs show ${jobId}`;
    return noteFailure(tx, { ...nameOf(jobId), reason: clipReason(reason), next, causation: causeId, timeZone });
  });
}

function nameOf(jobId: string) {
  return { what: `${prefix}${jobId}`, name: `Job ${jobId}`, source: "scheduler", jobId };
}

/** One that cannot be reported does not keep the others from it. */
async function eachJob<Row extends { jobId: string }>(
  kernel: Kernel,
  jobs: readonly Row[],
  report: (tx: KernelTransaction, job: Row) => Promise<boolean>,
): Promise<number> {
  let count = 0;
  for (const job of jobs) {
    try {
      if (await kernel.transact((tx) => report(tx, job))) count += 1;
    } catch (error) {
      if (isPassing(error)) throw error;
      kernel.logger.error("a job fails and could not be reported", { jobId: job.jobId, error });
    }
  }
  return count;
}
