/**
 * Moves the database of a home that is not running to another server, or back to its own PostgreSQL, and records it as the one that the home uses.
 * The old one is left as it is; what starts on it by mistake refuses it.
 */
import { rename } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { dropLeftLogins, forgetHostLogins, openHostLogins, shutHostLogins } from "@roost/access";
import { RoostError, systemClock, type Logger } from "@roost/base";
import {
  nameDatabaseUrl,
  openDatabase,
  openEmbeddedPostgres,
  readDatabaseIdentity,
  type Database,
  type Sql,
} from "@roost/database";
import { finishMove, moveDatabase, type MovedDatabase, type MoveProgress } from "@roost/database/move";
import { readPartitions } from "@roost/kernel";
import { readHomeId, refuseDatabaseOfAnother } from "@roost/memory/home";
import {
  keepDatabaseUrl,
  ownDatabase,
  readHomeDatabase,
  resolveDatabaseUrl,
  writeHomeDatabase,
  type HomeDatabase,
  type LeftDatabase,
} from "@roost/memory/home-database";
import type { SupervisorConfig } from "../config.ts";
import type { HomePaths } from "../home/home-paths.ts";
import { lockHome } from "../home/lock-home.ts";
import type { ProcessTerminal } from "../terminal/create-terminal.ts";

export interface MoveHomeOptions {
  config: SupervisorConfig;
  paths: HomePaths;
  terminal: ProcessTerminal;
  logger: Logger;
  /** A URL, a reference to one, or `own`. */
  target: string;
  /** The same, of the database that is moved. Default: the one that the home uses. */
  from: string | undefined;
}

export interface MovedHome {
  from: string;
  to: string;
  tableCount: number;
  rowCount: number;
  eventCount: number;
  left: string;
}

/** A database as it is named and reached. */
interface Place {
  reference: string;
  /** For people; never with a password. */
  name: string;
  url: string;
}

/** @throws RoostError `conflict` while anything of the home runs, or when the target is not empty */
export async function moveHome(options: MoveHomeOptions): Promise<MovedHome> {
  const { paths, logger } = options;
  const owner = await readHomeId(paths.home);
  await using _lock = await lockHome(paths);
  const known = await readHomeDatabase(paths.home);
  await using servers = new AsyncDisposableStack();
  const { from, to } = await choosePlaces(options, known, servers);
  if (known?.url === to.reference) return await finishEarlier(options, { from, to, known, owner });
  const { identity } = await inspectSource(from, options);
  try {
    await withDatabase(from.url, logger, shutHostLogins);
    return await carry(options, { from, to, known, owner, identity });
  } catch (error) {
    if (!isDeepStrictEqual(await readHomeDatabase(paths.home), known)) throw error;
    await withDatabase(from.url, logger, openHostLogins).catch((problem: unknown) =>
      logger.warn("logins of hosts are still shut: the start of the home opens them", { error: problem }),
    );
    throw error;
  }
}

interface Carried {
  from: Place;
  to: Place;
  known: HomeDatabase | undefined;
  owner: string;
  identity: string;
}

async function carry(
  { paths, terminal, logger }: MoveHomeOptions,
  { from, to, known, owner, identity }: Carried,
): Promise<MovedHome> {
  const progress = ({ table, rowCount, tablesDone, tableCount }: MoveProgress) =>
    terminal.going(`${tablesDone} of ${tableCount} tables: ${table}, ${rowCount} rows`);
  await using moved = await moveDatabase({ source: from.url, target: to.url, owner, onTable: progress });
  const eventCount = await compareLog(moved);
  const left = { identity, where: from.name, ...keptReference(from) };
  const movedAt = new Date(systemClock.nowMs()).toISOString();
  // One that the home left once, and that was emptied since, is its own again.
  const used = await readDatabaseIdentity(moved.target);
  const others = (known?.left ?? []).filter((one) => one.identity !== used);
  await writeHomeDatabase(paths.home, { url: to.reference, movedAt, left: [...others, left] });
  try {
    await moved.checkSource();
  } catch (error) {
    await writeHomeDatabase(paths.home, known);
    throw error;
  }
  await forgetHostLogins(moved.target);
  await dropAt(left, logger, async () => from.url);
  await moved.finish();
  const { tableCount, rowCount, resumedTables } = moved;
  const resumed = resumedTables === 0 ? "" : `, ${resumedTables} of them carried by an earlier attempt`;
  terminal.done(`${tableCount} tables with ${rowCount} rows are in ${to.name}${resumed}: compared row by row`);
  terminal.done(`The log ends where it did, after ${eventCount} events`);
  terminal.done(`The home uses it from the next start on. What was moved is left as it was: ${from.name}`);
  return { from: from.name, to: to.name, tableCount, rowCount, eventCount, left: from.name };
}

