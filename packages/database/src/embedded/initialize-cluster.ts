/**
 * Creates the data directory of a new cluster. It is completed beside its place and then renamed, so that a crash leaves either no cluster or a
 * whole one.
 */
import { randomUUID } from "node:crypto";
import { chown, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { processExists, RoostError } from "@roost/base";
import { diskFull } from "./disk-full.ts";
import type { Binaries } from "./find-binaries.ts";
import { runServerProgram } from "./run-server-program.ts";
import type { ServerUser } from "./server-user.ts";

/** Owner of the cluster, used only to prepare it. Everything else connects as a less privileged role. */
export const clusterOwner = "postgres";
const partialPrefix = "data.initializing-";

export interface InitializeClusterOptions {
  directory: string;
  dataDirectory: string;
  binaries: Binaries;
  user: ServerUser | undefined;
  durable: boolean;
}

/** @throws RoostError `invalid_input` when another or an unknown major version made the directory, `conflict` when it is not a cluster */
export async function isInitialized(dataDirectory: string, versionMajor: number): Promise<boolean> {
  const versionPath = join(dataDirectory, "PG_VERSION");
  const version = (await readFile(versionPath, "utf8").catch(() => "")).trim();
  if (!/^\d+$/.test(version)) {
    const names = await readdir(dataDirectory).catch((): string[] => []);
    if (names.length === 0) return false;
    // A whole database must not be moved away because its smallest file is incomplete.
    if (names.includes("base") && names.includes("global")) {
      throw new RoostError(
        "invalid_input",
        `${versionPath} is damaged, the database beside it may be whole: write the major version of the PostgreSQL that made it into that file (${versionMajor}, unless this home is older than this Roost)`,
      );
    }
    throw new RoostError("conflict", `${dataDirectory} holds something that is not a database: move it away`);
  }
  if (Number(version) === versionMajor) return true;
  throw new RoostError(
    "invalid_input",
    `${dataDirectory} was made by PostgreSQL ${version}, the bundled one is ${versionMajor}: start the Roost that made it, dump the database and load it into a new home`,
  );
}

export async function initializeCluster(options: InitializeClusterOptions): Promise<void> {
  const { directory, dataDirectory, binaries, user, durable } = options;
  await removeAbandoned(directory);
  const partial = join(directory, `${partialPrefix}${process.pid}-${randomUUID().slice(0, 8)}`);
  await mkdir(partial, { mode: 0o700 });
  try {
    if (user !== undefined) await chown(partial, user.uid, user.gid);
    const { exitCode, output } = await runServerProgram({
      path: join(binaries.directory, "bin", "initdb"),
      arguments: ([data = ""]) => initdbArguments(data, durable),
      directories: [partial],
      user,
    });
    if (exitCode !== 0) throw initdbFailed(output);
    await rename(partial, dataDirectory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    // Not empty: another process was faster, and its cluster is as good, or it is not a database at all.
    await isInitialized(dataDirectory, binaries.versionMajor);
    await syncDirectory(directory);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

function initdbArguments(dataDirectory: string, durable: boolean): string[] {
  return [
    "-D",
    dataDirectory,
    "-U",
    clusterOwner,
    "--auth=trust",
    "--encoding=UTF8",
    "--no-instructions",
    // Sorting independent of the system's C library and its updates.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    ...(durable ? [] : ["--no-sync"]),
  ];
}

function initdbFailed(output: string): RoostError {
  const full = diskFull(output);
  if (full !== undefined) return full;
  if (/could not look up effective user ID/i.test(output)) {
    return new RoostError(
      "unavailable",
      "this user has no entry in the password file, which PostgreSQL needs: add one, or set DATABASE_URL",
    );
  }
  return new RoostError("internal", `initdb failed: ${output}`);
}

async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = name.startsWith(partialPrefix) ? Number.parseInt(name.slice(partialPrefix.length), 10) : undefined;
    if (pid === undefined || processExists(pid)) continue;
    // Its initdb may still be writing; the next start removes the rest.
    await rm(join(directory, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
