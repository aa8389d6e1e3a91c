/** Replaces small files of Roost itself, whole and durably. Files of a home: packages/memory. */
import { randomBytes } from "node:crypto";
import { link, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemClock } from "./clock.ts";

/** Writing takes no longer: what is older was left by a process that was killed. */
const leftMsMin = 3_600_000;

/** Writes a whole file so that at any moment, power cuts included, the old or the new content is there. */
export async function writeFileDurably(
  path: string,
  content: string | Uint8Array,
  options: { mode: number },
): Promise<void> {
  // Two writers of one path at once, in this process or another, do not share it.
  const temporary = `${path}.${randomBytes(8).toString("hex")}.new`;
  try {
    await writeAndSync(temporary, content, options.mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
  await removeLeft(path);
}

/** The same where no such file is; one that another made meanwhile stays, unless `isReplaced` says that its text is nothing. */
export async function addFileDurably(
  path: string,
  content: string,
  options: { mode: number; isReplaced: (text: string) => boolean },
): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString("hex")}.new`;
  try {
    await writeAndSync(temporary, content, options.mode);
    await link(temporary, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      if (options.isReplaced(await readFile(path, "utf8"))) await rename(temporary, path);
    });
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(dirname(path));
}

async function writeAndSync(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await using file = await open(path, "w", mode);
  await file.writeFile(content);
  await file.sync();
}

/** The file is written: what cannot be removed stays. */
async function removeLeft(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    if (!name.startsWith(prefix) || !/^[0-9a-f]+\.new$/.test(name.slice(prefix.length))) continue;
    const left = join(dirname(path), name);
    const found = await stat(left).catch(() => undefined);
    if (found !== undefined && systemClock.nowMs() - found.mtimeMs > leftMsMin)
      await rm(left, { force: true }).catch(() => undefined);
  }
}

/** Makes names in the directory durable. Not every system can; the content is safe without. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, "r");
    await directory.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "EINVAL" && code !== "EISDIR") throw error;
  }
}
