/** Finds a pooler between Roost and the server that lends sessions for single transactions; what sessions are used for stands where it is used. */
import { RoostError } from "@roost/base";
import { DatabaseError } from "pg";
import { openClient, type ConnectionSettings, type PgClient } from "./connect-client.ts";
import type { Sql } from "./database.ts";
import { toDatabaseError } from "./to-database-error.ts";

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
    if (await hasOwnSessions(database, other)) return;
  } catch (error) {
    throw toDatabaseError(error);
  } finally {
    await other.end().catch(() => undefined);
  }
  throw new RoostError(
    "invalid_input",
    "the pooler between Roost and PostgreSQL lends out a session of the server for one transaction; locks, notifications and prepared statements need a session " +
      "for as long as the connection is open: set pool_mode = session (docs/postgresql.md), or name the server itself in the database URL",
  );
}

/**
 * A pooler gives the session that was free last, so one round tells where no other client is busy. Where some are, both connections may get the same
 * sessions again by chance, but hardly so often.
 */
const roundsCount = 8;

/** While a transaction of the other is open the session that the first had may be its. */
async function hasOwnSessions(database: Sql, other: PgClient): Promise<boolean> {
  const firsts = new Set<number>();
  const others = new Set<number>();
  const askFirst = async () => firsts.add((await database.query<{ process: number }>(readProcess))[0]!.process);
  for (let round = 0; round < roundsCount; round += 1) {
    // One and the same of the pool, which has no other work yet.
    await askFirst();
    try {
      await other.query("BEGIN");
    } catch (error) {
      // The server begins one always; a pooler that lends sessions for single statements does not.
      if (error instanceof DatabaseError) return false;
      throw error;
    }
    others.add((await other.query<{ process: number }>(readProcess)).rows[0]!.process);
    await askFirst();
    await other.query("COMMIT");
    if (firsts.size > 1 || others.size > 1 || !firsts.isDisjointFrom(others)) return false;
  }
  return true;
}
