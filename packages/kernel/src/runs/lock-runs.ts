/**
 * The one order in which rows of run are locked: by (depth, id), so parents before children. A transaction that touches several runs locks them
 * here first, all at once, and decides by what it then reads.
 */
import type { Sql } from "@roost/database";
import { runHeadColumns } from "./run-table.ts";
import { runLimits, type Run } from "./run.ts";

/** A run without its input and output. */
export type RunHead = Omit<Run, "input" | "output">;

/** Invariant: rows of run are locked by (depth, id). */
export const lockStatement = `
  select ${runHeadColumns("r")} from roost.run r
  where r.id = any(array(
    select unnest($1::uuid[])
    union select c.parent_run_id from roost.run c where c.id = any($1::uuid[])))
  order by r.depth, r.id for no key update`;

/** Locks the runs and their parents. Missing ones (swept to history) are missing in the result. */
export async function lockRuns(tx: Sql, runIds: string[]): Promise<Map<string, RunHead>> {
  const rows = await tx.query<RunHead>(lockStatement, [runIds], { name: "roost_run_lock" });
  return new Map(rows.map((row) => [row.id, row]));
}

/** Adds all unfinished runs below the given ones, level by level, to the transaction's locks. */
export async function lockDescendants(tx: Sql, runIds: string[]): Promise<RunHead[]> {
  const found: RunHead[] = [];
  let level = runIds;
  for (let depth = 0; depth < runLimits.depthMax && level.length > 0; depth += 1) {
    const rows = await tx.query<RunHead>(
      `select ${runHeadColumns("r")} from roost.run r
       where r.parent_run_id = any($1::uuid[]) and r.ended_at is null
       order by r.depth, r.id for no key update`,
      [level],
    );
    // A row that ended while this waited for its lock is returned in its new state.
    const live = rows.filter((row) => row.endedAt === null);
    found.push(...live);
    level = live.map((row) => row.id);
  }
  return found;
}
