/** Copies the PostgreSQL binaries to where the server's user can reach them: once per version, whole or not at all. */
import { randomUUID } from "node:crypto";
import { chmod, cp, lstat, mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { RoostError } from "@roost/base";
import { runServerProgram } from "./run-server-program.ts";

/** @throws RoostError `forbidden` when another user could change the programs */
export async function copyBinaries(source: string, target: string): Promise<void> {
  const parent = dirname(target);
  await makeOwnDirectory(parent);
  const partial = `${target}.partial-${process.pid}-${randomUUID().slice(0, 8)}`;
  try {
    await cp(source, partial, { recursive: true, verbatimSymlinks: true });
    // An install under umask 077 left files that only their owner can read.
    await runOrThrow("chmod", ["-R", "u+rwX,go+rX,go-w", partial]);
    // After a power cut an unsynced copy would have all its names.
    await runOrThrow("sync", []);
    // An existing copy did not run, or this one would not be made.
    await rm(target, { recursive: true, force: true });
    await rename(partial, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Whether only this user can have written what is about to be run. */
export async function isOwnDirectory(directory: string): Promise<boolean> {
  const found = await lstat(directory).catch(() => undefined);
  return found !== undefined && found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

async function makeOwnDirectory(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true });
  // Set explicitly rather than by umask: the server's user must be able to enter.
  if (made !== undefined && process.getuid?.() === 0) await chmod(directory, 0o755);
  if (await isOwnDirectory(directory)) return;
  throw new RoostError("forbidden", `${directory} belongs to another user or others can write to it`);
}

async function runOrThrow(program: string, programArguments: string[]): Promise<void> {
  const { exitCode, output } = await runServerProgram({
    path: program,
    arguments: () => programArguments,
    directories: [],
    user: undefined,
  });
  if (exitCode !== 0) throw new RoostError("internal", `${program} failed: ${output}`);
}
