/**
 * Makes the content of a file that is too large to be held in memory a version: its bytes are put into the object store piece by piece, and only then
 * recorded, with file.kept. Whatever stands in the way, the file stays as it is, its record waits, and a scan tells the person once.
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { RoostError, toRoostError } from "@roost/base";
import { formatLabels } from "@roost/contract/labels";
import { largeFileBytesMax } from "@roost/contract/operations";
import { FileFault, toFileFault } from "../disk/file-fault.ts";
import { readDiskPieces, type HashedFile } from "../disk/file-hashes.ts";
import { homeLimits } from "../disk/home-limits.ts";
import type { Memory } from "../memory.ts";
import { unkeptBeginning } from "../records/file-problems.ts";
import { lockPath, readRecord } from "../records/file-records.ts";
import { settleLargeMarks } from "../records/marks-of-text.ts";
import { saveKept, saveRefused, saveUnkept } from "../records/list-unkept.ts";
import {
  announceVersion,
  newestKept,
  renewKept,
  renewing,
  settleVersion,
  withdrawVersion,
  type LargeVersion,
} from "../records/large-versions.ts";
import { placedAt } from "../visibility/placed-at.ts";

/** How long a change waits for the version of what it replaces. Beyond, it is tried again by who wants it, and the version is put meanwhile. */
const waitMsMax = 20_000;

export type KeepOutcome =
  | "kept"
  /** It changes, is gone, or another process is putting it: a later look finds what became of it. */
  | "later"
  /** It cannot be read. Others can. */
  | "unreadable"
  /** The object store, or the disk that it is on, does not take it. */
  | "refused";

/** Whether the file is one whose versions are put piece by piece. */
export function isLargeFile(bytes: number): boolean {
  return bytes > homeLimits.fileBytesMax && bytes <= largeFileBytesMax;
}

