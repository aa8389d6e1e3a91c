/** Promise: a tick happens once. Every due moment of a job is in exactly one row, and a fired row has one run. */
import type { Sql } from "@roost/database";
import { jobColumns, scheduleOf, type StoredJob } from "@roost/jobs";
import type { History } from "./history.ts";

const doubles = `
  select 'a tick has ' || count(*) || ' rows: ' || job_id || ' ' || tick_key as what from roost.tick group by job_id, tick_key having count(*) > 1
  union all
  select 'a tick started ' || count(*) || ' runs: ' || job_id || ' ' || tick_key as what from roost.run_all
  where tick_key is not null and retry_of is null group by job_id, tick_key having count(*) > 1
  union all
  select 'a fired tick has no run: ' || t.job_id || ' ' || t.tick_key from roost.tick t
  where t.outcome = 'fired' and not exists (select 1 from roost.run_all r where r.id = t.run_id and r.job_id = t.job_id and r.tick_key = t.tick_key)
  union all
  select 'a run of a tick that did not fire: ' || r.id from roost.run_all r
  where r.tick_key is not null and r.retry_of is null
    and not exists (select 1 from roost.tick t where t.run_id = r.id and t.outcome = 'fired')
  union all
  select 'ticks and their events differ: ' || t.job_id || ' ' || t.tick_key || ' has ' || count(e.id) from roost.tick t
  left join roost.event e on e.id = t.event_id and e.type = 'tick.' || t.outcome
  group by t.job_id, t.tick_key having count(e.id) <> 1`;

interface TickRow {
  jobId: string;
  scheduledAt: Date;
  until: Date | null;
  outcome: string;
  missedCount: number;
}

export async function findTickViolations(sql: Sql, { manualTicks }: History): Promise<string[]> {
  const rows = await sql.query<{ what: string }>(doubles);
  const jobs = await sql.query<StoredJob>(`select ${jobColumns} from roost.job order by id`);
  const ticks = await sql.query<TickRow>(
    `select job_id as "jobId", scheduled_at as "scheduledAt", until, outcome, missed_count as "missedCount"
     from roost.tick where tick_key !~ '^(event|manual):' order by job_id, scheduled_at`,
  );
  const byJob = Map.groupBy(ticks, (tick) => tick.jobId);
  const differing = [...manualTicks].filter(([, outcomes]) => outcomes.size > 1);
  return [
    ...rows.map((row) => row.what),
    ...differing.map(([key, outcomes]) => `one key started several runs: ${key} ${[...outcomes].join(", ")}`),
    ...jobs.flatMap((job) => judgeJob(job, byJob.get(job.id) ?? [])),
  ];
}

/** Walks from moment to moment: each row begins where the one before ended. */
function judgeJob(job: StoredJob, ticks: TickRow[]): string[] {
  if (job.trigger.kind === "event" || job.trigger.kind === "manual") return [];
  const schedule = scheduleOf(job);
  let due = ticks[0]?.scheduledAt.getTime();
  for (const { scheduledAt, until, outcome, missedCount } of ticks) {
    if (scheduledAt.getTime() !== due) {
      const shown = due === undefined ? "nothing" : new Date(due).toISOString();
      return [`job ${job.id} has a tick at ${scheduledAt.toISOString()} where ${shown} was due`];
    }
    const standsFor = outcome === "fired" ? 1 : missedCount;
    let last = due;
    for (let count = 1; count < standsFor; count += 1) last = schedule.next(last ?? 0) ?? 0;
    if (last !== (until ?? scheduledAt).getTime())
      return [`a tick of job ${job.id} stands for ${standsFor} moments up to another than it says`];
    due = schedule.next(last);
  }
  const nextMs = job.nextAt?.getTime();
  return nextMs === undefined || due === undefined || nextMs === due
    ? []
    : [`job ${job.id} passed over the moment ${new Date(due).toISOString()}`];
}
