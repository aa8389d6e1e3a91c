/**
 * Brings a schema to the newest migration this program knows. Owns the table `<schema>.migration`, and `<schema>.<room>_migration` for a room. There is no way back: a mistake is corrected by
 * a further migration.
 */
import { createHash } from "node:crypto";
import { RoostError } from "@roost/base";
import { escapeIdentifier } from "pg";
import { applyFunctions, listMissingFunctions, type FunctionSet } from "./apply-functions.ts";
import type { Database, Sql, Transaction } from "./database.ts";
import type { Migration } from "./read-migrations.ts";
import { isTransientConflict } from "./to-database-error.ts";

export interface ApplyMigrationsOptions {
  /** Created when missing. First in the search path while a migration runs. */
  schema: string;
  /** Of a room whose tables stand in the schema of another: its migrations are recorded apart, in `<schema>.<room>_migration`. */
  room?: string | undefined;
  migrations: Migration[];
  /** Applied after the last migration. */
  functions?: FunctionSet | undefined;
}

/**
 * Applies missing migrations, each in its own transaction, one process at a time. Returns their names. A login that may not change the schema only
 * looks whether it is the one that this program knows.
 * @throws RoostError `conflict` when an applied migration was changed, is missing or is newer than this program; `unavailable` when one is missing
 * that this login may not apply, or a function that this program calls
 */
export async function applyMigrations(database: Database, options: ApplyMigrationsOptions): Promise<string[]> {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(options.schema) || !/^[a-z][a-z0-9_]{0,49}$/.test(options.room ?? "room")) {
    throw new RoostError(
      "invalid_input",
      `${nameOf(options)} must be lower case letters, digits and _, at most 63 (a room 50)`,
    );
  }
  if (await mayOnlyLook(database, options)) return [];
  const applied: string[] = [];
  // Each turn checks again what is applied, so that processes that start together take turns.
  for (let turn = 0; turn <= options.migrations.length; turn += 1) {
    const name = await database.transact((tx) => applyNext(tx, options), { isUnlimited: true });
    if (name === undefined) break;
    applied.push(name);
  }
  const { schema, functions } = options;
  if (functions !== undefined) await applyFunctions(database, { schema, functions });
  return applied;
}

/** @throws RoostError as applyMigrations, of a login that may not change the schema */
async function mayOnlyLook(database: Database, options: ApplyMigrationsOptions): Promise<boolean> {
  const [found] = await database.query<{ isThere: boolean; mayCreate: boolean }>(
    `SELECT to_regnamespace($1) IS NOT NULL AS "isThere", CASE WHEN to_regnamespace($1) IS NULL
       THEN has_database_privilege(current_database(), 'create') ELSE has_schema_privilege(to_regnamespace($1), 'create') END AS "mayCreate"`,
    [escapeIdentifier(options.schema)],
  );
  if (found?.mayCreate !== false) return false;
  if (!found.isThere)
    throw new RoostError(
      "unavailable",
      `${nameOf(options)} is not there, and this login may not make it: start the home's own program of this version first; where this is the home's own user, grant it CREATE on the database`,
    );
  const missing = options.migrations[await countApplied(database, options)];
  if (missing !== undefined) throw lacks(options, `migration "${missing.name}"`);
  const [unknown] = await listMissingFunctions(database, options);
  if (unknown !== undefined) throw lacks(options, `function ${unknown}`);
  return true;
}

/** What the home's own user would apply. */
function lacks(options: ApplyMigrationsOptions, what: string): RoostError {
  return new RoostError(
    "unavailable",
    `${nameOf(options)} lacks ${what}, which this login may not apply: start the home's own program of this version first`,
  );
}

async function countApplied(sql: Sql, options: ApplyMigrationsOptions): Promise<number> {
  const applied = await sql.query<{ name: string; checksum: string }>(
    `SELECT name, checksum FROM ${tableOf(options)} ORDER BY position`,
  );
  for (const [index, row] of applied.entries()) refuseForeign(row, options.migrations[index], nameOf(options));
  return applied.length;
}

