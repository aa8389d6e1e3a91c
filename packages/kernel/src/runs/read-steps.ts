import type { QueryOptions, Sql } from "@roost/database";
import { stepColumns } from "./run-row.ts";
import type { Step } from "./run.ts";

/** `roost.step` holds those of runs that are not swept yet, `roost.step_all` those of history as well. */
type StepTable = "roost.step" | "roost.step_all";

/** Steps, `rest` being what follows `from <table> s`: the one place where rows become steps. */
export function readSteps(
  sql: Sql,
  [table, rest]: readonly [StepTable, string],
  values: unknown[],
  options?: QueryOptions,
): Promise<Step[]> {
  return sql.query<Step>(`select ${stepColumns("s")} from ${table} s ${rest}`, values, options);
}

export async function readStep(
  sql: Sql,
  table: StepTable,
  { runId, seq }: { runId: string; seq: number },
): Promise<Step | undefined> {
  const [step] = await readSteps(sql, [table, "where s.run_id = $1 and s.seq = $2"], [runId, seq]);
  return step;
}
