/**
 * Walks the person's files of a home: no internal files, no links out, up to the limit. What cannot be walked is named, so that it is neither
 * followed nor taken for deleted.
 */
import { lstatSync, type Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { join } from "node:path";
import { FileFault, toFileFault } from "./file-fault.ts";
import { homeLimits } from "./home-limits.ts";
import { modifiedAtOf, stableStampOf, stampOf } from "./read-disk-file.ts";
import { idOfTemporary } from "./replace-file.ts";

export interface WalkedFile {
  /** Relative to the home, with `/`. */
  path: string;
  absolute: string;
  bytes: number;
  /** Null: it changed so recently that its content must be read. */
  stamp: string | null;
  stableStamp: string;
  modifiedAt: Date;
}

export type OtherKind = "link" | "pipe" | "socket" | "device";

export interface Walk {
  files: WalkedFile[];
  /** Without the home itself. */
  folders: string[];
  /** Neither a file nor a folder. */
  others: { path: string; kind: OtherKind }[];
  /** Folders and files that could not be read: their content may still exist. */
  unseen: { path: string; reason: string }[];
  /** Names that no path of a home can have, as JSON where they have invisible characters. */
  unusable: string[];
  /** Temporary files of replacements, in progress or left behind. */
  temporaries: { id: string; absolute: string; changedAtMs: number }[];
  /** False: there are more than `filesMax`, so that a file not listed may still exist. */
  isComplete: boolean;
}

/** Files of a folder that are read in a row before yielding: synchronous calls take microseconds, ten times that through a thread. */
const lookCount = 32;
/** Limit of everything but files: what is beyond is left out. */
export const oddMax = 1000;

/** All files of a home, by path. Hidden names and links are left out: no path leads through them. */
export async function walkHome(homeDir: string): Promise<Walk> {
  const walk: Walk = {
    files: [],
    folders: [],
    others: [],
    unseen: [],
    unusable: [],
    temporaries: [],
    isComplete: true,
  };
  const folders = [""];
  while (folders.length > 0) {
    const folder = folders.pop()!;
    if (folder !== "") walk.folders.push(folder);
    const { paths, below } = await readFolder(homeDir, folder, walk);
    folders.push(...below);
    for (let from = 0; from < paths.length; from += lookCount) {
      if (from > 0) await setImmediate();
      for (const path of paths.slice(from, from + lookCount)) look(homeDir, path, walk);
      if (walk.files.length > homeLimits.filesMax) {
        walk.files.length = homeLimits.filesMax;
        return sorted({ ...walk, isComplete: false });
      }
    }
  }
  return sorted(walk);
}

async function readFolder(homeDir: string, folder: string, walk: Walk): Promise<{ paths: string[]; below: string[] }> {
  const paths: string[] = [];
  const below: string[] = [];
  for (const entry of await entriesOf(homeDir, folder, walk)) {
    const { name } = entry;
    const path = folder === "" ? name : `${folder}/${name}`;
    if (name.startsWith(".")) noteTemporary(join(homeDir, path), name, walk);
    else if (isUnusable(name, path)) {
      if (walk.unusable.length < oddMax) walk.unusable.push(/\p{C}/u.test(path) ? JSON.stringify(path) : path);
    } else if (entry.isFile()) paths.push(path);
    else if (!entry.isDirectory()) {
      if (walk.others.length < oddMax) walk.others.push({ path, kind: kindOf(entry) });
    } else if (path.split("/").length < homeLimits.pathDepthMax) below.push(path);
  }
  return { paths, below };
}

/** Refused by parseHomePath, or not UTF-8, which the runtime shows with replacement characters. */
function isUnusable(name: string, path: string): boolean {
  return /[\p{C}\uFFFD\\:]|[. ]$/u.test(name) || !name.isWellFormed() || path.length > homeLimits.pathCharsMax;
}

function kindOf(entry: Dirent): OtherKind {
  if (entry.isSymbolicLink()) return "link";
  if (entry.isFIFO()) return "pipe";
  return entry.isSocket() ? "socket" : "device";
}

async function entriesOf(homeDir: string, folder: string, walk: Walk): Promise<Dirent[]> {
  const absolute = join(homeDir, folder);
  try {
    return await readdir(absolute, { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Deleted meanwhile.
    if (folder !== "" && (code === "ENOENT" || code === "ENOTDIR")) return [];
    noteUnseen(folder === "" ? "." : folder, absolute, error, walk);
    return [];
  }
}

function noteUnseen(path: string, absolute: string, error: unknown, walk: Walk): void {
  const fault = toFileFault(error, absolute);
  if (!(fault instanceof FileFault)) throw fault;
  if (walk.unseen.length < oddMax) walk.unseen.push({ path, reason: fault.reason });
  // Too many to list: nothing counts as deleted.
  else walk.isComplete = false;
}

function noteTemporary(absolute: string, name: string, walk: Walk): void {
  const id = idOfTemporary(name);
  if (id === undefined || walk.temporaries.length >= oddMax) return;
  const stats = lstatOrUndefined(absolute);
  if (stats?.isFile() === true)
    walk.temporaries.push({ id, absolute, changedAtMs: Number(stats.ctimeNs / 1_000_000n) });
}

function lstatOrUndefined(absolute: string) {
  try {
    return lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function look(homeDir: string, path: string, walk: Walk): void {
  const absolute = join(homeDir, path);
  try {
    const stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile() !== true) return;
    walk.files.push({
      path,
      absolute,
      bytes: Number(stats.size),
      stamp: stampOf(stats),
      stableStamp: stableStampOf(stats),
      modifiedAt: modifiedAtOf(stats),
    });
  } catch (error) {
    // Its folder was deleted meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ENOTDIR") noteUnseen(path, absolute, error, walk);
  }
}

function sorted(walk: Walk): Walk {
  walk.files.sort((left, right) => (left.path < right.path ? -1 : 1));
  return walk;
}