/** Returns the applied migration's name; undefined when none is missing. */
async function applyNext(tx: Transaction, options: ApplyMigrationsOptions): Promise<string | undefined> {
  const appliedCount = await prepare(tx, options);
  const migration = options.migrations[appliedCount];
  if (migration === undefined) return undefined;
  try {
    await tx.query(`SET LOCAL search_path TO ${escapeIdentifier(options.schema)}, public`);
    await tx.query(migration.sql);
  } catch (error) {
    if (isTransientConflict(error)) throw error;
    throw failureOf(migration, error as Error, options);
  }
  await tx.query(`INSERT INTO ${tableOf(options)} (position, name, checksum) VALUES ($1, $2, $3)`, [
    appliedCount + 1,
    migration.name,
    checksumOf(migration),
  ]);
  return migration.name;
}

/** An extension that this role may not create is one statement of a superuser away. */
function failureOf({ name, sql }: Migration, cause: Error, options: ApplyMigrationsOptions): RoostError {
  const failed = `migration "${name}" of ${nameOf(options)} failed: ${cause.message}`;
  const extension = /extension "(\w+)"/.exec(cause.message)?.[1];
  const statement = new RegExp(`create extension[^;]*\\b${extension ?? "-"}\\b[^;]*`, "i").exec(sql)?.[0];
  if (statement === undefined) return new RoostError("internal", failed, { cause });
  const next = `have a superuser of this database run "${statement}", then start again`;
  return new RoostError("forbidden", `${failed}: ${next}`, { cause });
}

/** Takes the lock until the transaction ends, creates the table, and returns how many migrations are applied. */
async function prepare(tx: Sql, options: ApplyMigrationsOptions): Promise<number> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`roost migrations ${options.schema}`]);
  await tx.query(`SET LOCAL client_min_messages = warning`);
  // A role that may not create schemas gets one created for it. Asked of the table: a connection that looked before it waited for the lock remembers
  // that there was none, and neither to_regnamespace nor IF NOT EXISTS looks again.
  const found = await tx.query("SELECT FROM pg_namespace WHERE nspname = $1", [options.schema]);
  if (found.length === 0) await tx.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(options.schema)}`);
  await tx.query(`CREATE TABLE IF NOT EXISTS ${tableOf(options)} (
    position int PRIMARY KEY,
    name text NOT NULL UNIQUE,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`);
  return await countApplied(tx, options);
}

/** What a person can do. Backing up comes first: the log is not made anew from the files. */
const ofAnotherVersion =
  "another version of this program made the database. Start that version, or begin with a new database: run roost down, move the database away (the folder .roost/postgres of the home; with DATABASE_URL, name an empty one) and run roost up. The files of the home stay as they are; the log, the runs and the jobs made by command stay in the old database";

function refuseForeign(applied: { name: string; checksum: string }, known: Migration | undefined, place: string): void {
  if (known === undefined) {
    throw new RoostError(
      "conflict",
      `${place} has migration "${applied.name}", which this program does not know: the database is newer, start the newer program`,
    );
  }
  if (known.name !== applied.name) {
    throw new RoostError(
      "conflict",
      `${place} begins with migration "${applied.name}" where this program has "${known.name}": ${ofAnotherVersion}`,
    );
  }
  if (checksumOf(known) !== applied.checksum) {
    throw new RoostError(
      "conflict",
      `migration "${known.name}" of ${place} is not the one that was applied: ${ofAnotherVersion}. In a service of your own, put the migration back and add a further one`,
    );
  }
}

function tableOf(options: ApplyMigrationsOptions): string {
  const name = options.room === undefined ? "migration" : `${options.room}_migration`;
  return `${escapeIdentifier(options.schema)}.${escapeIdentifier(name)}`;
}

function nameOf({ schema, room }: ApplyMigrationsOptions): string {
  return room === undefined ? `schema "${schema}"` : `room "${room}" in schema "${schema}"`;
}

// A checkout may change line ends.
function checksumOf(migration: Migration): string {
  return createHash("sha256").update(migration.sql.replaceAll("\r\n", "\n")).digest("hex");
}
