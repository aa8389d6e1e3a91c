/** Every file of a home that is a person's: no machinery, no links that lead out, no more than the limit. */
import { lstatSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { join } from "node:path";
import { homeLimits } from "./home-limits.ts";
import { stableStampOf, stampOf } from "./read-disk-file.ts";

export interface WalkedFile {
  /** Relative to the home, with `/`. */
  path: string;
  absolute: string;
  bytes: number;
  /** Null: it changed so lately that its content must be looked at. */
  stamp: string | null;
  stableStamp: string;
  modifiedAt: Date;
}

export interface Walk {
  files: WalkedFile[];
  /** False: there are more than `filesMax`, so that a file that is not among them may still exist. */
  isComplete: boolean;
}

/** How many files of a folder are looked at before others have their turn: a look at a local disk takes microseconds, and through a thread tenfold. */
const lookCount = 32;

/** All files of a home, in the order of their paths. Hidden names and links are left out: no path leads through them. */
export async function walkHome(homeDir: string): Promise<Walk> {
  const files: WalkedFile[] = [];
  const folders = [""];
  while (folders.length > 0) {
    const folder = folders.pop()!;
    const { paths, below } = await readFolder(homeDir, folder);
    folders.push(...below);
    for (let from = 0; from < paths.length; from += lookCount) {
      if (from > 0) await setImmediate();
      files.push(...paths.slice(from, from + lookCount).flatMap((path) => look(homeDir, path) ?? []));
      if (files.length > homeLimits.filesMax)
        return { files: sorted(files.slice(0, homeLimits.filesMax)), isComplete: false };
    }
  }
  return { files: sorted(files), isComplete: true };
}

async function readFolder(homeDir: string, folder: string): Promise<{ paths: string[]; below: string[] }> {
  const paths: string[] = [];
  const below: string[] = [];
  for (const entry of await entriesOf(join(homeDir, folder))) {
    if (entry.name.startsWith(".") || /\p{C}|[\\:]/u.test(entry.name)) continue;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) paths.push(path);
    else if (entry.isDirectory() && path.split("/").length < homeLimits.pathDepthMax) below.push(path);
  }
  return { paths, below };
}

async function entriesOf(absolute: string) {
  try {
    return await readdir(absolute, { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Gone meanwhile, or not ours to read.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return [];
    throw error;
  }
}

function look(homeDir: string, path: string): WalkedFile | undefined {
  const absolute = join(homeDir, path);
  const stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  if (stats?.isFile() !== true) return undefined;
  return {
    path,
    absolute,
    bytes: Number(stats.size),
    stamp: stampOf(stats),
    stableStamp: stableStampOf(stats),
    modifiedAt: new Date(Number(stats.mtimeNs / 1_000_000n)),
  };
}

function sorted(files: WalkedFile[]): WalkedFile[] {
  return files.sort((left, right) => (left.path < right.path ? -1 : 1));
}
