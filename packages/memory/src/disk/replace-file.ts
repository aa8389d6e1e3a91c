/**
 * Compare-and-swap of a file: the new content replaces exactly the expected content, whole or not at all, and is on disk before this returns. A
 * concurrent write by another program wins and is reported, not lost.
 */
import { link, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileFault, toFileFault } from "./file-fault.ts";
import { identityOf, openFolder, openOrMakeFolder, syncFolder, type DescriptorOptions } from "./open-folder.ts";
import { modifiedAtOf, readDiskFile, type DiskFile } from "./read-disk-file.ts";

export interface Replacement extends DescriptorOptions {
  absolute: string;
  bytes: Uint8Array;
  /** SHA-256 of what it replaces, or "absent". */
  expected: string;
  /** Unique; names the temporary files, so that a later start can remove them. */
  id: string;
}

export type Replaced =
  | { state: "replaced"; modifiedAt: Date }
  /** What is there instead; undefined: nothing. */
  | { state: "conflict"; current: DiskFile | undefined };

export type Removed = { state: "removed" } | Extract<Replaced, { state: "conflict" }>;

const temporaryName = /^\.roost-([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.(?:tmp|prev)$/;

/** The id of the replacement that owns a temporary name; undefined for any other name. */
export function idOfTemporary(name: string): string | undefined {
  return temporaryName.exec(name)?.[1];
}

/** The two temporary names beside the file. */
export function temporaryNames(absolute: string, id: string): { next: string; previous: string } {
  const folder = dirname(absolute);
  return { next: join(folder, `.roost-${id}.tmp`), previous: join(folder, `.roost-${id}.prev`) };
}

/** @throws FileFault when the disk refuses; the file is then unchanged, unless its folder could not be synced */
export async function replaceFile(replacement: Replacement): Promise<Replaced> {
  const { absolute, expected } = replacement;
  try {
    const openIt = expected === "absent" ? openOrMakeFolder : openFolder;
    await using folder = await openIt(dirname(absolute), replacement);
    const name = basename(absolute);
    const { replaced, identity } = await replace({ ...replacement, absolute: join(folder.at, name) });
    if (replaced.state === "replaced") await folder.check(name, identity);
    return replaced;
  } catch (error) {
    // Its folder is gone.
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && expected !== "absent")
      return { state: "conflict", current: undefined };
    throw faultOf(error, absolute);
  }
}

/** `absolute`: by the handle of its folder. */
async function replace(replacement: Replacement): Promise<{ replaced: Replaced; identity?: string | undefined }> {
  const { absolute, expected, descriptors } = replacement;
  const { next, previous } = temporaryNames(absolute, replacement.id);
  const before = await readDiskFile(absolute, { descriptors });
  if ((before?.sha256 ?? "absent") !== expected) return { replaced: { state: "conflict", current: before } };
  try {
    const { identity, modifiedAt } = await writeDurably(next, replacement.bytes, before?.mode);
    const conflict =
      before === undefined
        ? await create(next, absolute, { descriptors })
        : await swap({ next, previous, absolute, before, descriptors });
    if (conflict !== undefined) return { replaced: conflict };
    await syncFolder(dirname(absolute));
    return { replaced: { state: "replaced", modifiedAt }, identity };
  } finally {
    await rm(next, { force: true });
    await rm(previous, { force: true });
  }
}

/** A hard link fails when the file exists, where a rename would replace it. */
async function create(next: string, absolute: string, options: DescriptorOptions): Promise<Replaced | undefined> {
  try {
    await link(next, absolute);
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST") return { state: "conflict", current: await readDiskFile(absolute, options) };
    if (!hasNoLinks(code)) throw error;
  }
  const current = await readDiskFile(absolute, options);
  if (current !== undefined) return { state: "conflict", current };
  await rename(next, absolute);
  return undefined;
}

/**
 * Keeps the old content under a second name until it is known to be the expected one: a last-moment write into the old file is restored. What
 * remains is another rename within the microseconds before ours.
 */
async function swap(names: {
  next: string;
  previous: string;
  absolute: string;
  before: DiskFile;
  descriptors: DescriptorOptions["descriptors"];
}): Promise<Replaced | undefined> {
  const { next, previous, absolute, before, descriptors } = names;
  let isKept = true;
  try {
    await link(absolute, previous);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return { state: "conflict", current: undefined };
    if (!hasNoLinks(code)) throw error;
    isKept = false;
  }
  const kept = await readDiskFile(isKept ? previous : absolute, { descriptors });
  if (kept?.sha256 !== before.sha256) return { state: "conflict", current: kept };
  await rename(next, absolute);
  if (!isKept) return undefined;
  const late = await readDiskFile(previous, { descriptors });
  if (late === undefined || late.sha256 === before.sha256) return undefined;
  await rename(previous, absolute);
  await syncFolder(dirname(absolute));
  return { state: "conflict", current: late };
}

function hasNoLinks(code: string | undefined): boolean {
  return code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "ENOSYS" || code === "EMLINK";
}

async function writeDurably(
  path: string,
  bytes: Uint8Array,
  mode: number | undefined,
): Promise<{ identity: string; modifiedAt: Date }> {
  const handle = await open(path, "wx", mode ?? 0o666);
  try {
    await handle.writeFile(bytes);
    if (mode !== undefined) await handle.chmod(mode);
    await handle.sync();
    const stats = await handle.stat({ bigint: true });
    return { identity: identityOf(stats), modifiedAt: modifiedAtOf(stats) };
  } finally {
    await handle.close();
  }
}

/** Removes what a killed writer left behind; nothing to do when its folder is gone. */
export async function removeTemporaries(absolute: string, id: string): Promise<void> {
  for (const path of Object.values(temporaryNames(absolute, id))) {
    await rm(path, { force: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTDIR" && error.code !== "ENAMETOOLONG" && error.code !== "ELOOP") throw error;
    });
  }
}

/** As replaceFile, but removes the file. @throws FileFault when the disk refuses */
export async function removeFile(removal: Omit<Replacement, "bytes">): Promise<Removed> {
  const { absolute } = removal;
  try {
    await using folder = await openFolder(dirname(absolute), removal);
    const name = basename(absolute);
    const removed = await remove({ ...removal, absolute: join(folder.at, name) });
    if (removed.state === "removed") await folder.check(name, undefined);
    return removed;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && removal.expected === "absent")
      return { state: "removed" };
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { state: "conflict", current: undefined };
    throw faultOf(error, absolute);
  }
}

