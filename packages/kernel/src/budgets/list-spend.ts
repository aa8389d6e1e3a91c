/** What model calls have cost, from their recorded steps: by day, job, agent, model or session. Steps that a retry or fork took over count once. */
import type { Kernel } from "../open-kernel.ts";

export type SpendGrouping = "all" | "day" | "job" | "agent" | "model" | "session";

export interface SpendRow {
  /** The day as YYYY-MM-DD, an id, a name; null: no job, no session, a model that was not told. */
  key: string | null;
  callCount: number;
  costUsd: number;
  inputTokens: number;
  /** The part of the input that came from the provider's cache. */
  cachedTokens: number;
  outputTokens: number;
  /** What the cache saved, where the price of cached tokens is known. */
  savedUsd: number;
  /** Calls without a known cost: what they cost is not in costUsd. */
  unknownCount: number;
}

const keys: Record<SpendGrouping, string> = {
  all: "null",
  day: "to_char(s.ended_at at time zone $4, 'YYYY-MM-DD')",
  job: "r.job_id",
  agent: "coalesce(r.agent, 'main')",
  model: "s.usage ->> 'model'",
  session: "r.session_key",
};

/** Most expensive first; days newest first. At most `limit`. */
export async function listSpend(
  { database }: Kernel,
  query: { by: SpendGrouping; since: Date; until: Date; timeZone: string; limit: number },
): Promise<SpendRow[]> {
  // A step that another run took over has epoch 0.
  const columns = "run_id, kind, usage, cost_usd, epoch, ended_at";
  return database.query<SpendRow>(
    `select ${keys[query.by]} as key, count(*) as "callCount", coalesce(sum(s.cost_usd), 0)::float8 as "costUsd",
       coalesce(sum((s.usage ->> 'inputTokens')::bigint), 0)::bigint as "inputTokens",
       coalesce(sum((s.usage ->> 'cachedTokens')::bigint), 0)::bigint as "cachedTokens",
       coalesce(sum((s.usage ->> 'outputTokens')::bigint), 0)::bigint as "outputTokens",
       coalesce(sum((s.usage ->> 'savedUsd')::numeric), 0)::float8 as "savedUsd",
       count(*) filter (where s.cost_usd is null) as "unknownCount"
     from (select ${columns} from roost.step where ended_at >= $1 and ended_at < $2
           union all select ${columns} from roost.step_history where run_ended_at >= $1 and ended_at >= $1 and ended_at < $2) as s
     join roost.run_all r on r.id = s.run_id
     where s.kind in ('model', 'compaction') and s.usage is not null and s.epoch > 0 and $4::text is not null
     group by 1 order by ${query.by === "day" ? "1 desc" : '"costUsd" desc, "inputTokens" desc, 1'} limit $3`,
    [query.since, query.until, query.limit, query.timeZone],
  );
}
