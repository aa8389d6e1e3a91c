/** Scratch databases by name and lock: each is held by an advisory lock in the home's database, which ends with its process. */
// tidy: the prefix, the key and the sweep belong together.
import { RoostError } from "@roost/base";
import { sqlStateOf, type Database, type Sql } from "@roost/database";

/** Databases dropped per pass. */
const leftoversMax = 100;

/** Prefix of the scratch databases of this home's database: two homes may share a server. */
export async function scratchPrefix(database: Sql): Promise<string> {
  const [row] = await database.query<{ oid: string }>(
    "select oid::text as oid from pg_database where datname = current_database()",
  );
  return `roost_rehearsal_${row!.oid}_`;
}

/** For `pg_advisory_lock`. */
export const scratchLockKey = "hashtextextended('roost.rehearsal:' || $1, 0)";

/** Drops the scratch databases of rehearsals that have ended, in whatever way. May be called concurrently. Returns the names. */
export async function dropLeftoverDatabases(database: Database): Promise<string[]> {
  const prefix = await scratchPrefix(database);
  const found = await database.query<{ name: string }>(
    "select datname as name from pg_database where starts_with(datname, $1) order by datname limit $2",
    [prefix, leftoversMax],
  );
  if (found.length === 0) return [];
  const dropped: string[] = [];
  await using session = await database.openSession();
  for (const { name } of found) {
    const [lock] = await session.query<{ isFree: boolean }>(
      `select pg_try_advisory_lock(${scratchLockKey}) as "isFree"`,
      [name],
    );
    if (lock?.isFree !== true) continue;
    await dropDatabase(session, name);
    await session.query(`select pg_advisory_unlock(${scratchLockKey})`, [name]);
    dropped.push(name);
  }
  return dropped;
}

/** Even while connections to it are open. */
export async function dropDatabase(sql: Sql, name: string): Promise<void> {
  await sql.query(`drop database if exists ${quoteName(name)} with (force)`).catch(async (error: unknown) => {
    if (sqlStateOf(error) !== "42501") throw error;
    // An autovacuum worker is in it, which only a superuser may end by force; without force it is asked to leave.
    await sql.query(`drop database if exists ${quoteName(name)}`);
  });
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** @throws RoostError `forbidden` for a role that may not create databases */
export function explainCreation(error: unknown): unknown {
  if (sqlStateOf(error) !== "42501") return error;
  return new RoostError(
    "forbidden",
    "the database role may not create the scratch database of a rehearsal: grant it CREATEDB",
    { cause: error },
  );
}
