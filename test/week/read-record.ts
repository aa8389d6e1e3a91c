/** What the home's database holds after all, read past Roost: ticks, runs, steps, offsets. */
import type { Database } from "@roost/database";

export interface TickRow {
  jobId: string;
  at: string;
  outcome: string;
  runId: string | null;
  standsFor: number;
}

export async function readTicks(database: Database): Promise<TickRow[]> {
  const rows = await database.query<Omit<TickRow, "at"> & { scheduledAt: Date }>(
    `select job_id as "jobId", scheduled_at as "scheduledAt", outcome, run_id::text as "runId",
       case when until is null then 1 else missed_count end as "standsFor"
     from roost.tick order by job_id, scheduled_at, tick_key`,
  );
  return rows.map(({ scheduledAt, ...tick }) => ({ ...tick, at: scheduledAt.toISOString() }));
}

export interface WeekRun {
  id: string;
  jobId: string | null;
  tickKey: string | null;
  sessionKind: string | null;
  state: string;
  error: { message?: string } | null;
  output: { kind?: string; reason?: string; text?: string } | null;
  endedAt: Date | null;
}

export function readRuns(database: Database): Promise<WeekRun[]> {
  return database.query<WeekRun>(
    `select id::text, job_id as "jobId", tick_key as "tickKey", session_kind as "sessionKind", state, error, output, ended_at as "endedAt"
     from roost.run_all order by id`,
  );
}

export interface StepRow {
  runId: string;
  name: string;
  kind: string;
  effect: string;
  state: string;
  attempt: number;
}

export function readSteps(database: Database): Promise<StepRow[]> {
  return database.query<StepRow>(
    `select run_id::text as "runId", name, kind, effect, state, attempt from roost.step_all order by run_id, seq`,
  );
}

/** Partitions whose offsets are not 0, 1, 2, … up to their head. */
export async function readGaps(database: Database): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `select h.topic || '/' || h.partition as name
     from roost.partition_head h
     left join (select topic, partition, count(*) as count, min("offset") as first, max("offset") as last
                from roost.event group by topic, partition) e using (topic, partition)
     where coalesce(e.count, 0) <> h.next_offset or coalesce(e.first, 0) <> 0 or coalesce(e.last, -1) <> h.next_offset - 1`,
  );
  return rows.map(({ name }) => name);
}
