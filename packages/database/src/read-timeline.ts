import type { Sql } from "./database.ts";

/** The value of readTimeline, for a statement that asks more. */
export const timelineSql =
  "CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";

/**
 * Which history of the server this is: another one after a failover to a replica, or a restore to a moment. What a process has in memory may then
 * not be in the database any more.
 */
export async function readTimeline(sql: Sql): Promise<string> {
  const [row] = await sql.query<{ timeline: string }>(`SELECT ${timelineSql} AS timeline`);
  return row!.timeline;
}
