/**
 * Files of the home that are too large to go whole, as hosts bring and take them: in ranges, each of the content that a hash names, so that what is cut
 * off goes on. What one of them replaces or removes has to be a version first (keep-large-file.ts).
 */
import { chmod, link, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { RoostError } from "@roost/base";
import { isUntrusted, type Labels } from "@roost/contract/labels";
import { fileRangeBytesMax, largeFileBytesMax } from "@roost/contract/operations";
import type { KernelTransaction } from "@roost/kernel";
import { toFileFault } from "../disk/file-fault.ts";
import { stampNow, readDiskRange, type HashedFile } from "../disk/file-hashes.ts";
import { homeLimits } from "../disk/home-limits.ts";
import type { ResolvedPath } from "../disk/home-path.ts";
import { syncFolder } from "../disk/open-folder.ts";
import { temporaryNames } from "../disk/replace-file.ts";
import type { Memory } from "../memory.ts";
import { requireDisk } from "../mirror/require-disk.ts";
import { readDiskFile, textOf } from "../disk/read-disk-file.ts";
import { lockPath, readRecord, recordLargeEdit, recordOutsideEdit } from "../records/file-records.ts";
import { labelsOfAll, marksOfAll, type LineMarks } from "../records/line-marks.ts";
import { settleLargeMarks, storeMarks } from "../records/marks-of-text.ts";
import { stateNameOf } from "../visibility/home-file-class.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { readKeptFile, readObjectRange } from "./read-kept-file.ts";
import { refuseTooLarge, requireKept } from "./keep-large-file.ts";
import { findSeen } from "./read-home-file.ts";
import { takeIncoming, type IncomingPart, type MoreToCome } from "./take-incoming.ts";
import { findTarget } from "./write-home-file.ts";

type Known = Pick<HashedFile, "sha256" | "bytes" | "modifiedAt">;

/** Of any size. @throws RoostError `not_found`, `forbidden` when the viewer may not see it, `unavailable` while it changes */
export async function hashHomeFile(memory: Memory, path: string, { as }: { as: Viewer }): Promise<Known> {
  return await findContent(memory, await findSeen(memory, path, as));
}

/** Part of the content with that hash. @throws RoostError `conflict` when the file has another by now; as hashHomeFile */
export async function readFileRange(
  memory: Memory,
  { path, sha256, from, as }: { path: string; sha256: string; from: number; as: Viewer },
): Promise<Uint8Array<ArrayBuffer>> {
  const seen = await findSeen(memory, path, as);
  const found = await findContent(memory, seen);
  if (found.sha256 === sha256) {
    const range = { from, count: fileRangeBytesMax };
    if (found.stamp === undefined) return await readObjectRange(memory, sha256, range);
    const bytes = await readDiskRange(seen.absolute, range);
    if (bytes !== undefined && stampNow(seen.absolute) === found.stamp) return bytes;
  }
  throw new RoostError("conflict", `${path} has changed: ask for its hash again`);
}

/** As this disk has it; without a stamp: as its newest version does, where the home's disk is elsewhere. */
async function findContent(
  memory: Memory,
  { path, absolute }: ResolvedPath,
): Promise<Known & { stamp?: string | undefined }> {
  const here = await memory.fileHashes.of(absolute);
  if (here !== undefined) return here;
  if (memory.mirror !== undefined) return await readKeptFile(memory, path);
  throw new RoostError("not_found", `there is no ${path} in the home`);
}

export interface FileRange extends IncomingPart {
  path: string;
  /** SHA-256 of what it replaces, or "absent". */
  expected: string;
  as: Viewer;
  by: string;
}

export type RangeOutcome =
  | MoreToCome
  | { state: "written"; sha256: string }
  /** It has another content: what stands there stays. */
  | { state: "conflict"; sha256: string };

/**
 * Takes a part of a file; the last one puts it in its place. Parts of one file come one after the other; one that is not the next changes nothing.
 * @throws RoostError `limit_exceeded`, `invalid_input` when what came has another hash, `forbidden`; FileFault when the disk refuses
 */
export async function takeFileRange(memory: Memory, range: FileRange): Promise<RangeOutcome> {
  const { path, bytes } = range;
  requireDisk(memory, `bringing ${path} in parts`);
  if (bytes > largeFileBytesMax)
    throw new RoostError("limit_exceeded", `${path} has ${bytes} bytes (limit ${largeFileBytesMax}): split it`);
  const target = await findTarget(memory, { ...range, isFromOutside: true });
  if (stateNameOf(target.path) !== undefined)
    throw new RoostError("invalid_input", `${target.path} is a state: it holds one JSON value`);
  return await takeIncoming(memory, { ...range, name: path }, (file) =>
    putInPlace(memory, { ...range, path: target.path, absolute: target.absolute, file }),
  );
}

interface Placed extends Pick<FileRange, "path" | "expected" | "sha256" | "bytes" | "by"> {
  absolute: string;
  /** With the whole content, beside the home on one disk. */
  file: string;
  /** Of what is put there; default: those of an edit from outside. */
  labels?: Labels | undefined;
  /** Of its lines, where it is small. */
  marks?: LineMarks | undefined;
  /** Further records in the same transaction; may run more than once. */
  alongside?: ((tx: KernelTransaction) => Promise<void>) | undefined;
}

const attemptsMax = 3;

/** Replaces only what was expected, with `file`, which is gone then. @throws RoostError `conflict` while what it replaces is no version */
export async function putInPlace(memory: Memory, placed: Placed): Promise<RangeOutcome> {
  const { path, absolute, expected, sha256, file, alongside } = placed;
  const id = memory.kernel.createId();
  await markBefore(memory, placed);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    refuseTooLarge(placed);
    // Outside the transaction: a long file is read for long.
    const found = await memory.fileHashes.of(absolute);
    if (found?.sha256 === sha256) {
      await memory.kernel.transact(async (tx) => {
        await lockPath(tx, path);
        await recordThere(memory, tx, { ...placed, stamp: found.stamp });
        await alongside?.(tx);
      });
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
      await recordPlaced(memory, tx, placed);
      await alongside?.(tx);
      return true;
    });
    if (isPlaced) return { state: "written", sha256 };
  }
  // Another process has taken it for its file.
  if (stampNow(file) === undefined) return { state: "more", next: 0 };
  throw new RoostError("unavailable", `${path} changes while it is brought: try again`);
}

