/**
 * Files of the home that are too large to go whole, as hosts bring and take them: in ranges, each of the content that a hash names, so that what is cut
 * off goes on. What one of them replaces or removes has to be a version first (keep-large-file.ts).
 */
import { chmod, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RoostError, systemClock } from "@roost/base";
import { fileRangeBytesMax, largeFileBytesMax } from "@roost/contract/operations";
import { toFileFault } from "../disk/file-fault.ts";
import { stampNow, readDiskRange, type HashedFile } from "../disk/file-hashes.ts";
import { homeLimits } from "../disk/home-limits.ts";
import { syncFolder } from "../disk/open-folder.ts";
import { temporaryNames } from "../disk/replace-file.ts";
import type { Memory } from "../memory.ts";
import { requireDisk } from "../mirror/require-disk.ts";
import { readDiskFile } from "../disk/read-disk-file.ts";
import { lockPath, readRecord, recordLargeEdit, recordOutsideEdit } from "../records/file-records.ts";
import { stateNameOf } from "../visibility/home-file-class.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { readKeptFile, readObjectRange } from "./read-kept-file.ts";
import { refuseTooLarge, requireKept } from "./keep-large-file.ts";
import { findSeen } from "./read-home-file.ts";
import { findTarget } from "./write-home-file.ts";

/** Files that are being brought, at a time, and how long one may pause. */
const incomingMax = 16;
const pauseMsMax = 24 * 3_600_000;

/** Of any size. @throws RoostError `not_found`, `forbidden` when the viewer may not see it, `unavailable` while it changes */
export async function hashHomeFile(
  memory: Memory,
  path: string,
  { as }: { as: Viewer },
): Promise<Pick<HashedFile, "sha256" | "bytes" | "modifiedAt">> {
  const { absolute, path: real } = await findSeen(memory, path, as);
  const found = await memory.fileHashes.of(absolute);
  if (found === undefined && memory.mirror !== undefined) return await readKeptFile(memory, real);
  if (found === undefined) throw new RoostError("not_found", `there is no ${path} in the home`);
  return found;
}

/** Part of the content with that hash. @throws RoostError `conflict` when the file has another by now; as hashHomeFile */
export async function readFileRange(
  memory: Memory,
  { path, sha256, from, as }: { path: string; sha256: string; from: number; as: Viewer },
): Promise<Uint8Array<ArrayBuffer>> {
  const { absolute, path: real } = await findSeen(memory, path, as);
  const before = await memory.fileHashes.of(absolute);
  const isElsewhere = before === undefined && memory.mirror !== undefined;
  const known = isElsewhere ? await readKeptFile(memory, real) : before;
  if (known === undefined) throw new RoostError("not_found", `there is no ${path} in the home`);
  const range = { from, count: fileRangeBytesMax };
  const bytes =
    known.sha256 !== sha256
      ? undefined
      : isElsewhere
        ? await readObjectRange(memory, sha256, range)
        : await readDiskRange(absolute, range);
  if (bytes === undefined || (!isElsewhere && stampNow(absolute) !== before?.stamp))
    throw new RoostError("conflict", `${path} has changed: ask for its hash again`);
  return bytes;
}

export interface FileRange {
  path: string;
  /** Of the whole file. */
  sha256: string;
  bytes: number;
  from: number;
  content: Uint8Array;
  /** SHA-256 of what it replaces, or "absent". */
  expected: string;
  as: Viewer;
  by: string;
}

export type RangeOutcome =
  /** `next`: where what is here ends. */
  | { state: "more"; next: number }
  | { state: "written"; sha256: string }
  /** It has another content: what stands there stays. */
  | { state: "conflict"; sha256: string };

/**
 * Takes a part of a file; the last one puts it in its place. Parts of one file come one after the other; one that is not the next changes nothing.
 * @throws RoostError `limit_exceeded`, `invalid_input` when what came has another hash, `forbidden`; FileFault when the disk refuses
 */
