/** Reads jobs and ticks. Reading never advances a job. */
// tidy: reads of the same two tables.
import type { Kernel } from "@roost/kernel";
import type { JobDefinition, JobState } from "./job-row.ts";
import type { Trigger } from "./trigger.ts";
import { unknown } from "./versions.ts";

export interface Tick {
  jobId: string;
  tickKey: string;
  scheduledAt: Date;
  outcome: "fired" | "skipped" | "missed";
  reason: string | null;
  runId: string | null;
  lateMs: number;
  /** For fired ticks: moments missed since the last one. For others: moments it represents. */
  missedCount: number;
  /** The last of several moments that it represents. */
  until: Date | null;
  jobVersion: number;
  recordedAt: Date;
}

export interface Job {
  id: string;
  version: number;
  state: JobState;
  definition: JobDefinition;
  trigger: Trigger;
  timeZone: string;
  pausedReason: string | null;
  definedBy: string;
  source: string | null;
  nextAt: Date | null;
  /** nextAt with jitter; for a job that gathers events, when it fires for them. */
  dueAt: Date | null;
  gatheredCount: number;
  lastTick: Tick | null;
  /** Since when it fails. `since` in ISO 8601. */
  failing: { since: string; count: number; reason: string; runId: string | null } | null;
  /** Its active runs, oldest first. */
  activeRunIds: string[];
  createdAt: Date;
  updatedAt: Date;
}

export const jobsPageMax = 500;

/** Those that are not removed. */
export async function countJobs(kernel: Kernel): Promise<number> {
  const [row] = await kernel.database.query<{ count: number }>(
    `select count(*)::integer as count from roost.job where state <> 'removed'`,
  );
  return row!.count;
}

export const activeRunIdsMax = 20;

const tickColumns = `tick.job_id as "jobId", tick.tick_key as "tickKey", tick.scheduled_at as "scheduledAt", tick.outcome, tick.reason, tick.run_id as "runId",
  tick.late_ms as "lateMs", tick.missed_count as "missedCount", tick.until, tick.job_version as "jobVersion", tick.recorded_at as "recordedAt"`;

const jobView = `job.id, job.version, job.state, job.definition, job.trigger, job.time_zone as "timeZone", job.paused_reason as "pausedReason",
  job.defined_by as "definedBy", job.source, job.next_at as "nextAt", coalesce(job.fire_at, (select due_at from roost.event_window where job_id = job.id)) as "dueAt",
  coalesce((select event_count from roost.event_window where job_id = job.id), 0) as "gatheredCount", job.created_at as "createdAt",
  job.updated_at as "updatedAt",
  (select jsonb_build_object('since', since, 'count', seen_count, 'reason', reason, 'runId', run_id) from roost.failure where what = 'job:' || job.id) as failing,
  array(select run.id from roost.run where run.job_id = job.id and run.ended_at is null order by run.created_at, run.id limit ${activeRunIdsMax}) as "activeRunIds"`;

export interface ListJobsOptions {
  limit: number;
  /** `next` of the page before. */
  after?: string | undefined;
  ids?: readonly string[] | undefined;
  /** Default: all but removed ones; of given ids all. */
  states?: JobState[] | undefined;
  agent?: string | undefined;
  source?: string | undefined;
}

/** Jobs by id. */
export async function listJobs(
  kernel: Kernel,
  options: ListJobsOptions,
): Promise<{ jobs: Job[]; next: string | null }> {
  const limit = Math.min(options.limit, jobsPageMax);
  const rows = await kernel.database.query<Omit<Job, "lastTick">>(
    `select ${jobView} from roost.job
     where id > $1 and state = any($2) and ($3::text is null or definition ->> 'agent' = $3) and ($4::text is null or source = $4) and ($5::text[] is null or id = any($5))
     order by id limit $6`,
    [
      options.after ?? "",
      options.states ?? ["active", "paused", "finished", ...(options.ids === undefined ? [] : ["removed"])],
      options.agent ?? null,
      options.source ?? null,
      options.ids ?? null,
      limit + 1,
    ],
  );
  const jobs = await withLastTicks(kernel, rows.slice(0, limit));
  return { jobs, next: rows.length > limit ? (jobs.at(-1)?.id ?? null) : null };
}

/** Where a page of jobs by due time ended. */
export interface DuePlace {
  dueAt: Date | null;
  id: string;
}

export interface JobsByDueOptions {
  limit: number;
  states: JobState[];
  /** Where the page before ended. */
  after?: DuePlace | undefined;
  /** Only what is due by then. */
  until?: Date | undefined;
  /** Only those whose runs are of this kind of session. */
  session?: JobDefinition["session"] | undefined;
}

