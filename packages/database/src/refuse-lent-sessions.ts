import { RoostError } from "@roost/base";
import { openClient, type ConnectionSettings } from "./connect-client.ts";
import type { Sql } from "./database.ts";

const readProcess = "SELECT pg_backend_pid() AS process";

/**
 * Locks, notifications, settings and prepared statements belong to a session of the server. A pooler that lends sessions for single transactions gives
 * two open connections the same one, or gives one connection several.
 *
 * @throws RoostError `invalid_input`
 */
export async function refuseLentSessions(database: Sql, settings: ConnectionSettings): Promise<void> {
  const other = await openClient(settings);
  try {
    const seen: (number | undefined)[] = [];
    // One and the same of the pool, which has no other work yet.
    for (let n = 0; n < 2; n += 1) seen.push((await database.query<{ process: number }>(readProcess))[0]?.process);
    const { rows } = await other.query<{ process: number }>(readProcess);
    if (seen[0] === seen[1] && seen[0] !== rows[0]?.process) return;
  } finally {
    await other.end().catch(() => undefined);
  }
  throw new RoostError(
    "invalid_input",
    "the pooler between Roost and PostgreSQL lends out a session of the server for one transaction; locks, notifications and prepared statements need a session " +
      "for as long as the connection is open: set pool_mode = session (docs/postgresql.md), or name the server itself in the database URL",
  );
}
