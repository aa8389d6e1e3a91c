import { rolePrefix, type Sql } from "@roost/database";

/** Roles that a home has for what a host runs: other homes may share the server. */
export async function listHostRoles(sql: Sql, { homeId, host }: { homeId: string; host: string }): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    "select rolname::text as name from pg_roles where starts_with(rolname, $1) and rolname ~ $2 order by 1",
    [rolePrefix(homeId), `_(at|host)_.*${host}`],
  );
  return rows.map(({ name }) => name);
}