/** Before the file, so that whoever finds it, after a kill as well, knows by its content what it rests on. */
async function markBefore({ kernel }: Memory, { sha256, bytes, labels, marks, file }: Placed): Promise<void> {
  const all = marks ?? (labels === undefined ? [] : marksOfAll("", labels));
  if (!isUntrusted(labelsOfAll(all))) return;
  // Gone: another process has taken it for its file, which the exchange finds.
  const text = isSmall(bytes) ? (textOf(await readFile(file).catch(() => Buffer.alloc(0))) ?? "") : "";
  await kernel.transact(
    async (tx) => void (await storeMarks(tx, marks ?? marksOfAll(text, labels!), { sha256, text })),
  );
}

async function recordPlaced(memory: Memory, tx: KernelTransaction, placed: Placed): Promise<void> {
  const { path, absolute, bytes } = placed;
  const record = await readRecord(tx, path);
  if (!isSmall(bytes)) {
    const modifiedAt = new Date(memory.kernel.clock.nowMs());
    await recordLargeEdit(memory, tx, { ...placed, record, stamp: stampNow(absolute) ?? null, modifiedAt });
    return;
  }
  // It takes the place of a large one.
  await recordOutsideEdit(memory, tx, { ...placed, disk: await readDiskFile(absolute), record });
}

/** It stands there already, be it by an attempt that did not come to its record: a look may have found it since. */
async function recordThere(memory: Memory, tx: KernelTransaction, placed: Placed & { stamp: string }): Promise<void> {
  const { path, sha256, bytes, stamp } = placed;
  const record = await readRecord(tx, path);
  if (record?.behind != null) return;
  if (record?.stamp !== stamp) await recordPlaced(memory, tx, placed);
  else if (!isSmall(bytes)) await settleLargeMarks(memory, tx, { path, sha256, stamp });
}

const isSmall = (bytes: number) => bytes <= homeLimits.fileBytesMax;

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