export async function takeFileRange(memory: Memory, range: FileRange): Promise<RangeOutcome> {
  const { path, bytes, sha256 } = range;
  requireDisk(memory, `bringing ${path} in parts`);
  if (bytes > largeFileBytesMax)
    throw new RoostError("limit_exceeded", `${path} has ${bytes} bytes (limit ${largeFileBytesMax}): split it`);
  const target = await findTarget(memory, { ...range, isFromOutside: true });
  if (stateNameOf(target.path) !== undefined)
    throw new RoostError("invalid_input", `${target.path} is a state: it holds one JSON value`);
  const folder = join(memory.machineDir, ".roost", "incoming");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, sha256);
  // Two hosts may bring the same.
  const before = memory.partsTaken.get(file) ?? Promise.resolve();
  const taken = before
    .catch(() => undefined)
    .then(() => takePart(memory, { ...range, path: target.path, absolute: target.absolute, file }));
  memory.partsTaken.set(file, taken);
  try {
    return await taken;
  } finally {
    if (memory.partsTaken.get(file) === taken) memory.partsTaken.delete(file);
  }
}

async function takePart(memory: Memory, part: FileRange & Placed): Promise<RangeOutcome> {
  const { path, absolute, file, bytes, from, content, sha256 } = part;
  const size = await sizeOf(file);
  if (size === 0) await makeRoom(dirname(file));
  if (from > size || from + content.byteLength > bytes) return { state: "more", next: size };
  const next = await writePart(file, { absolute, content, from, size });
  if (next < bytes) return { state: "more", next };
  const whole = await memory.fileHashes.of(file);
  if (whole === undefined) return { state: "more", next: 0 };
  if (whole.sha256 !== sha256) {
    await rm(file, { force: true });
    throw new RoostError("invalid_input", `what came of ${path} has another hash than was said: send it again`);
  }
  return await putInPlace(memory, part);
}

/** Of what has come. */
async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return 0;
  if (found.nlink <= 1) return found.size;
  // Its process was killed while it put this in its place: a write would go there.
  await rm(file, { force: true });
  return 0;
}

/** In the folder of what is brought: removes what nobody goes on with. @throws RoostError `limit_exceeded` */
export async function makeRoom(folder: string): Promise<void> {
  let count = 0;
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const stats = await stat(file).catch(() => undefined);
    if (stats === undefined) continue;
    if (systemClock.nowMs() - stats.mtimeMs > pauseMsMax) await rm(file, { force: true });
    else count += 1;
  }
  if (count >= incomingMax)
    throw new RoostError("limit_exceeded", `${incomingMax} large files are being brought (the limit): later again`);
}

/** Where what has come ends then. 0: another process has put it in the place of a file already. @throws FileFault when the disk refuses */
async function writePart(
  file: string,
  { absolute, content, from, size }: { absolute: string; content: Uint8Array; from: number; size: number },
): Promise<number> {
  try {
    await using handle = await open(file, size === 0 ? "w" : "r+", 0o600);
    const { bytesWritten } = await handle.write(content, 0, content.byteLength, from);
    await handle.sync();
    return Math.max(size, from + bytesWritten);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw toFileFault(error, absolute);
  }
}

interface Placed extends Pick<FileRange, "path" | "expected" | "sha256" | "bytes" | "by"> {
  absolute: string;
  /** With the whole content, beside the home on one disk. */
  file: string;
}

const attemptsMax = 3;

