/** Reads what was played from the scratch database: rows only. */
import type { Sql } from "@roost/database";
import type { RunBudget } from "@roost/kernel";

export interface PlayedTick {
  jobId: string;
  scheduledAt: Date;
  recordedAt: Date;
  outcome: "fired" | "skipped" | "missed";
  reason: string | null;
  runId: string | null;
  lateMs: number;
}

export interface PlayedRun {
  id: string;
  jobId: string | null;
  sessionKey: string | null;
  reason: string;
  state: string;
  waitingFor: string | null;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  error: { code: string; message: string } | null;
  serialKey: string | null;
  cancelBy: string | null;
  budget: RunBudget;
  costUsd: number;
  tokens: number;
  inputTokens: number;
  outputTokens: number;
  playedCostUsd: number;
}

export interface PlayedRefusal {
  at: Date;
  runId: string;
  /** `all/day`, `run:<id>/run`. */
  scope: string;
  usdAsked: number;
  tokensAsked: number;
  costUsd: number | null;
  tokens: number | null;
  usdMax: number | null;
  tokensMax: number | null;
}

export interface PlayedSpend {
  scope: string;
  window: string;
  period: string;
  usd: number;
  tokens: number;
  calls: number;
}

export interface CapRow {
  scope: string;
  window: string;
  usdMax: number | null;
  tokensMax: number | null;
  callsMax: number | null;
}

export interface Played {
  ticks: PlayedTick[];
  runs: PlayedRun[];
  refusals: PlayedRefusal[];
  spend: PlayedSpend[];
  caps: CapRow[];
}

export async function readPlayed(scratch: Sql, fromMs: number): Promise<Played> {
  const from = new Date(fromMs);
  const ticks = await scratch.query<PlayedTick>(
    `select job_id as "jobId", scheduled_at as "scheduledAt", recorded_at as "recordedAt", outcome, reason, run_id as "runId", late_ms as "lateMs"
     from roost.tick order by recorded_at, scheduled_at, job_id`,
  );
  const runs = await scratch.query<PlayedRun>(
    `select r.id, r.job_id as "jobId", r.session_key as "sessionKey", r.reason, r.state, r.waiting_for as "waitingFor", r.created_at as "createdAt",
       r.started_at as "startedAt", r.ended_at as "endedAt", r.error, r.serial_key as "serialKey", r.cancel_by as "cancelBy", r.budget,
       r.cost_usd::float8 as "costUsd", r.tokens as "tokens",
       coalesce(used.input, 0) as "inputTokens", coalesce(used.output, 0) as "outputTokens", coalesce(used.usd, 0) as "playedCostUsd"
     from roost.run r left join lateral (
       select sum((s.usage ->> 'inputTokens')::bigint)::float8 as input, sum((s.usage ->> 'outputTokens')::bigint)::float8 as output,
         sum(s.cost_usd)::float8 as usd
       from roost.step s where s.run_id = r.id and s.kind = 'model' and s.state = 'done' and s.ended_at >= $1) as used on true
     where r.created_at >= $1 or r.ended_at is null or r.ended_at > $1 order by r.created_at, r.id`,
    [from],
  );
  const refusals = await scratch.query<PlayedRefusal>(
    `select time as at, data ->> 'runId' as "runId", data ->> 'scope' as scope,
       coalesce((data ->> 'usdAsked')::float8, 0) as "usdAsked", coalesce((data ->> 'tokensAsked')::float8, 0) as "tokensAsked",
       (data ->> 'costUsd')::float8 as "costUsd", (data ->> 'tokens')::float8 as "tokens",
       (data ->> 'usdMax')::float8 as "usdMax", (data ->> 'tokensMax')::float8 as "tokensMax"
     from roost.event where type = 'budget.refused' and time >= $1 order by time, topic, partition, "offset"`,
    [from],
  );
  const spend = await scratch.query<PlayedSpend>(
    `select scope, time_window as "window", period, cost_usd::float8 as usd, tokens::float8 as tokens, call_count::float8 as calls
     from roost.spend where touched_at >= $1 order by scope, time_window, period`,
    [from],
  );
  const caps = await scratch.query<CapRow>(
    `select scope, time_window as "window", usd_max::float8 as "usdMax", tokens_max::float8 as "tokensMax", calls_max::float8 as "callsMax"
     from roost.budget_cap order by scope, time_window`,
  );
  return { ticks, runs, refusals, spend, caps };
}
