/**
 * Which database a home uses after a move, and which ones it has left: `.roost/database.json`. Holds a reference to the URL, never the URL, which may
 * contain a password. Without the file it is the one of DATABASE_URL, else the home's own.
 */
import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import { readDatabaseIdentity, readHalfDoneMove, type Database } from "@roost/database";
import { readSecret, type SecretSources } from "../settings/read-secret.ts";

export interface HomeDatabase {
  /** `env:NAME`, `file:PATH` …, or `own`: the PostgreSQL that comes with Roost. */
  url: string;
  movedAt: string;
  left: LeftDatabase[];
}

export interface LeftDatabase {
  /** As readDatabaseIdentity says. */
  identity: string;
  /** Where it is, for people. */
  where: string;
  /** As HomeDatabase.url. Undefined: it was named by its URL, which is not kept. */
  reference?: string;
}

/** The reference of the home's own PostgreSQL. */
export const ownDatabase = "own";
const fileOf = (homeDir: string) => join(homeDir, ".roost", "database.json");

export async function readHomeDatabase(homeDir: string): Promise<HomeDatabase | undefined> {
  const path = fileOf(homeDir);
  try {
    return JSON.parse(await readFile(path, "utf8")) as HomeDatabase;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new RoostError("internal", `${path}, which names the database of the home, cannot be read`, { cause });
  }
}

/** Undefined: the home has never moved. */
export async function writeHomeDatabase(homeDir: string, database: HomeDatabase | undefined): Promise<void> {
  if (database === undefined) return await rm(fileOf(homeDir), { force: true });
  await writeFileDurably(fileOf(homeDir), `${JSON.stringify(database, undefined, 2)}\n`, { mode: 0o600 });
}

/** The URL that a reference stands for; undefined: the home's own. @throws RoostError `invalid_input` that shows no value */
export async function resolveDatabaseUrl(reference: string, sources: SecretSources): Promise<string | undefined> {
  if (reference === ownDatabase) return undefined;
  return isDatabaseUrl(reference) ? reference : (await readSecret(reference, sources)).trim();
}

/** A reference to a URL that is given as such or by reference already. Each URL has a file of its own: the one in use stays. */
export async function keepDatabaseUrl(given: string, homeDir: string): Promise<string> {
  if (!isDatabaseUrl(given)) return given;
  const file = `.roost/database-url-${createHash("sha256").update(given).digest("hex").slice(0, 12)}`;
  await writeFileDurably(join(homeDir, file), `${given}\n`, { mode: 0o600 });
  return `file:${file}`;
}

function isDatabaseUrl(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text);
}

/** A check before any write. @throws RoostError `invalid_input` for a database that the home has left, or that a move has not finished */
export async function refuseLeftDatabase(database: Database, homeDir: string): Promise<void> {
  if ((await readHalfDoneMove(database)) !== undefined)
    throw new RoostError(
      "invalid_input",
      `a move into this database was interrupted: run roost database move again with the same target, or name another database`,
    );
  const known = await readHomeDatabase(homeDir);
  if (known === undefined || known.left.length === 0) return;
  const identity = await readDatabaseIdentity(database);
  const left = known.left.find((one) => one.identity === identity);
  if (left === undefined) return;
  const present = known.url === ownDatabase ? "the home's own PostgreSQL" : `the database of ${known.url}`;
  throw new RoostError(
    "invalid_input",
    `the home was moved away from this database (${left.where}) to ${present} at ${known.movedAt}: unset DATABASE_URL, or set it to the new one`,
  );
}