/** Jobs in the order in which they are due, in whole milliseconds; those without a moment come last, by id. */
export async function listJobsByDue(
  kernel: Kernel,
  { limit, states, after, until, session }: JobsByDueOptions,
): Promise<Job[]> {
  // Each part comes from an index, in order: no list of all jobs is made for a page of them.
  const rows = await kernel.database.query<Omit<Job, "lastTick">>(
    `with due as (
       (select id, fire_at as at from roost.job where state = 'active' and fire_at is not null and 'active' = any($1)
          and fire_at >= $2 and fire_at <= $4 and (date_trunc('milliseconds', fire_at), id) > ($2, $3)
          and ($7::text is null or definition ->> 'session' = $7) order by fire_at, id limit $6)
       union all
       (select w.job_id, w.due_at from roost.event_window w join roost.job on job.id = w.job_id and job.state = any($1) and job.fire_at is null
        where w.due_at >= $2 and w.due_at <= $4 and (date_trunc('milliseconds', w.due_at), w.job_id) > ($2, $3)
          and ($7::text is null or definition ->> 'session' = $7) order by w.due_at, w.job_id limit $6)
       union all
       (select id, null from roost.job where fire_at is null and state = any($1) and id > $5 and $4 = 'infinity'
          and not exists (select from roost.event_window w where w.job_id = job.id)
          and ($7::text is null or definition ->> 'session' = $7) order by id limit $6)),
     page as (select id, at from due order by at nulls last, id limit $6)
     select ${jobView} from page join roost.job on job.id = page.id order by page.at nulls last, page.id`,
    [
      states,
      after === undefined ? "-infinity" : (after.dueAt ?? "infinity"),
      after?.id ?? "",
      until ?? "infinity",
      after?.dueAt === null ? after.id : "",
      limit,
      session ?? null,
    ],
    { name: "jobs-by-due" },
  );
  return withLastTicks(kernel, rows);
}

/** Includes removed jobs. @throws not_found */
export async function getJob(kernel: Kernel, jobId: string): Promise<Job> {
  const rows = await kernel.database.query<Omit<Job, "lastTick">>(`select ${jobView} from roost.job where id = $1`, [
    jobId,
  ]);
  const [job] = await withLastTicks(kernel, rows);
  if (job === undefined) throw await unknown(kernel.database, "job", jobId);
  return job;
}

/** Where the definition of a job comes from. */
export interface JobOrigin extends Pick<Job, "state" | "definedBy" | "source"> {
  /** An import brought it, and it still is as it was brought. */
  isAsBrought: boolean;
}

/** Of those of these ids that are jobs, removed ones included. */
export async function readJobOrigins(kernel: Kernel, ids: readonly string[]): Promise<Map<string, JobOrigin>> {
  const rows = await kernel.database.query<JobOrigin & { id: string }>(
    `select id, state, defined_by as "definedBy", source, brought is not null and brought = definition as "isAsBrought"
     from roost.job where id = any($1)`,
    [ids],
  );
  return new Map(rows.map(({ id, ...origin }) => [id, origin]));
}

async function withLastTicks(kernel: Kernel, rows: Omit<Job, "lastTick">[]): Promise<Job[]> {
  const ticks = await listLatestTicks(kernel, { jobIds: rows.map(({ id }) => id), each: 1 });
  const byJob = new Map(ticks.map((tick) => [tick.jobId, tick]));
  return rows.map((row) => ({ ...row, lastTick: byJob.get(row.id) ?? null }));
}

/** The latest ticks of each of these jobs, job by job, newest first. */
export async function listLatestTicks(
  kernel: Kernel,
  { jobIds, each }: { jobIds: readonly string[]; each: number },
): Promise<Tick[]> {
  return await kernel.database.query<Tick>(
    `select ${tickColumns} from unnest($1::text[]) with ordinality as asked(id, place), lateral (
       select * from roost.tick where job_id = asked.id order by scheduled_at desc, tick_key desc limit $2) as tick
     order by asked.place, tick.scheduled_at desc, tick.tick_key desc`,
    [jobIds, each],
  );
}

export interface ListTicksOptions {
  /** Of one job; default: of all. */
  jobId?: string | undefined;
  outcome?: Tick["outcome"] | undefined;
  limit: number;
  /** `next` of the page before. */
  after?: TickPlace | undefined;
}

/** Where a page of ticks ended: the moment as PostgreSQL writes it, the job and the key. */
export type TickPlace = [at: string, jobId: string, tickKey: string];

/** Ticks, newest first. */
export async function listTicks(
  kernel: Kernel,
  options: ListTicksOptions,
): Promise<{ ticks: Tick[]; next: TickPlace | null }> {
  const limit = Math.min(options.limit, jobsPageMax);
  const [at, jobId, tickKey] = options.after ?? [null, null, null];
  const rows = await kernel.database.query<Tick & { at: string }>(
    `select ${tickColumns}, tick.scheduled_at::text as at from roost.tick
     where ($1::text is null or job_id = $1) and ($2::text is null or outcome = $2)
       and ($3::timestamptz is null or (scheduled_at, job_id, tick_key) < ($3, $4, $5))
     order by scheduled_at desc, job_id desc, tick_key desc limit $6`,
    [options.jobId ?? null, options.outcome ?? null, at, jobId, tickKey, limit + 1],
  );
  const last = rows[limit - 1];
  return {
    ticks: rows.slice(0, limit).map(({ at: _at, ...tick }) => tick),
    next: rows.length > limit && last !== undefined ? [last.at, last.jobId, last.tickKey] : null,
  };
}

export async function readTick(kernel: Kernel, jobId: string, tickKey: string): Promise<Tick | undefined> {
  const [tick] = await kernel.database.query<Tick>(
    `select ${tickColumns} from roost.tick where job_id = $1 and tick_key = $2`,
    [jobId, tickKey],
  );
  return tick;
}