/** Named by the file's own path. */
function faultOf(error: unknown, absolute: string): unknown {
  if (!(error instanceof FileFault)) return toFileFault(error, absolute);
  const { code, reason, isForeign, cause } = error;
  return new FileFault(absolute, { code, reason, isForeign, cause });
}

async function remove(removal: Omit<Replacement, "bytes">): Promise<Removed> {
  const { absolute, expected, id, descriptors } = removal;
  const { previous } = temporaryNames(absolute, id);
  // A folder would be moved away like a file.
  await readDiskFile(absolute, { descriptors });
  try {
    // Moved away first and checked then: what is checked is what was moved.
    await rename(absolute, previous);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return expected === "absent" ? { state: "removed" } : { state: "conflict", current: undefined };
  }
  const taken = await readDiskFile(previous, { descriptors }).catch(async (error: unknown) => {
    await giveBack(previous, absolute);
    throw error;
  });
  if (taken?.sha256 !== expected) {
    await giveBack(previous, absolute);
    return { state: "conflict", current: taken };
  }
  await rm(previous, { force: true });
  await syncFolder(dirname(absolute));
  return { state: "removed" };
}

/** If something else has taken its place meanwhile, both stay. */
async function giveBack(previous: string, absolute: string): Promise<void> {
  try {
    await link(previous, absolute);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST") return;
    if (!hasNoLinks(code)) throw error;
    return rename(previous, absolute);
  }
  await rm(previous, { force: true });
}
