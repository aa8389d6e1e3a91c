/** Replaces a file of a copy only over the content that was compared: an editor may save at the same moment, and what it saved stays. */
import { link, mkdir, readFile, readdir, realpath, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import { resolveHomePath } from "@roost/memory/home-path";
import { sha256Of } from "./copy-state.ts";

const mode = 0o600;

/**
 * `content` undefined: the file is removed. False: another content stands there than `expected`, and nothing was changed.
 * @throws RoostError `invalid_input` or `forbidden` for a path that leads out of the copy or through a link, also when the home lists it
 */
export async function replaceCopy(
  homeDir: string,
  { path, expected, content }: { path: string; expected: string | undefined; content: Uint8Array | undefined },
): Promise<boolean> {
  const { path: real, absolute } = await resolveHomePath(await realpath(homeDir), path);
  if (real !== path)
    throw new RoostError("forbidden", `${path} is ${real} on this machine: links are no part of a copy`);
  const aside = join(asideDirectory(homeDir), path);
  await mkdir(dirname(aside), { recursive: true, mode: 0o700 });
  await mkdir(dirname(absolute), { recursive: true });
  if (expected !== undefined) {
    // Whatever stands there at this moment, in one step.
    const isThere = await rename(absolute, aside).then(
      () => true,
      (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? false : Promise.reject(error)),
    );
    if (!isThere || sha256Of(await readFile(aside)) !== expected) {
      if (isThere) await putBack(aside, absolute);
      return false;
    }
  }
  const isPut = content === undefined || (await putNew(absolute, { content, fresh: `${asideDirectory(homeDir)}.new` }));
  await rm(aside, { force: true });
  return isPut;
}

/**
 * After a kill between two steps: what was set aside and has no successor is put back. Called before anything is compared. Returns what cannot come
 * back, such as where a file has come in the place of its folder: it stays where it is.
 */
export async function restoreAside(homeDir: string): Promise<{ path: string; reason: string }[]> {
  const directory = asideDirectory(homeDir);
  const refused: { path: string; reason: string }[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const aside = join(entry.parentPath, entry.name);
    const path = relative(directory, aside);
    await putBack(aside, join(homeDir, path)).catch(({ message }: Error) =>
      refused.push({
        path,
        reason: `a pass that was killed left it in ${aside}: move it where it belongs (${message})`,
      }),
    );
  }
  return refused;
}

function asideDirectory(homeDir: string): string {
  return join(homeDir, ".roost", "copy", "aside");
}

/** Not over a file that came meanwhile: that one is of an editor, or the successor. */
async function putBack(aside: string, absolute: string): Promise<void> {
  await mkdir(dirname(absolute), { recursive: true });
  await link(aside, absolute).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(aside, { force: true });
}

async function putNew(absolute: string, { content, fresh }: { content: Uint8Array; fresh: string }): Promise<boolean> {
  await writeFileDurably(fresh, content, { mode });
  try {
    await link(fresh, absolute);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    throw new RoostError("unavailable", `${absolute} could not be written: ${message}`, { cause: error });
  } finally {
    await rm(fresh, { force: true });
  }
}
