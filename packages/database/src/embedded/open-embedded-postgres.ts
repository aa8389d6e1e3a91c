/**
 * The PostgreSQL that comes with Roost, running on a directory of the home: found, prepared, adopted or started, and
 * watched. Composes the files beside it. Which process may call this is the supervisor's home lock to decide.
 */
import { chmod, mkdir, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { RoostError, type Logger } from "@roost/base";
import { Client, escapeIdentifier } from "pg";
import { copyParentsOf, findBinaries, findInstalledBinaries } from "./find-binaries.ts";
import { clusterOwner, initializeCluster, isInitialized } from "./initialize-cluster.ts";
import { judgePostmaster } from "./postmaster-file.ts";
import { runServerProgram } from "./run-server-program.ts";
import { rotateServerLog } from "./server-log.ts";
import { serverUrl } from "./server-url.ts";
import { chooseServerUser, type ServerUser } from "./server-user.ts";
import { startServer, stopServer, type RunningServer, type StartServerOptions } from "./start-server.ts";

const roleName = "roost";
const databaseName = "roost";
const watchMs = 1_000;
const rotateEveryTicks = 60;
const unreachableRestartsMax = 1;

export type EmbeddedPostgresStage = "copying programs" | "creating database" | "starting" | "recovering";

export interface OpenEmbeddedPostgresOptions {
  /** Made when it is missing; holds `data`, `socket` and `postgres.log`. */
  dir: string;
  logger: Logger;
  onProgress?: (stage: EmbeddedPostgresStage) => void;
  /** Default true. false never syncs: only for databases that are thrown away. */
  durable?: boolean;
}

export interface EmbeddedPostgres extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** The server was running already: an earlier owner died without stopping it. */
  readonly adopted: boolean;
  /** Aborted when the server ends without having been told to. */
  readonly lost: AbortSignal;
  /** Stops the server, adopted or not. */
  stop(): Promise<void>;
}

/** @throws RoostError whose message says what the person at the machine can do */
export async function openEmbeddedPostgres(options: OpenEmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger, durable = true, onProgress = () => undefined } = options;
  if (process.platform === "win32") {
    throw new RoostError(
      "unavailable",
      "the bundled PostgreSQL needs unix sockets, which Node does not have on Windows: run Roost in WSL 2, or set DATABASE_URL",
    );
  }
  const directory = resolve(options.dir);
  const dataDirectory = join(directory, "data");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await refuseForeignData(dataDirectory);
  const user = await chooseServerUser(dataDirectory);
  const binaries = await findBinaries(await findInstalledBinaries(), {
    user,
    copyParents: copyParentsOf(user, directory),
    logger,
    onCopy: () => onProgress("copying programs"),
  });
  if (!(await isInitialized(dataDirectory, binaries.versionMajor))) {
    onProgress("creating database");
    await initializeCluster({ directory, dataDirectory, binaries, user, durable });
  }
  await giveTo(dataDirectory, user);
  onProgress("starting");
  const starting: StartServerOptions = {
    directory,
    dataDirectory,
    binaries,
    user,
    durable,
    logger,
    onRecovery: () => onProgress("recovering"),
  };
  const server = await startReachable(starting);
  return watch(server, { directory, dataDirectory, logger });
}

/** A server that answers. One that runs but whose socket is gone, as after a cleaning of /tmp, is started anew. */
async function startReachable(options: StartServerOptions): Promise<RunningServer> {
  for (let restarts = 0; ; restarts += 1) {
    const server = await startServer(options);
    try {
      await prepareRole(server.socketDirectory);
      return server;
    } catch (error) {
      const isOurs =
        server.child !== undefined || (await judgePostmaster(server.pid, options.dataDirectory)) === "ours";
      if (!isOurs) {
        throw new RoostError(
          "unavailable",
          `process ${server.pid} may be the database of ${options.directory} and does not answer: end it, or when it is something else delete ${join(options.dataDirectory, "postmaster.pid")}`,
          { cause: error },
        );
      }
      await stopServer(server, options.dataDirectory);
      if (restarts === unreachableRestartsMax)
        throw new RoostError("unavailable", `PostgreSQL runs but does not answer: ${(error as Error).message}`, {
          cause: error,
        });
      options.logger.warn("PostgreSQL was running but did not answer: started it again", {
        pid: server.pid,
        error,
      });
    }
  }
}