/** The mark of a move that was killed after it was recorded is all that is missing, and what is taken away at the source before. */
async function finishEarlier(
  { paths, logger, config, from: given }: MoveHomeOptions,
  { from, to, known, owner }: Pick<Carried, "from" | "to" | "owner"> & { known: HomeDatabase },
): Promise<MovedHome> {
  const left = known.left.at(-1);
  const where = left?.where ?? "";
  const reference = given === undefined ? left?.reference : from.reference;
  const first = async (target: Pick<Sql, "query">) => {
    await forgetHostLogins(target);
    if (left === undefined) return;
    await dropAt(left, logger, async () =>
      reference === undefined
        ? undefined
        : await resolveDatabaseUrl(reference, { env: config.environment, homeDir: paths.home }),
    );
  };
  const isFinished = await finishMove({ url: to.url, owner, first });
  if (!isFinished) throw new RoostError("conflict", `The home uses ${to.name} already`);
  return { from: where, to: to.name, tableCount: 0, rowCount: 0, eventCount: 0, left: where };
}

/** Logins of hosts at the source, which open nothing any more. What fails here leaves roles behind, and no move undone. */
async function dropAt(
  { identity, where, reference }: LeftDatabase,
  logger: Logger,
  resolve: () => Promise<string | undefined>,
): Promise<void> {
  // It has never had one: its only door is a socket of this machine.
  if (reference === ownDatabase) return;
  try {
    const url = await resolve();
    if (url === undefined) throw new RoostError("not_found", "its address was given as such, and is not kept");
    await withDatabase(url, logger, async (source) => {
      if ((await readDatabaseIdentity(source)) === identity) await dropLeftLogins(source);
    });
  } catch (error) {
    logger.warn("logins of hosts are left in the database that the home has left; they open nothing", { where, error });
  }
}

/** A URL itself may hold a password. */
function keptReference({ reference, url }: Place): Pick<LeftDatabase, "reference"> {
  return reference === url ? {} : { reference };
}

async function choosePlaces(
  { config, paths, target, from, logger, terminal }: MoveHomeOptions,
  known: HomeDatabase | undefined,
  servers: AsyncDisposableStack,
): Promise<{ from: Place; to: Place }> {
  const sources = { env: config.environment, homeDir: paths.home };
  const resolve = (reference: string) => resolveDatabaseUrl(reference, sources);
  const targetUrl = await resolve(target);
  const { databaseUrl: given } = config;
  const isElsewhere = given !== undefined && given !== targetUrl;
  const used = known?.url ?? (isElsewhere ? "env:DATABASE_URL" : ownDatabase);
  const source = from ?? used;
  const sourceUrl = await resolve(source);
  if (from === undefined && isElsewhere && given !== sourceUrl)
    throw new RoostError(
      "invalid_input",
      `DATABASE_URL names a database that is neither the target nor the one of the home (${used}): unset it, or say with --from what is moved`,
    );
  const open = async (reference: string, url: string | undefined, isTarget: boolean): Promise<Place> => {
    // Only what is used from now on is kept: the URL may hold a password.
    if (url !== undefined) {
      const kept = isTarget ? await keepDatabaseUrl(reference, paths.home) : reference;
      return { reference: kept, name: nameDatabaseUrl(url), url };
    }
    terminal.going("Starting the home's own PostgreSQL");
    const own = await openOwn({ paths, logger, left: isTarget ? (known?.left ?? []) : [] });
    servers.defer(() => own.stop());
    return { reference: ownDatabase, name: `the home's own PostgreSQL in ${paths.postgres}`, url: own.url };
  };
  return { from: await open(source, sourceUrl, false), to: await open(target, targetUrl, true) };
}

/** One that the home has left is set aside, so that it stays as it is. */
async function openOwn({
  paths,
  logger,
  left,
}: Pick<MoveHomeOptions, "paths" | "logger"> & Pick<HomeDatabase, "left">) {
  const start = () => openEmbeddedPostgres({ dir: paths.postgres, logger });
  const own = await start();
  const identity = await withDatabase(own.url, logger, readDatabaseIdentity);
  if (left.every((one) => one.identity !== identity)) return own;
  await own.stop();
  const aside = `${paths.postgres}-left-${new Date(systemClock.nowMs()).toISOString().replaceAll(/[:.]/g, "-")}`;
  await rename(paths.postgres, aside);
  logger.info("the database that the home had left was set aside", { directory: aside });
  return await start();
}

async function inspectSource(from: Place, { paths, logger }: MoveHomeOptions): Promise<{ identity: string }> {
  return await withDatabase(from.url, logger, async (database) => {
    await refuseDatabaseOfAnother(database, paths.home);
    const hasLog = await readPartitions(database).then(
      (partitions) => partitions.length > 0,
      () => false,
    );
    if (!hasLog)
      throw new RoostError("not_found", `${from.name} holds no log of a home: say with --from what is moved`);
    return { identity: await readDatabaseIdentity(database) };
  });
}

async function withDatabase<T>(url: string, logger: Logger, work: (database: Database) => Promise<T>): Promise<T> {
  await using database = await openDatabase({ url, applicationName: "roost database move", logger, poolMax: 1 });
  return await work(database);
}

/** Beside the rows: each partition begins and ends where it did. Returns how many events it ever had. */
async function compareLog({ source, target }: MovedDatabase): Promise<number> {
  const [before, after] = [await readPartitions(source), await readPartitions(target)];
  if (!isDeepStrictEqual(before, after))
    throw new RoostError("internal", "the log of the target does not end where the one of the source does: move again");
  return after.reduce((sum, { nextOffset }) => sum + nextOffset, 0);
}
