/**
 * What model calls have cost, from the recorded steps of runs and from calls that the front door passed on: by day, job, agent, model, session or
 * key. Steps that a retry or fork took over count once; what a run has delegated counts for its job and its session, as it does for their caps.
 */
import type { Kernel } from "../open-kernel.ts";
import { runLimits } from "../runs/run.ts";

export type SpendGrouping = "day" | "job" | "agent" | "model" | "session" | "key";

export interface SpendRow {
  /** The day as YYYY-MM-DD, an id, a name; null: no job, no agent, no session, no key, a model that was not told. */
  key: string | null;
  callCount: number;
  costUsd: number;
  inputTokens: number;
  /** The part of the input that came from the provider's cache. */
  cachedTokens: number;
  outputTokens: number;
  /** What the cache saved, where the price of cached tokens is known. */
  savedUsd: number;
  /** Calls whose provider reported no tokens: upper estimates stand for them. */
  estimatedCount: number;
  /** Calls without a known cost: what they cost is not in costUsd. */
  unknownCount: number;
}

const keys: Record<SpendGrouping, string> = {
  day: "to_char(c.at at time zone $4, 'YYYY-MM-DD')",
  job: "c.job",
  agent: "c.agent",
  model: "c.model",
  session: "c.session",
  key: "c.token",
};

/** Of runs. A step that another run took over has epoch 0. */
const stepColumns = "run_id, kind, usage, cost_usd, epoch, ended_at";
const callsOfRuns = `
  select r.id as run_id, r.parent_run_id, s.ended_at as at, r.job_id as job, coalesce(r.agent, 'main') as agent, s.usage ->> 'model' as model, r.session_key as session,
    null as token, s.cost_usd, (s.usage ->> 'inputTokens')::bigint as input, (s.usage ->> 'cachedTokens')::bigint as cached,
    (s.usage ->> 'outputTokens')::bigint as output, (s.usage ->> 'savedUsd')::numeric as saved,
    (s.usage ->> 'isEstimated')::boolean as estimated
  from (select ${stepColumns} from roost.step where ended_at >= $1 and ended_at < $2
        union all select ${stepColumns} from roost.step_history where run_ended_at >= $1 and ended_at >= $1 and ended_at < $2) as s
  join roost.run_all r on r.id = s.run_id
  where s.kind in ('model', 'compaction') and s.usage is not null and s.epoch > 0`;
/** Passed on: many in an event. What was answered from a cache, or refused, cost nothing. */
const callsPassedOn = `
  select null, null, p.at, null, null, p.model, null, e.data ->> 'by', p."costUsd", p."inputTokens", p."cachedTokens", p."outputTokens",
    p."savedUsd", p."isEstimated"
  from roost.event e cross join lateral jsonb_to_recordset(e.data -> 'calls')
    as p(at timestamptz, model text, status integer, attempts integer, "costUsd" numeric, "inputTokens" bigint, "cachedTokens" bigint, "outputTokens" bigint, "savedUsd" numeric, "isEstimated" boolean)
  where e.topic = 'proxy' and e.type = 'proxy.called' and e.time >= $1 and p.at >= $1 and p.at < $2 and p.attempts > 0 and p.status between 200 and 299`;

/**
 * The job and session of a call: those of its run, or of the topmost parent where the run has none. Only grouping by them needs the parents. Invariant: a
 * chain of parents ends, since a run never changes its parent and is below `depthMax` others at most.
 */
const placedCalls = `
  line as (
    select distinct run_id, parent_run_id as above, 1 as height from calls where parent_run_id is not null
    union all
    select l.run_id, r.parent_run_id, l.height + 1 from line l join roost.run_all r on r.id = l.above
    where r.parent_run_id is not null and l.height < ${runLimits.depthMax}
  ),
  top as (select l.run_id, r.job_id, r.session_key from line l join roost.run_all r on r.id = l.above where r.parent_run_id is null),
  placed as (
    select c.cost_usd, c.input, c.cached, c.output, c.saved, c.estimated, coalesce(c.job, t.job_id) as job, coalesce(c.session, t.session_key) as session
    from calls c left join top t on t.run_id = c.run_id
  )`;
const placedGroupings: ReadonlySet<SpendGrouping> = new Set(["job", "session"]);

export interface ListedSpend {
  /** Most expensive first; days newest first. */
  rows: SpendRow[];
  /** Of all calls, also of those in no row. */
  total: SpendRow;
  /** What to skip for the rows behind these. */
  next: number | undefined;
}

/** At most `limit` rows behind the first `skip`. `timeZone`: where a day begins. */
export async function listSpend(
  { database }: Kernel,
  query: { by: SpendGrouping; since: Date; until: Date; timeZone: string; limit: number; skip?: number | undefined },
): Promise<ListedSpend> {
  const { by, since, until, timeZone, limit, skip = 0 } = query;
  const order = by === "day" ? "key desc" : '"costUsd" desc, "inputTokens" desc, key';
  const isPlaced = placedGroupings.has(by);
  // Rows and total in one scan. The total comes first.
  const [total, ...rows] = await database.query<SpendRow>(
    `with recursive calls as (${callsOfRuns} union all ${callsPassedOn})${isPlaced ? `, ${placedCalls}` : ""}
     select key, "callCount", "costUsd", "inputTokens", "cachedTokens", "outputTokens", "savedUsd", "estimatedCount", "unknownCount" from (
     select key, grouping(key) = 1 as "isTotal", count(*) as "callCount", coalesce(sum(cost_usd), 0)::float8 as "costUsd",
       coalesce(sum(input), 0)::bigint as "inputTokens", coalesce(sum(cached), 0)::bigint as "cachedTokens",
       coalesce(sum(output), 0)::bigint as "outputTokens", coalesce(sum(saved), 0)::float8 as "savedUsd",
       count(*) filter (where estimated) as "estimatedCount", count(*) filter (where cost_usd is null) as "unknownCount"
     from (select c.*, ${keys[by]} as key from ${isPlaced ? "placed" : "calls"} c) as k
     group by grouping sets ((), (key))) as s
     order by "isTotal" desc, ${order} limit $3`,
    [since, until, skip + limit + 2, ...(by === "day" ? [timeZone] : [])],
  );
  const next = rows.length > skip + limit ? skip + limit : undefined;
  return { rows: rows.slice(skip, skip + limit), total: total!, next };
}
