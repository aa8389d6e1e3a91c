/** A database for one rehearsal on the home's server: created, migrated, and dropped at the end. After a crash dropLeftoverDatabases removes it. */
import { createIdSource, silentLogger } from "@roost/base";
import { applyMigrations, changeDatabaseUrl, openDatabase, readSchema, type Database } from "@roost/database";
import { readSchemas } from "@roost/kernel";
import { memorySchema } from "@roost/memory";
import { homeRooms } from "@roost/worker/home-rooms";
import {
  dropDatabase,
  dropLeftoverDatabases,
  explainCreation,
  quoteName,
  scratchLockKey,
  scratchPrefix,
} from "./drop-leftover-databases.ts";

export interface ScratchDatabase extends AsyncDisposable {
  readonly name: string;
  readonly database: Database;
}

export interface OpenScratchOptions {
  /** The home's, and its URL: the scratch database is beside it. */
  home: Database;
  url: string;
}

/** One run is executed at a time; the others are for the kernel. */
const poolMax = 4;
const statementTimeoutMsMax = 60_000;

/** @throws RoostError `forbidden` when the role may not create databases */
export async function openScratchDatabase({ home, url }: OpenScratchOptions): Promise<ScratchDatabase> {
  await dropLeftoverDatabases(home);
  await using opened = new AsyncDisposableStack();
  // Not from the process's ids, which a rehearsal makes reproducible.
  const name = `${await scratchPrefix(home)}${createIdSource()().replaceAll("-", "").slice(-16)}`;
  // The lock comes first: a scratch database without it is a leftover.
  const session = opened.use(await home.openSession());
  await session.query(`select pg_advisory_lock(${scratchLockKey})`, [name]);
  await session.query(`create database ${quoteName(name)} template template0`).catch((error: unknown) => {
    throw explainCreation(error);
  });
  // What was rehearsed is worth more than an orderly end: a leftover is dropped by the next one.
  opened.defer(() => dropDatabase(session, name).catch(() => undefined));
  // Its content need not survive a crash.
  await session.query(`alter database ${quoteName(name)} set synchronous_commit = off`);
  const database = opened.use(
    await openDatabase({
      url: changeDatabaseUrl(url, { database: name }),
      applicationName: "roost rehearsal",
      // A lost connection fails its user, which reports it.
      logger: silentLogger,
      poolMax,
      statementTimeoutMsMax,
    }),
  );
  for (const schema of await readSchemas(homeRooms)) await applyMigrations(database, schema);
  const owned = opened.move();
  return { name, database, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** After roost.now() is simulated, since column defaults use it. */
export async function migrateMemory(database: Database): Promise<void> {
  await applyMigrations(database, await readSchema(memorySchema));
}
