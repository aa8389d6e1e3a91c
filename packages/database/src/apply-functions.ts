/**
 * Brings the functions of a schema to those of this program. A function's name has its version (`claim_2` beside `claim_1`), so that programs of
 * two versions can use one database: each calls its own. Owns the tables `<schema>.function_set` and `<schema>.function_version`.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { RoostError } from "@roost/base";
import { escapeIdentifier } from "pg";
import type { Database, Sql, Transaction } from "./database.ts";
import { isTransientConflict } from "./to-database-error.ts";

export interface FunctionFile {
  /** The file's name without `.sql`. */
  name: string;
  /** `create or replace function` statements with schema and version in the names. Functions may call each other in any order. */
  sql: string;
}

export interface FunctionSet {
  /** The program's version, MAJOR.MINOR.PATCH. */
  program: string;
  files: FunctionFile[];
}

export interface ApplyFunctionsOptions {
  schema: string;
  functions: FunctionSet;
}

/** All `.sql` files of a directory. */
export async function readFunctions(directory: URL): Promise<FunctionFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (name) => ({
      name: name.slice(0, -".sql".length),
      sql: await readFile(new URL(name, directory), "utf8"),
    })),
  );
}

/**
 * Applies all functions or none, under the lock of the schema's migrations, and returns whether it did: not when they are there already, nor after
 * a newer program. A function that newer programs lack is dropped one minor version after its last use.
 */
export async function applyFunctions(database: Database, options: ApplyFunctionsOptions): Promise<boolean> {
  const apply = async (tx: Transaction) => {
    const recorded = await prepare(tx, options);
    const { program } = options.functions;
    const checksum = checksumOf(options.functions);
    if (recorded !== undefined) {
      if (compareVersions(recorded.program, program) > 0) return false;
      if (recorded.program === program && recorded.checksum === checksum) return false;
    }
    for (const file of options.functions.files) await applyFile(tx, file, options);
    await recordNames(tx, options);
    await dropRetired(tx, options);
    await tx.query(
      `INSERT INTO ${tableOf(options, "function_set")} (program, checksum) VALUES ($1, $2)
       ON CONFLICT (only_row) DO UPDATE SET program = excluded.program, checksum = excluded.checksum, applied_at = clock_timestamp()`,
      [program, checksum],
    );
    return true;
  };
  return database.transact(apply, { isUnlimited: true });
}

/** Those that this program calls and no program has applied. A login that may only look reads what the last one noted. */
export async function listMissingFunctions(
  sql: Sql,
  { schema, functions }: { schema: string; functions?: FunctionSet | undefined },
): Promise<string[]> {
  if (functions === undefined) return [];
  const rows = await sql.query<{ name: string }>(
    `SELECT called.name FROM unnest($1::text[]) AS called (name)
     WHERE NOT EXISTS (SELECT FROM ${tableOf({ schema, functions }, "function_version")} known WHERE known.name = called.name) ORDER BY 1`,
    [functions.files.flatMap((file) => namesOf(file, schema))],
  );
  return rows.map(({ name }) => `${schema}.${name}`);
}

async function prepare(
  tx: Sql,
  options: ApplyFunctionsOptions,
): Promise<{ program: string; checksum: string } | undefined> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`roost migrations ${options.schema}`]);
  await tx.query(`SET LOCAL client_min_messages = warning`);
  await tx.query(`CREATE TABLE IF NOT EXISTS ${tableOf(options, "function_set")} (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    program text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`);
  // The last program that had it.
  await tx.query(`CREATE TABLE IF NOT EXISTS ${tableOf(options, "function_version")} (
    name text PRIMARY KEY,
    program text NOT NULL
  )`);
  const [recorded] = await tx.query<{ program: string; checksum: string }>(
    `SELECT program, checksum FROM ${tableOf(options, "function_set")}`,
  );
  return recorded;
}

async function applyFile(tx: Transaction, file: FunctionFile, { schema }: ApplyFunctionsOptions): Promise<void> {
  try {
    // A function may call one of a later file.
    await tx.query(`SET LOCAL check_function_bodies = off`);
    await tx.query(file.sql);
  } catch (error) {
    if (isTransientConflict(error)) throw error;
    const message = `the functions "${file.name}" of schema "${schema}" were refused: ${(error as Error).message}`;
    throw new RoostError("internal", message, { cause: error });
  }
}

async function recordNames(tx: Transaction, options: ApplyFunctionsOptions): Promise<void> {
  await tx.query(
    `INSERT INTO ${tableOf(options, "function_version")} (name, program) SELECT unnest($1::text[]), $2
     ON CONFLICT (name) DO UPDATE SET program = excluded.program`,
    [options.functions.files.flatMap((file) => namesOf(file, options.schema)), options.functions.program],
  );
}

async function dropRetired(tx: Transaction, options: ApplyFunctionsOptions): Promise<void> {
  const known = await tx.query<{ name: string; program: string }>(
    `SELECT name, program FROM ${tableOf(options, "function_version")} ORDER BY name`,
  );
  for (const { name, program } of known) {
    if (!isTwoMinorsOlder(program, options.functions.program)) continue;
    await tx.query(`DROP FUNCTION IF EXISTS ${tableOf(options, name)}`);
    await tx.query(`DELETE FROM ${tableOf(options, "function_version")} WHERE name = $1`, [name]);
  }
}

/** @throws RoostError `invalid_input` for a name without a version: an older program would call the replaced function */
function namesOf({ name: file, sql }: FunctionFile, schema: string): string[] {
  return [...sql.matchAll(/create or replace function\s+([\w.]+)\s*\(/g)].map(([, qualified]) => {
    const [, name] = /^(?:\w+)\.(\w+_\d+)$/.exec(qualified!) ?? [];
    if (name === undefined || !qualified!.startsWith(`${schema}.`))
      throw new RoostError(
        "invalid_input",
        `function "${qualified}" of "${file}" must be named like ${schema}.claim_1, with its version`,
      );
    return name;
  });
}

function isTwoMinorsOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = partsOf(version);
  const [majorNow = 0, minorNow = 0] = partsOf(than);
  return major < majorNow || (major === majorNow && minor + 2 <= minorNow);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function partsOf(version: string): number[] {
  return version.split(/[.+-]/).slice(0, 3).map(Number);
}

function checksumOf({ files }: FunctionSet): string {
  const hash = createHash("sha256");
  // A checkout may change line ends.
  for (const { name, sql } of files) hash.update(`${name}\0${sql.replaceAll("\r\n", "\n")}\0`);
  return hash.digest("hex");
}

function tableOf({ schema }: ApplyFunctionsOptions, name: string): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
}
