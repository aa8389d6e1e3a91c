import type { Sql } from "@roost/database";
import { runLimits } from "./run.ts";

export interface SpendBelow {
  /** Runs that it started, directly or indirectly. */
  runCount: number;
  costUsd: number;
  tokens: number;
}

/** Spending of the runs below a run. Its caps hold it and them together; its own row has only its own spending. */
export async function readSpendBelow(sql: Sql, runId: string): Promise<SpendBelow> {
  const [below] = await sql.query<SpendBelow>(
    `with recursive below as (
       select id, cost_usd, tokens, 1 as level from roost.run_all where parent_run_id = $1
       union all
       select c.id, c.cost_usd, c.tokens, b.level + 1 from below b join roost.run_all c on c.parent_run_id = b.id where b.level < $2
     )
     select count(*)::int as "runCount", coalesce(sum(cost_usd), 0)::float8 as "costUsd", coalesce(sum(tokens), 0)::float8 as "tokens" from below`,
    [runId, runLimits.depthMax],
    { name: "roost_run_spend_below" },
  );
  return below!;
}