/** The role and the database that everything uses: not a superuser, so that SQL reaches no files and no programs. */
async function prepareRole(socketDirectory: string): Promise<void> {
  const client = new Client({
    connectionString: serverUrl(socketDirectory, { user: clusterOwner, database: "postgres" }),
    application_name: "roost start",
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ role: boolean; database: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS role, EXISTS (SELECT FROM pg_database WHERE datname = $2) AS database`,
      [roleName, databaseName],
    );
    const [found] = rows;
    if (!found?.role) {
      await ignoreExisting(
        client.query(`CREATE ROLE ${escapeIdentifier(roleName)} LOGIN CREATEDB CREATEROLE IN ROLE pg_monitor`),
      );
    }
    if (!found?.database) {
      await ignoreExisting(
        client.query(`CREATE DATABASE ${escapeIdentifier(databaseName)} OWNER ${escapeIdentifier(roleName)}`),
      );
    }
  } finally {
    await client.end();
  }
}

// Two processes may prepare at the same time.
async function ignoreExisting(work: Promise<unknown>): Promise<void> {
  const duplicates = ["42710", "42P04", "23505"];
  await work.catch((error: { code?: string }) => {
    if (!duplicates.includes(error.code ?? "")) throw error;
  });
}

function watch(
  server: RunningServer,
  place: { directory: string; dataDirectory: string; logger: Logger },
): EmbeddedPostgres {
  const lost = new AbortController();
  let stopping: Promise<void> | undefined;
  let ticks = 0;
  const onEnd = () => {
    clearInterval(timer);
    if (stopping !== undefined || lost.signal.aborted) return;
    place.logger.error("PostgreSQL ended unexpectedly", { pid: server.pid });
    lost.abort(
      new RoostError(
        "unavailable",
        `PostgreSQL (process ${server.pid}) ended unexpectedly: see ${join(place.directory, "postgres.log")}`,
      ),
    );
  };
  const timer = setInterval(async () => {
    ticks += 1;
    if (ticks % rotateEveryTicks === 0)
      await rotateServerLog(place.directory).catch((error: unknown) =>
        place.logger.warn("cannot rotate the log of PostgreSQL", { error }),
      );
    if (server.child === undefined && (await judgePostmaster(server.pid, place.dataDirectory)) === "dead") onEnd();
  }, watchMs);
  timer.unref();
  server.child?.once("exit", onEnd);
  const stop = () => {
    clearInterval(timer);
    stopping ??= stopServer(server, place.dataDirectory);
    return stopping;
  };
  return {
    url: serverUrl(server.socketDirectory, { user: roleName, database: databaseName }),
    pid: server.pid,
    adopted: server.child === undefined,
    lost: lost.signal,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function refuseForeignData(dataDirectory: string): Promise<void> {
  await readdir(dataDirectory).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EACCES" && error.code !== "EPERM") return;
    const owner = await stat(dataDirectory).then(
      (found) => String(found.uid),
      () => "unknown",
    );
    throw new RoostError(
      "forbidden",
      `${dataDirectory} belongs to user ${owner}, this process is user ${process.getuid?.()}: start Roost as before, or give the directory to this user with chown -R`,
      { cause: error },
    );
  });
}

/** A home that root restored or copied belongs to root. */
async function giveTo(dataDirectory: string, user: ServerUser | undefined): Promise<void> {
  const found = await stat(dataDirectory);
  if (user !== undefined && found.uid !== user.uid) {
    const { exitCode, output } = await runServerProgram({
      path: "chown",
      arguments: () => ["-R", `${user.uid}:${user.gid}`, dataDirectory],
      directories: [],
      user: undefined,
    });
    if (exitCode !== 0) throw new RoostError("internal", `cannot give ${dataDirectory} to ${user.name}: ${output}`);
  }
  if ((found.mode & 0o077) !== 0) await chmod(dataDirectory, 0o700);
}
