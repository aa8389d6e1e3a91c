/**
 * The bundled PostgreSQL on a directory of the home: found, prepared, adopted or started, and watched. Composes the files beside it. The
 * supervisor's home lock decides which process may call this.
 */
import { chmod, mkdir, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { RoostError, type Logger } from "@roost/base";
import { diskFull } from "./disk-full.ts";
import { copyParentsOf, findBinaries, findInstalledBinaries } from "./find-binaries.ts";
import { initializeCluster, isInitialized } from "./initialize-cluster.ts";
import { judgePostmaster } from "./postmaster-file.ts";
import { runServerProgram } from "./run-server-program.ts";
import { prepareRole } from "./prepare-role.ts";
import { chooseServerUser, type ServerUser } from "./server-user.ts";
import { startServer, stopServer, type RunningServer, type StartServerOptions } from "./start-server.ts";
import { watchServer, type EmbeddedPostgres } from "./watch-server.ts";

const unreachableRestartsMax = 1;

export type EmbeddedPostgresStage = "copying programs" | "creating database" | "starting" | "recovering";

export interface OpenEmbeddedPostgresOptions {
  /** Created when missing; holds `data`, `socket` and `postgres.log`. */
  dir: string;
  logger: Logger;
  onProgress?: ((stage: EmbeddedPostgresStage) => void) | undefined;
  /** Default true. false never syncs: only for disposable databases. */
  durable?: boolean;
}

/** @throws RoostError whose message says what the person can do */
export async function openEmbeddedPostgres(options: OpenEmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await open(options);
  } catch (error) {
    throw explainSystemError(error);
  }
}

async function open(options: OpenEmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
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
  return watchServer(server, { directory, dataDirectory, logger });
}

/** Returns a server that answers. One whose socket is gone, for example after /tmp was cleaned, is restarted. */
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
          `process ${server.pid} may be the database of ${options.directory} and does not answer: end it, or if it is another program delete ${join(options.dataDirectory, "postmaster.pid")}`,
          { cause: error },
        );
      }
      await stopServer(server, options.dataDirectory);
      const { message } = error as Error;
      const full = diskFull(message);
      if (full !== undefined) throw full;
      if (restarts === unreachableRestartsMax)
        throw new RoostError("unavailable", `PostgreSQL runs but does not answer: ${message}`, { cause: error });
      options.logger.warn("PostgreSQL was running but did not answer: restarted it", {
        pid: server.pid,
        error,
      });
    }
  }
}

async function refuseForeignData(dataDirectory: string): Promise<void> {
  await readdir(dataDirectory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EACCES" && error.code !== "EPERM") return;
    throw new RoostError(
      "forbidden",
      `${dataDirectory} belongs to another user than this one (${process.getuid?.()}): start Roost as that user, or give the home to this user with chown -R`,
      { cause: error },
    );
  });
}

function explainSystemError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOSPC: "the disk is full: free some space and start again",
    EDQUOT: "this user's share of the disk is used up: free some space and start again",
    EROFS: "the disk cannot be written to: choose another ROOST_HOME",
    EACCES: "this user may not write there: choose another ROOST_HOME",
  };
  const reason = reasons[code ?? ""];
  return reason === undefined ? error : new RoostError("unavailable", `${reason} (${message})`, { cause: error });
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
