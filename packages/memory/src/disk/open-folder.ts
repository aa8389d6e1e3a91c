/**
 * A folder by its handle: what is done below `at` is done in that folder, whatever its path has become meanwhile. A path was resolved before it is
 * used, so another real path means that one of its folders was exchanged for a link. Node has no openat: Linux reaches a handle through /proc;
 * elsewhere the path itself is used, and compared when the folder is opened and when it is left.
 */
import { constants } from "node:fs";
import { mkdir, open, readlink, realpath, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileFault } from "./file-fault.ts";

export interface OpenedFolder extends AsyncDisposable {
  /** Names below it lead into the folder. */
  at: string;
  /** @throws FileFault when its path leads elsewhere by now, where that matters */
  check(): Promise<void>;
}

/** `path` has no links. @throws FileFault `forbidden` when it has by now, or what opening throws */
export async function openFolder(path: string): Promise<OpenedFolder> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0));
  try {
    const at = `/proc/self/fd/${handle.fd}`;
    const real = await readlink(at).catch(() => undefined);
    const check = async () => refuseOther(path, await realpath(path));
    if (real === undefined) await check();
    else refuseOther(path, real);
    return {
      at: real === undefined ? path : at,
      check: real === undefined ? check : async () => undefined,
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The same; missing folders are made, each durable before the next. */
export async function openOrMakeFolder(path: string): Promise<OpenedFolder> {
  try {
    return await openFolder(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await using parent = await openOrMakeFolder(dirname(path));
  await mkdir(join(parent.at, basename(path))).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await syncFolder(parent.at);
  return openFolder(path);
}

/** @throws FileFault `forbidden` when the open file is not the one that the path was resolved to */
export async function refuseExchanged(handle: FileHandle, path: string): Promise<void> {
  const real = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
  if (real !== undefined) refuseOther(path, real);
}

/** Linux adds this to what was replaced or removed since it was opened. */
const removedMark = " (deleted)";

function refuseOther(path: string, real: string): void {
  if (real === path || real === `${path}${removedMark}`) return;
  throw new FileFault(path, {
    code: "forbidden",
    reason: "a folder of its path was exchanged for a link",
    isForeign: true,
  });
}

/** Makes a rename durable. Windows cannot open folders and does not need this. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await using handle = await open(path, "r");
    await handle.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EISDIR" && code !== "EPERM" && code !== "EINVAL" && code !== "EACCES") throw error;
  }
}