/** Replaces only what was expected, with `file`, which is gone then. @throws RoostError `conflict` while what it replaces is no version */
export async function putInPlace(memory: Memory, placed: Placed): Promise<RangeOutcome> {
  const { path, absolute, expected, sha256, file } = placed;
  const id = memory.kernel.createId();
  const isSmall = (size: number) => size <= homeLimits.fileBytesMax;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    refuseTooLarge(placed);
    // Outside the transaction: a long file is read for long.
    const found = await memory.fileHashes.of(absolute);
    if (found?.sha256 === sha256) {
      await rm(file, { force: true });
      return { state: "written", sha256 };
    }
    if ((found?.sha256 ?? "absent") !== expected) return { state: "conflict", sha256: found?.sha256 ?? "absent" };
    if (found !== undefined) await requireKept(memory, { path, absolute, found });
    const isPlaced = await memory.kernel.transact(async (tx) => {
      await lockPath(tx, path);
      const known = await readRecord(tx, path);
      if (known?.behind != null)
        throw new RoostError("conflict", `${path} was written on another host, and the disk follows: try again`);
      if (stampNow(absolute) !== found?.stamp) return false;
      // An edit that no scan has seen is a version too.
      if (found !== undefined && isSmall(found.bytes))
        await recordOutsideEdit(memory, tx, { path, disk: await readDiskFile(absolute), record: known });
      if (!(await exchange({ absolute, file, id }, found))) return false;
      const record = await readRecord(tx, path);
      if (!isSmall(placed.bytes))
        await recordLargeEdit(tx, {
          ...placed,
          record,
          stamp: stampNow(absolute) ?? null,
          modifiedAt: new Date(memory.kernel.clock.nowMs()),
        });
      // It takes the place of a large one.
      else await recordOutsideEdit(memory, tx, { path, disk: await readDiskFile(absolute), record, by: placed.by });
      return true;
    });
    if (isPlaced) return { state: "written", sha256 };
  }
  // Another process has taken it for its file.
  if (stampNow(file) === undefined) return { state: "more", next: 0 };
  throw new RoostError("unavailable", `${path} changes while it is brought: try again`);
}

interface Exchange {
  absolute: string;
  file: string;
  id: string;
}

/** False: something else stands there by now, and stays; or what was to take its place has gone. @throws FileFault when the disk refuses */
async function exchange(names: Exchange, found: HashedFile | undefined): Promise<boolean> {
  try {
    const isPlaced = await (found === undefined ? create(names) : replace(names, found));
    if (isPlaced) await syncFolder(dirname(names.absolute));
    return isPlaced;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw toFileFault(error, names.absolute);
  }
}

async function create({ absolute, file }: Exchange): Promise<boolean> {
  await mkdir(dirname(absolute), { recursive: true });
  try {
    await link(file, absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  await rm(file, { force: true });
  return true;
}

/** Keeps the old file under a second name, so that a last-moment write into it is found and brought back. */
async function replace({ absolute, file, id }: Exchange, found: HashedFile): Promise<boolean> {
  const { previous } = temporaryNames(absolute, id);
  await link(absolute, previous);
  try {
    // The link changes its time of change, no writer leaves both of these.
    const look = async () => {
      const { size, mtimeNs, mode } = await stat(previous, { bigint: true });
      return { mode: Number(mode & 0o777n), isFound: Number(size) === found.bytes && mtimeNs === found.mtimeNs };
    };
    const { mode, isFound } = await look();
    if (!isFound) return false;
    await chmod(file, mode);
    await rename(file, absolute);
    if ((await look()).isFound) return true;
    // What came waits for the next attempt, unless the disk refuses; then it is sent again.
    await link(absolute, file).catch(() => undefined);
    await rename(previous, absolute);
    await syncFolder(dirname(absolute));
    return false;
  } finally {
    await rm(previous, { force: true });
  }
}

/** As removeHomeFile, of a file that is too large to be read within a transaction. @throws RoostError `conflict` while it is no version yet */
export async function removeLargeFile(
  memory: Memory,
  { path, absolute, expected, by }: { path: string; absolute: string; expected: string; by: string },
): Promise<{ state: "removed" } | { state: "conflict"; sha256: string }> {
  refuseTooLarge({ path, absolute });
  const found = await memory.fileHashes.of(absolute);
  if (found === undefined) return { state: "removed" };
  if (found.sha256 !== expected) return { state: "conflict", sha256: found.sha256 };
  await requireKept(memory, { path, absolute, found });
  return await memory.kernel.transact(async (tx) => {
    await lockPath(tx, path);
    if (stampNow(absolute) !== found.stamp)
      throw new RoostError("unavailable", `${path} changes while it is removed: try again`);
    await rm(absolute);
    await recordOutsideEdit(memory, tx, { path, disk: undefined, record: await readRecord(tx, path), by });
    return { state: "removed" };
  });
}
