/** Every file of a home that is a person's: no machinery, no links that lead out, no more than the limit. */
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { homeLimits } from "./home-limits.ts";
import { stableStampOf, stampOf } from "./read-disk-file.ts";

export interface WalkedFile {
  /** Relative to the home, with `/`. */
  path: string;
  absolute: string;
  bytes: number;
  stamp: string | null;
  stableStamp: string;
  modifiedAt: Date;
}

export interface Walk {
  files: WalkedFile[];
  /** False: there are more than `filesMax`, so that a file that is not among them may still exist. */
  isComplete: boolean;
}

/** All files of a home, in the order of their paths. Hidden names and links are left out: no path leads through them. */
export async function walkHome(homeDir: string): Promise<Walk> {
  const files: WalkedFile[] = [];
  const folders = [""];
  while (folders.length > 0) {
    const folder = folders.pop()!;
    const names: string[] = [];
    for await (const entry of await openFolder(join(homeDir, folder))) {
      if (entry.name.startsWith(".") || /\p{C}|[\\:]/u.test(entry.name)) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (path.split("/").length < homeLimits.pathDepthMax) folders.push(path);
      } else if (entry.isFile()) names.push(path);
    }
    for (const path of names) {
      if (files.length >= homeLimits.filesMax) return { files: sorted(files), isComplete: false };
      const found = await look(homeDir, path);
      if (found !== undefined) files.push(found);
    }
  }
  return { files: sorted(files), isComplete: true };
}

async function openFolder(
  absolute: string,
): Promise<AsyncIterable<{ name: string; isDirectory(): boolean; isFile(): boolean }>> {
  try {
    return await opendir(absolute);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Gone meanwhile, or not ours to read.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return { async *[Symbol.asyncIterator]() {} };
    throw error;
  }
}

async function look(homeDir: string, path: string): Promise<WalkedFile | undefined> {
  const absolute = join(homeDir, path);
  try {
    const stats = await lstat(absolute, { bigint: true });
    if (!stats.isFile()) return undefined;
    return {
      path,
      absolute,
      bytes: Number(stats.size),
      stamp: stampOf(stats),
      stableStamp: stableStampOf(stats),
      modifiedAt: new Date(Number(stats.mtimeNs / 1_000_000n)),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function sorted(files: WalkedFile[]): WalkedFile[] {
  return files.sort((left, right) => (left.path < right.path ? -1 : 1));
}
