/**
 * Replaces a file of a copy only over the content that was compared: an editor may save at the same moment, and what it saved stays. A file that is to go
 * is set aside in two steps, in `.roost/copy`: `taken` holds what nobody has looked at yet, `aside` what the home has, or had when it removed it.
 */
import { chmod, link, lstat, mkdir, readdir, realpath, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import { resolveHomePath } from "@roost/memory/home-path";
import { nameBeside } from "@roost/memory/merge-texts";
import { removeEmptyFolder } from "@roost/memory/remove-empty-folder";
import { sha256OfFile } from "../bring-ranges.ts";

const mode = 0o600;

export interface ReplacedCopy {
  path: string;
  /** SHA-256 of what it replaces; undefined: nothing. */
  expected: string | undefined;
  /** Bytes, or a file of `.roost/copy` that becomes it; undefined: the file is removed. */
  content: Uint8Array | { file: string } | undefined;
  /** Of this host: names what is kept beside. */
  host: string;
}

/**
 * False: another content stands there than `expected`, and nothing was changed.
 * @throws RoostError `invalid_input` or `forbidden` for a path that leads out of the copy or through a link, also when the home lists it; `internal` where
 * the disk refuses, with the file as it was
 */
export async function replaceCopy(homeDir: string, { path, expected, content, host }: ReplacedCopy): Promise<boolean> {
  const { path: real, absolute } = await resolveHomePath(await realpath(homeDir), path);
  if (real !== path)
    throw new RoostError("forbidden", `${path} is ${real} on this machine: links are no part of a copy`);
  const places = placesOf(homeDir);
  try {
    // Before anything is set aside: the disk may be full.
    const fresh = await prepare(places.fresh, { content, absolute });
    try {
      return await exchange(homeDir, { path, expected, host, fresh, absolute });
    } finally {
      if (fresh !== undefined) await rm(fresh, { force: true });
    }
  } catch (error) {
    if (error instanceof RoostError) throw error;
    // Of this disk: no reason to take the home for away.
    throw new RoostError("internal", `${path} could not be changed here: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

interface Exchange extends Omit<ReplacedCopy, "content"> {
  /** A file that is to stand there; undefined: none. */
  fresh: string | undefined;
  absolute: string;
}

async function exchange(homeDir: string, { path, expected, host, fresh, absolute }: Exchange): Promise<boolean> {
  const places = placesOf(homeDir);
  const [taken, aside] = [join(places.taken, path), join(places.aside, path)];
  await mkdir(dirname(absolute), { recursive: true });
  if (expected === undefined) return fresh === undefined || (await put(fresh, absolute));
  for (const place of [taken, aside]) {
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    // Of files that were in a folder of this name.
    await removeEmptyFolder(place);
  }
  // Whatever stands there at this moment, in one step.
  if (!(await moved(absolute, taken))) return false;
  if ((await sha256OfFile(taken)) !== expected) {
    await giveBack(homeDir, { path, file: taken, host });
    return false;
  }
  await rename(taken, aside);
  const isPut =
    fresh === undefined ||
    (await put(fresh, absolute).catch(async (error: unknown) => {
      await giveBack(homeDir, { path, file: aside, host });
      throw error;
    }));
  // Who has it open may have written since.
  if ((await sha256OfFile(aside)) !== expected) await keepBeside(homeDir, { path, file: aside, host });
  await rm(aside, { force: true });
  return isPut;
}

/**
 * After a kill between two steps: what was set aside and has no successor is put back. Called before anything is compared. Returns what cannot come
 * back, such as where a file has come in the place of its folder: it stays where it is.
 */
export async function restoreAside(homeDir: string, host: string): Promise<{ path: string; reason: string }[]> {
  const places = placesOf(homeDir);
  const refused: { path: string; reason: string }[] = [];
  const restore = async (place: string, back: (path: string, file: string) => Promise<void>) => {
    for (const entry of await readdir(place, { recursive: true, withFileTypes: true }).catch(() => [])) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const path = relative(place, file);
      await back(path, file).catch(({ message }: Error) =>
        refused.push({
          path,
          reason: `a pass that was killed left it in ${file}: move it where it belongs (${message})`,
        }),
      );
    }
  };
  await restore(places.aside, async (path, file) => {
    await mkdir(dirname(join(homeDir, path)), { recursive: true });
    await put(file, join(homeDir, path));
    await rm(file, { force: true });
  });
  await restore(places.taken, (path, file) => giveBack(homeDir, { path, file, host }));
  return refused;
}

function placesOf(homeDir: string) {
  const copy = join(homeDir, ".roost", "copy");
  return { taken: join(copy, "taken"), aside: join(copy, "aside"), fresh: join(copy, "fresh") };
}

/** What is to stand there, with the permissions of what stands there now. */
async function prepare(
  fresh: string,
  { content, absolute }: { content: ReplacedCopy["content"]; absolute: string },
): Promise<string | undefined> {
  if (content === undefined) return undefined;
  const isFile = !(content instanceof Uint8Array);
  const file = isFile ? content.file : fresh;
  if (!isFile) {
    await mkdir(dirname(fresh), { recursive: true, mode: 0o700 });
    await writeFileDurably(fresh, content, { mode });
  }
  const before = await lstat(absolute).catch(() => undefined);
  if (before?.isFile() === true) await chmod(file, before.mode & 0o777);
  return file;
}

/** False: nothing stands there. */
async function moved(from: string, to: string): Promise<boolean> {
  return await rename(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? false : Promise.reject(error)),
  );
}

interface SetAside {
  path: string;
  file: string;
  host: string;
}

/** Where something has come in its place since, beside that: nobody else has what an editor saved at that moment. */
async function giveBack(homeDir: string, of: SetAside): Promise<void> {
  const absolute = join(homeDir, of.path);
  await mkdir(dirname(absolute), { recursive: true });
  if (!(await put(of.file, absolute))) await keepBeside(homeDir, of);
  await rm(of.file, { force: true });
}

/** Under a name by its content: what has that name already is the same. */
async function keepBeside(homeDir: string, { path, file, host }: SetAside): Promise<void> {
  const sha256 = await sha256OfFile(file);
  if (sha256 === (await sha256OfFile(join(homeDir, path)).catch(() => undefined))) return;
  const beside = join(homeDir, nameBeside(path, { by: host, sha256 }));
  if (!(await put(file, beside)) && sha256 !== (await sha256OfFile(beside)))
    throw new RoostError("conflict", `${beside} stands in the way of a version of ${path}: rename it`);
}

/** Not over a file that came meanwhile: that one is of an editor, or the successor. False: there is one. */
async function put(file: string, absolute: string): Promise<boolean> {
  try {
    await link(file, absolute);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return (await removeEmptyFolder(absolute)) && (await put(file, absolute));
}