/** Whether what stands there now is too large to be read as a whole, be it beyond what becomes a version. */
export function isLargeThere(absolute: string): boolean {
  const stats = lstatSync(absolute, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size > homeLimits.fileBytesMax;
}

/** What the disk has of it becomes a version. Callers of one content share the work. `signal`: leaves it to a later look. */
export async function keepLargeFile(
  memory: Memory,
  path: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<KeepOutcome> {
  const absolute = join(memory.homeDir, path);
  let found: HashedFile | undefined;
  try {
    found = await memory.fileHashes.of(absolute);
  } catch (error) {
    if (!(error instanceof FileFault)) {
      if (toRoostError(error).code === "unavailable") return "later";
      throw error;
    }
    await saveUnkept(memory.kernel.database, { path, reason: error.reason });
    return "unreadable";
  }
  if (found === undefined || !isLargeFile(found.bytes) || signal?.aborted === true) return "later";
  return await keepContent(memory, { path, absolute, found, signal });
}

interface Content {
  path: string;
  absolute: string;
  found: HashedFile;
  signal?: AbortSignal | undefined;
}

async function keepContent(memory: Memory, content: Content): Promise<KeepOutcome> {
  const key = `${content.found.sha256} ${content.path}`;
  const going = memory.keeping.get(key) as Promise<KeepOutcome> | undefined;
  const work = going ?? store(memory, content).finally(() => void memory.keeping.delete(key));
  memory.keeping.set(key, work);
  return await work;
}

async function store(memory: Memory, { path, absolute, found, signal }: Content): Promise<KeepOutcome> {
  const { kernel } = memory;
  const { sha256, bytes } = found;
  const attempt = kernel.createId();
  const announced = await announceVersion(kernel, { path, sha256, bytes, attempt });
  if (announced.state === "busy") return "later";
  if (announced.state === "kept") return await record(memory, { path, sha256, bytes, stamp: found.stamp });
  if (!announced.isThere) {
    const outcome = await putObject(memory, { path, absolute, found, signal, attempt });
    if (outcome !== "kept") return outcome;
  }
  return await record(memory, { path, sha256, bytes, stamp: found.stamp, attempt });
}

async function putObject(
  memory: Memory,
  { path, absolute, found: { sha256, bytes }, signal, attempt }: Content & { attempt: string },
): Promise<KeepOutcome> {
  const { kernel, versions, logger } = memory;
  using _renewing = renewing(kernel, attempt);
  let isUnreadable = false;
  async function* read() {
    try {
      for await (const piece of readDiskPieces(absolute)) {
        signal?.throwIfAborted();
        yield piece;
      }
    } catch (error) {
      isUnreadable = true;
      throw error;
    }
  }
  try {
    await versions.put(read(), { sha256, bytes });
    return "kept";
  } catch (error) {
    await withdrawVersion(kernel, attempt);
    const fault = toFileFault(error, absolute);
    const { code, message } = toRoostError(fault);
    // Something else stands there by now; or the process stops.
    if (code === "conflict" || signal?.aborted === true) return "later";
    const why = fault instanceof FileFault ? fault.reason : message;
    const reason = isUnreadable ? why : `${unkeptBeginning}: ${why}`;
    logger.warn("a version of a large file could not be put into the object store", { path, reason });
    await (isUnreadable ? saveUnkept : saveRefused)(kernel.database, { path, reason });
    return isUnreadable ? "unreadable" : "refused";
  }
}

/** Its object is there. A file that has changed meanwhile had this content: it is a version, and the next one follows. */
async function record(
  memory: Memory,
  version: LargeVersion & { stamp: string; attempt?: string },
): Promise<KeepOutcome> {
  const { path, sha256, bytes, stamp, attempt } = version;
  return await memory.kernel.transact(async (tx): Promise<KeepOutcome> => {
    await lockPath(tx, path);
    const before = await newestKept(tx, path);
    if (!(await settleVersion(tx, { path, sha256, attempt }))) return "later";
    await saveKept(tx, { path, sha256, stamp });
    const labels = await settleLargeMarks(memory, tx, { path, sha256, stamp });
    // Touched, and the same.
    if (before === sha256) return "kept";
    tx.emit({
      type: "file.kept",
      subject: path,
      labels: formatLabels(placedAt(path, labels)),
      data: { path, sha256, bytes, ...(before !== undefined && { previousSha256: before }) },
    });
    return "kept";
  });
}

/**
 * Before something takes the place of a file, or it is removed: what is there has to be a version first.
 * @throws RoostError `conflict` when it is none yet, and says why; `limit_exceeded` when it is too large to become one
 */
export async function requireKept(memory: Memory, { path, absolute, found }: Content): Promise<void> {
  refuseBeyond(path, found.bytes);
  // Smaller ones are recorded with what happens to them.
  if (!isLargeFile(found.bytes)) return;
  // It counts as found now: what it was longest ago goes first.
  if (await renewKept(memory.kernel.database, { path, sha256: found.sha256 })) return;
  const timer = new AbortController();
  const late = pause(waitMsMax, "later" as const, { signal: timer.signal, ref: false });
  let outcome: KeepOutcome;
  try {
    outcome = await Promise.race([keepContent(memory, { path, absolute, found }), late]);
    if (outcome === "kept") return;
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
  // Of files that the store refuses one has the reason.
  const refused = outcome === "refused" ? "the object store does not take it" : undefined;
  const reason = (await readReason(memory, path)) ?? refused;
  throw new RoostError(
    "conflict",
    `${path} stays as it is until its present content is a version${reason === undefined ? ", which takes a while" : ` (${reason})`}: try again later`,
  );
}

/** As requireKept, before the file is read for its hash. @throws RoostError `limit_exceeded` */
export function refuseTooLarge({ path, absolute }: Pick<Content, "path" | "absolute">): void {
  const stats = lstatSync(absolute, { throwIfNoEntry: false });
  if (stats?.isFile() === true) refuseBeyond(path, stats.size);
}

function refuseBeyond(path: string, bytes: number): void {
  if (bytes <= largeFileBytesMax) return;
  throw new RoostError(
    "limit_exceeded",
    `${path} has ${bytes} bytes, and above ${largeFileBytesMax} a file has no versions: move it away first`,
  );
}

async function readReason({ kernel }: Memory, path: string): Promise<string | undefined> {
  return (await readRecord(kernel.database, path))?.unkeptReason ?? undefined;
}
