/** What stands around a run that would start others: how many were started below the first of them, and what is left of its own caps. */
import type { Sql } from "@roost/database";
import { runLimits, type RunBudget } from "./run.ts";

export interface Family {
  depth: number;
  /** Runs below the first of its line that have not ended, itself among them if it is not the first. */
  liveCount: number;
  /** All of them. */
  runCount: number;
  /** Of its own caps, after what it and those below it have spent and reserved; without a cap there is none. */
  left: RunBudget;
}

/** Undefined: there is no such run. */
export async function readFamily(sql: Sql, runId: string): Promise<Family | undefined> {
  const [family] = await sql.query<Family>(
    `with recursive line as (
       select id, parent_run_id, 1 as level from roost.run where id = $1
       union all
       select p.id, p.parent_run_id, l.level + 1 from line l join roost.run p on p.id = l.parent_run_id where l.level <= $2
     ),
     below as (
       select id, ended_at, 1 as level from roost.run_all where parent_run_id = (select id from line order by level desc limit 1)
       union all
       select c.id, c.ended_at, b.level + 1 from below b join roost.run_all c on c.parent_run_id = b.id where b.level <= $2
     )
     select r.depth,
       (select count(*) from below where ended_at is null)::int as "liveCount", (select count(*) from below)::int as "runCount",
       jsonb_strip_nulls(jsonb_build_object(
         'usdMax', case when r.budget ? 'usdMax' then greatest(0, (r.budget ->> 'usdMax')::numeric - coalesce(s.cost_usd + s.usd_reserved, 0)) end,
         'tokensMax', case when r.budget ? 'tokensMax' then greatest(0, (r.budget ->> 'tokensMax')::bigint - coalesce(s.tokens + s.tokens_reserved, 0)) end,
         'callsMax', case when r.budget ? 'callsMax' then greatest(0, (r.budget ->> 'callsMax')::bigint - coalesce(s.call_count, 0)) end)) as left
     from roost.run r left join roost.spend s on (s.scope, s.time_window, s.period) = ('run:' || r.id, 'total', 'total')
     where r.id = $1`,
    [runId, runLimits.depthMax],
    { name: "roost_run_family" },
  );
  return family;
}
