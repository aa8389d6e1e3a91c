/**
 * Fills an empty home from the template, once, by its owning process. A home that holds anything is left alone. The copy is completed inside
 * `.roost` and then moved entry by entry, so that the next start finishes what a killed process began.
 */
import { cp, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, syncDirectory, systemClock, writeFileDurably } from "@roost/base";
import { isEmptyHome } from "./first-home.ts";
import type { HomePaths } from "./home-paths.ts";

const filesMax = 1_000;

/** Creates the internal directories. @throws invalid_input when the home cannot be a directory of this user */
export async function prepareMachinery(paths: HomePaths): Promise<void> {
  try {
    await mkdir(paths.home, { recursive: true, mode: 0o700 });
    await mkdir(paths.logs, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    throw new RoostError(
      code === "EACCES" || code === "EPERM" || code === "EROFS" ? "forbidden" : "invalid_input",
      `${paths.home} cannot be used as the home (${code} at ${path ?? paths.home}): set ROOST_HOME to a directory that this user can write`,
      { cause: error },
    );
  }
}

export interface CreateHomeOptions {
  template: string;
  /** Fills the places of each of its files. */
  fill: (text: string) => string;
}

/** Returns whether a home was created; false when one existed. The caller owns the home. */
export async function createHome(paths: HomePaths, options: CreateHomeOptions): Promise<boolean> {
  const { mark } = paths;
  const staged = join(paths.machinery, "new-home");
  if (await exists(mark)) return false;
  const isUnfinished = await exists(staged);
  const isEmpty = await isEmptyHome(paths.home);
  if (isEmpty && !isUnfinished) await stage(options, staged);
  const isNew = isEmpty || isUnfinished;
  if (isNew) await moveOut(staged, paths.home);
  await writeFileDurably(
    mark,
    `${JSON.stringify({ createdAt: new Date(systemClock.nowMs()).toISOString(), filled: isNew })}\n`,
    {
      mode: 0o600,
    },
  );
  await rm(staged, { recursive: true, force: true });
  return isNew;
}

async function stage({ template, fill }: CreateHomeOptions, staged: string): Promise<void> {
  const partial = `${staged}.partial`;
  await rm(partial, { recursive: true, force: true });
  await cp(template, partial, { recursive: true, errorOnExist: true });
  await completeTree(partial, fill);
  await rename(partial, staged);
  await syncDirectory(join(staged, ".."));
}

async function moveOut(staged: string, home: string): Promise<void> {
  for (const name of await readdir(staged)) {
    // Already moved by an earlier attempt, or created by the person in the meantime.
    if (!(await exists(join(home, name)))) await rename(join(staged, name), join(home, name));
  }
  await syncDirectory(home);
}

/** Fills every file, and syncs it to disk. */
async function completeTree(directory: string, fill: (text: string) => string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  if (entries.length > filesMax) {
    throw new RoostError(
      "limit_exceeded",
      `${directory} has ${entries.length} files (limit ${filesMax} for a template)`,
    );
  }
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) {
      await syncDirectory(path);
    } else if (entry.isFile()) {
      await writeFile(path, fill(await readFile(path, "utf8")));
      await using file = await open(path, "r+");
      await file.sync();
    }
  }
  await syncDirectory(directory);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
