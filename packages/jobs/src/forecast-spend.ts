/** What active jobs are likely to cost a day: what their last runs cost, times how often they are due. */
import type { Kernel } from "@roost/kernel";
import { comingTicks } from "./coming-ticks.ts";
import { listJobs, type Job } from "./read-jobs.ts";

export interface SpendForecast {
  jobId: string;
  runsPerDay: number;
  usdPerRun: number;
  tokensPerRun: number;
  usdPerDay: number;
  /** False: some calls had no known price, and are not in the amounts. */
  isCostKnown: boolean;
  tokensPerDay: number;
  /** Runs that this rests on, without their retries. */
  runCount: number;
}

const dayMs = 86_400_000;
const windowDays = 7;
/** The last runs of a job say what the next will cost; older ones had other prompts and prices. */
const runsMax = 20;
/** A job of every second: beyond it its ticks are counted over a shorter time. */
const momentsMax = 5_000;

interface Past {
  jobId: string;
  runCount: number;
  usdPerRun: number;
  tokensPerRun: number;
  isCostKnown: boolean;
  /** Runs that began in the last seven days. */
  recentCount: number;
}

/** By id, a page of jobs at a time; jobs without a finished run are left out. */
export async function forecastSpend(
  kernel: Kernel,
  page: { limit: number; after?: string | undefined },
): Promise<{ forecasts: SpendForecast[]; next: string | null }> {
  const { jobs, next } = await listJobs(kernel, { ...page, states: ["active"] });
  const nowMs = kernel.clock.nowMs();
  const past = new Map((await readPast(kernel, jobs, nowMs)).map((row) => [row.jobId, row]));
  const forecasts = jobs.flatMap((job) => {
    const row = past.get(job.id);
    if (row === undefined || row.runCount === 0) return [];
    const runsPerDay = dueADay(job, nowMs) ?? row.recentCount / windowDays;
    const { runCount, usdPerRun, isCostKnown } = row;
    const tokensPerRun = Math.round(row.tokensPerRun);
    return [
      {
        jobId: job.id,
        runsPerDay,
        usdPerRun,
        tokensPerRun,
        runCount,
        usdPerDay: usdPerRun * runsPerDay,
        isCostKnown,
        tokensPerDay: Math.round(row.tokensPerRun * runsPerDay),
      },
    ];
  });
  return { forecasts, next };
}

/** Undefined: it is due when something happens. */
function dueADay(job: Job, nowMs: number): number | undefined {
  if (job.trigger.kind === "event" || job.trigger.kind === "manual") return undefined;
  const until = new Date(nowMs + windowDays * dayMs);
  const { ticks, completeUntil } = comingTicks([job], { until, limit: momentsMax });
  return (ticks.length * dayMs) / Math.max(1, completeUntil.getTime() - nowMs);
}

/**
 * Runs that are not history yet are read once for all of these jobs: the index of live ones does not have those that have ended. What a run has delegated
 * and what its retries took is part of what its tick cost; retries and forks are no ticks of their own.
 */
async function readPast(kernel: Kernel, jobs: readonly Job[], nowMs: number): Promise<Past[]> {
  return kernel.database.query<Past>(
    `with recursive recent as materialized (
       select job_id, id, cost_usd, tokens, created_at, retry_of, forked_from, ended_at is not null and not is_rehearsed as counts
       from roost.run where job_id = any($1)),
     found as (
       select job_id, id, cost_usd, tokens, retry_of is null as is_tick from recent where counts and forked_from is null
       union all
       select h.job_id, h.id, h.cost_usd, h.tokens, h.retry_of is null from unnest($1::text[]) as asked(id),
         lateral (select * from roost.run_history r where r.job_id = asked.id and not r.is_rehearsed and r.forked_from is null
                  order by r.id desc limit ${runsMax}) as h),
     last as (
       select * from (select *, row_number() over (partition by job_id order by id desc) as rank from found) as ranked where rank <= ${runsMax}),
     family as (
       select job_id, id, cost_usd, tokens from last
       union all
       select f.job_id, c.id, c.cost_usd, c.tokens from family f join roost.run_all c on c.parent_run_id = f.id where c.job_id is null),
     spent as (
       select job_id, sum(cost_usd) as cost_usd, sum(tokens) as tokens, bool_and(not exists (
         select from roost.step_all s
         where s.run_id = family.id and s.kind in ('model', 'compaction') and s.usage is not null and s.epoch > 0 and s.cost_usd is null)) as is_known
       from family group by job_id),
     ticks as (select job_id, greatest(1, count(*) filter (where is_tick)) as count from last group by job_id)
     select asked.id as "jobId", coalesce(t.count, 0)::integer as "runCount", coalesce(s.cost_usd / t.count, 0)::float8 as "usdPerRun",
       coalesce(s.tokens / t.count, 0)::float8 as "tokensPerRun", coalesce(s.is_known, true) as "isCostKnown",
       (select count(*) from recent r where r.job_id = asked.id and r.created_at >= $2 and r.retry_of is null and r.forked_from is null)::integer
         + (select count(*) from roost.run_history r
            where r.job_id = asked.id and r.created_at >= $2 and r.retry_of is null and r.forked_from is null)::integer as "recentCount"
     from unnest($1::text[]) as asked(id) left join ticks t on t.job_id = asked.id left join spent s on s.job_id = asked.id`,
    [jobs.map(({ id }) => id), new Date(nowMs - windowDays * dayMs)],
  );
}
