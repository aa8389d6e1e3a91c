/**
 * A folder by its handle: what is done below `at` is done in that folder, whatever its path has become meanwhile. Paths are resolved before they are
 * used, so another real path means that a folder of it was exchanged for a link. Node has no openat: Linux reaches a handle through /proc. Elsewhere
 * the path itself is used, and compared afterwards by what it leads to and by inode, which also tells of an exchange that was undone meanwhile.
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, readlink, realpath, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileFault } from "./file-fault.ts";

/** Where a process finds its open files by number; on Linux alone. */
const linuxDescriptors = "/proc/self/fd";

export interface DescriptorOptions {
  /** Default: Linux's. Where there is no such folder, paths are compared instead. */
  descriptors?: string | undefined;
}

export interface OpenedFolder extends AsyncDisposable {
  /** Names below it lead into the folder. */
  at: string;
  /**
   * After the work: `name` must be the file of that identity in the folder, or absent where none is given.
   * @throws FileFault when its path leads, or may have led, elsewhere, where that is possible
   */
  check(name: string, identity: string | undefined): Promise<void>;
}

/** `path` has no links. @throws FileFault `forbidden` when it has by now, or what opening throws */
export async function openFolder(path: string, options: DescriptorOptions = {}): Promise<OpenedFolder> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0));
  const close = () => handle.close();
  try {
    const { at, real } = await findByHandle(handle, options);
    if (real === undefined) {
      await refuseMoved(handle, path);
      return {
        at: path,
        check: (name, identity) => checkByPath(handle, path, name, identity),
        [Symbol.asyncDispose]: close,
      };
    }
    refuseOther(path, real);
    return { at, check: async () => undefined, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The same; missing folders are made, each durable before the next. */
export async function openOrMakeFolder(path: string, options: DescriptorOptions = {}): Promise<OpenedFolder> {
  try {
    return await openFolder(path, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await using parent = await openOrMakeFolder(dirname(path), options);
  await mkdir(join(parent.at, basename(path))).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await syncFolder(parent.at);
  return await openFolder(path, options);
}

/** @throws FileFault `forbidden` when the open file is not the one that the path was resolved to */
export async function refuseExchanged(
  handle: FileHandle,
  path: string,
  options: DescriptorOptions = {},
): Promise<void> {
  const { descriptors = linuxDescriptors } = options;
  if (path.startsWith(`${descriptors}/`)) return;
  const { real } = await findByHandle(handle, options);
  if (real === undefined) await refuseMoved(handle, path);
  else refuseOther(path, real);
}

/** What a file or folder is, whatever its path. */
export function identityOf({ dev, ino }: { dev: number | bigint; ino: number | bigint }): string {
  return `${dev}:${ino}`;
}

async function findByHandle(
  { fd }: FileHandle,
  { descriptors = linuxDescriptors }: DescriptorOptions,
): Promise<{ at: string; real: string | undefined }> {
  const at = `${descriptors}/${fd}`;
  return { at, real: await readlink(at).catch(() => undefined) };
}

/** Without /proc. @throws FileFault when the path leads to anything else than what is open */
async function refuseMoved(handle: FileHandle, path: string): Promise<void> {
  const [real, open, now] = await Promise.all([
    realpath(path).catch(() => ""),
    handle.stat({ bigint: true }),
    lstat(path, { bigint: true }).catch(() => undefined),
  ]);
  if (real !== path) refuse(path);
  if (now === undefined || identityOf(open) !== identityOf(now)) refuse(path, replacedMeanwhile);
}

async function checkByPath(
  folder: FileHandle,
  path: string,
  name: string,
  identity: string | undefined,
): Promise<void> {
  await refuseMoved(folder, path);
  const found = await lstat(join(path, name), { bigint: true }).catch(() => undefined);
  if ((found && identityOf(found)) !== identity) refuse(join(path, name), replacedMeanwhile);
}

/** Linux adds this to what was replaced or removed since it was opened. */
const removedMark = " (deleted)";

function refuseOther(path: string, real: string): void {
  if (real !== path && real !== `${path}${removedMark}`) refuse(path);
}

const exchanged = "a folder of its path was exchanged for a link";
const replacedMeanwhile = `another program replaced it at the same moment, or ${exchanged}`;

function refuse(path: string, reason = exchanged): never {
  throw new FileFault(path, { code: "forbidden", reason, isForeign: true });
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
