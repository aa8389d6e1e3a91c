/** Reads runs, for people and programs, without moving any. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import { readSteps } from "./read-steps.ts";
import { questionQuery } from "./run-row.ts";
import { runColumns, runHeadColumns } from "./run-table.ts";
import { readStartLimits, type StartLimitUse } from "./start-limits.ts";
import type { RunHead } from "./lock-runs.ts";
import {
  runLimits,
  type Run,
  type RunState,
  type SessionKind,
  type Step,
  type WaitRequest,
  type WaitResult,
} from "./run.ts";
import type { Question } from "./question.ts";

export interface RunQuery {
  ids?: readonly string[] | undefined;
  states?: RunState[] | undefined;
  jobId?: string | undefined;
  agent?: string | undefined;
  sessionKey?: string | undefined;
  sessionKind?: SessionKind | undefined;
  parentRunId?: string | undefined;
  correlation?: string | undefined;
  /** Going on at some time from here… */
  since?: Date | undefined;
  /** …and before this. */
  until?: Date | undefined;
  /** The id of the last run of the page before. */
  after?: string | undefined;
  /** Default 50. */
  limit?: number | undefined;
}

/** Newest first, history included. Ids grow with time: the id is both order and cursor. */
export async function listRuns(kernel: Kernel, query: RunQuery = {}): Promise<RunHead[]> {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions = [
    ...(query.ids === undefined ? [] : [`r.id = any(${bind(query.ids)}::uuid[])`]),
    ...(query.states === undefined ? [] : [`r.state = any(${bind(query.states)}::text[])`]),
    ...(query.jobId === undefined ? [] : [`r.job_id = ${bind(query.jobId)}`]),
    ...(query.agent === undefined ? [] : [`r.agent = ${bind(query.agent)}`]),
    ...(query.sessionKey === undefined ? [] : [`r.session_key = ${bind(query.sessionKey)}`]),
    ...(query.sessionKind === undefined ? [] : [`r.session_kind = ${bind(query.sessionKind)}`]),
    ...(query.parentRunId === undefined ? [] : [`r.parent_run_id = ${bind(query.parentRunId)}`]),
    ...(query.correlation === undefined ? [] : [`r.correlation = ${bind(query.correlation)}`]),
    ...(query.since === undefined ? [] : [`(r.ended_at is null or r.ended_at >= ${bind(query.since)})`]),
    ...(query.until === undefined ? [] : [`r.created_at < ${bind(query.until)}`]),
    ...(query.after === undefined ? [] : [`r.id < ${bind(query.after)}::uuid`]),
  ];
  const where = conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`;
  const limit = bind(Math.min(Math.max(1, query.limit ?? 50), runLimits.listMax));
  return kernel.database.query<RunHead>(
    `select * from (
       (select ${runHeadColumns("r")} from roost.run r ${where} order by r.id desc limit ${limit})
       union all
       (select ${runHeadColumns("r")} from roost.run_history r ${where} order by r.id desc limit ${limit})
     ) as both_places order by id desc limit ${limit}`,
    values,
  );
}

/** A run with its input and output, also from history. @throws RoostError `not_found` */
export async function getRun(sql: Sql, runId: string): Promise<Run> {
  const [run] = await sql.query<Run>(`select ${runColumns("r")} from roost.run_all r where r.id = $1`, [runId], {
    name: "roost_run_get",
  });
  if (run === undefined) throw new RoostError("not_found", `no run has the id ${runId}: see roost runs`);
  return run;
}

type Fence = Pick<Run, "agent" | "state" | "epoch" | "labels">;

/** The current owner of a run, to check calls in its name, and the labels of what it knows. */
export async function readFence(sql: Sql, runId: string): Promise<Fence | undefined> {
  const [run] = await sql.query<Fence>("select agent, state, epoch, labels from roost.run_all where id = $1", [runId], {
    name: "roost_run_fence",
  });
  return run;
}

/** In order, after the given seq. */
export async function listSteps(
  sql: Sql,
  runId: string,
  options: { after?: number | undefined; limit?: number | undefined } = {},
): Promise<Step[]> {
  const limit = Math.min(options.limit ?? 200, runLimits.listMax);
  const after = ["roost.step_all", "where s.run_id = $1 and s.seq > $2 order by s.seq limit $3"] as const;
  return readSteps(sql, after, [runId, options.after ?? 0, limit]);
}

export type StepSpan = Pick<Step, "runId" | "seq" | "name" | "kind" | "state" | "attempt" | "startedAt" | "endedAt">;

/** When the steps of several runs began and ended: of each run the newest, in order. */
export async function listStepSpans(
  sql: Sql,
  runIds: readonly string[],
  { perRunMax }: { perRunMax: number },
): Promise<StepSpan[]> {
  return sql.query<StepSpan>(
    `select s.run_id as "runId", s.seq, s.name, s.kind, s.state, s.attempt, s.started_at as "startedAt", s.ended_at as "endedAt"
     from unnest($1::uuid[]) as wanted (id),
       lateral (select * from roost.step_all a where a.run_id = wanted.id order by a.seq desc limit $2) s
     order by s.run_id, s.seq`,
    [runIds, perRunMax],
  );
}

export interface RunWait {
  runId: string;
  seq: number;
  kind: WaitRequest["kind"];
  until: Date | null;
  eventType: string | null;
  questionId: string | null;
  childRunId: string | null;
  createdAt: Date;
  resolvedAt: Date | null;
  result: WaitResult | null;
}

export async function listWaits(sql: Sql, runId: string): Promise<RunWait[]> {
  return sql.query<RunWait>(
    `select run_id as "runId", seq, kind, until, event_type as "eventType", question_id as "questionId", child_run_id as "childRunId",
       created_at as "createdAt", resolved_at as "resolvedAt", result
     from roost.wait where run_id = $1 order by seq`,
    [runId],
  );
}

/** All unfinished runs, heartbeats included, and the step each is in. */
export interface Activity extends RunHead {
  step: { seq: number; name: string; kind: string; state: Step["state"]; startedAt: Date } | null;
  wait: {
    seq: number;
    kind: WaitRequest["kind"];
    until: Date | null;
    eventType: string | null;
    questionId: string | null;
    childRunId: string | null;
  } | null;
  /** Runs before it with its serial key. */
  aheadCount: number;
  /** The start limit at which it waits. */
  startLimit: StartLimitUse | null;
}

/** Running first, then by age. */
export async function listActivity(
  kernel: Kernel,
  options: { limit?: number | undefined; after?: { isRunning: boolean; runId: string } | undefined } = {},
): Promise<Activity[]> {
  const { after } = options;
  const rows = await kernel.database.query<Omit<Activity, "startLimit">>(
    `select ${runHeadColumns("r")},
       (select jsonb_build_object('seq', s.seq, 'name', s.name, 'kind', s.kind, 'state', s.state, 'startedAt', s.started_at)
        from roost.step s where s.run_id = r.id order by s.seq desc limit 1) as step,
       (select jsonb_build_object('seq', w.seq, 'kind', w.kind, 'until', w.until, 'eventType', w.event_type, 'questionId', w.question_id, 'childRunId', w.child_run_id)
        from roost.wait w where w.run_id = r.id and w.resolved_at is null) as wait,
       case when r.state <> 'queued' then 0 else
         (select count(*) from (select 1 from roost.run q where q.serial_key = r.serial_key and q.state = 'queued' and q.serial_seq < r.serial_seq limit 100) as ahead)
         + (select count(*) from roost.serial_key l where l.name = r.serial_key and l.holder is not null) end as "aheadCount"
     from roost.run r where r.ended_at is null
       and ($2::boolean is null or (r.state <> 'running', r.id) > (not $2, $3::uuid))
     order by (r.state <> 'running'), r.id limit $1`,
    [Math.min(options.limit ?? 200, runLimits.listMax), after?.isRunning ?? null, after?.runId ?? null],
  );
  const waitsAt = (row: RunHead) =>
    row.waitingFor === "slot" ? row.slot : row.waitingFor === "rate" ? row.rate : null;
  const startLimits = await readStartLimits(kernel.database, [
    ...new Set(rows.map(waitsAt).filter((startLimit) => startLimit !== null)),
  ]);
  return rows.map((row) => ({ ...withDates(row), startLimit: startLimits.get(waitsAt(row) ?? "") ?? null }));
}

/** jsonb returns times as text. */
function withDates<Row extends Pick<Activity, "step" | "wait">>(row: Row): Row {
  const step = row.step === null ? null : { ...row.step, startedAt: new Date(row.step.startedAt) };
  const wait =
    row.wait === null ? null : { ...row.wait, until: row.wait.until === null ? null : new Date(row.wait.until) };
  return { ...row, step, wait };
}

/** Unresolved effects of unknown outcome, oldest first. */
export async function listUnresolvedSteps(
  kernel: Kernel,
  options: { limit?: number | undefined } = {},
): Promise<Step[]> {
  const unresolved = "where s.state = 'unknown' and s.resolution is null order by s.ended_at, s.run_id, s.seq limit $1";
  const limit = Math.min(options.limit ?? 50, runLimits.listMax);
  return readSteps(kernel.database, ["roost.step", unresolved], [limit]);
}

export interface QuestionQuery {
  ids?: readonly string[] | undefined;
  states?: Question["state"][] | undefined;
  runId?: string | undefined;
  /** The id of the last question of the page before. */
  after?: string | undefined;
  limit?: number | undefined;
  isOldestFirst?: boolean | undefined;
}

/** Newest first, unless asked otherwise. */
export async function listQuestions(kernel: Kernel, query: QuestionQuery = {}): Promise<Question[]> {
  return kernel.database.query<Question>(
    `${questionQuery}
     where ($1::text[] is null or q.state = any($1)) and ($2::uuid is null or q.run_id = $2) and ($3::uuid is null or q.id < $3)
       and ($5::uuid[] is null or q.id = any($5))
     order by q.id ${query.isOldestFirst === true ? "asc" : "desc"} limit $4`,
    [
      query.states ?? null,
      query.runId ?? null,
      query.after ?? null,
      Math.min(query.limit ?? 50, runLimits.listMax),
      query.ids ?? null,
    ],
  );
}
