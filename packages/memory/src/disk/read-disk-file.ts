/** Reads one file of a home from disk. Knows nothing of viewers or records. */
import { createHash } from "node:crypto";
import { constants, type BigIntStats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { systemClock } from "@roost/base";
import { FileFault, toFileFault } from "./file-fault.ts";
import { homeLimits } from "./home-limits.ts";
import { refuseExchanged, type DescriptorOptions } from "./open-folder.ts";

export interface DiskFile {
  bytes: Buffer;
  sha256: string;
  stamp: string | null;
  modifiedAt: Date;
  mode: number;
}

export function hashOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A file younger than this may change again within the clock's resolution. */
const racyMs = 100;

/** Changes whenever the file does; null when it changed too recently to tell. */
export function stampOf(stats: BigIntStats): string | null {
  // File times come from the machine's clock, whatever the database's says.
  const ageMs = systemClock.nowMs() - Number(stats.ctimeNs / 1_000_000n);
  return ageMs >= 0 && ageMs < racyMs ? null : stableStampOf(stats);
}

export function stableStampOf(stats: BigIntStats): string {
  return `${stats.ino}:${stats.size}:${stats.ctimeNs}`;
}

/** In whole milliseconds that have passed: Node rounds those of its own `mtime`. */
export function modifiedAtOf({ mtimeNs }: Pick<BigIntStats, "mtimeNs">): Date {
  return new Date(Number(mtimeNs / 1_000_000n));
}

export interface ReadDiskFileOptions extends DescriptorOptions {
  bytesMax?: number | undefined;
}

/**
 * The whole file, or undefined when there is none.
 * @throws FileFault when it is too large, not a regular file, or unreadable
 */
export async function readDiskFile(
  absolute: string,
  { bytesMax = homeLimits.fileBytesMax, ...options }: ReadDiskFileOptions = {},
): Promise<DiskFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await openResolved(absolute, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw toFileFault(error, absolute);
  }
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) refuseForeign(absolute, stats);
    refuseLarge(absolute, Number(stats.size), bytesMax);
    const bytes = await handle.readFile();
    refuseLarge(absolute, bytes.length, bytesMax);
    const after = await handle.stat({ bigint: true });
    const isStill = stableStampOf(stats) === stableStampOf(after);
    return {
      bytes,
      sha256: hashOf(bytes),
      stamp: isStill ? stampOf(after) : null,
      modifiedAt: modifiedAtOf(after),
      mode: Number(after.mode & 0o777n),
    };
  } catch (error) {
    throw toFileFault(error, absolute);
  } finally {
    await handle.close();
  }
}

/** As readDiskFile; the fault itself where what is there cannot be Roost's. */
export async function readUnlessForeign(absolute: string): Promise<DiskFile | undefined | FileFault> {
  try {
    return await readDiskFile(absolute);
  } catch (error) {
    if (error instanceof FileFault && error.isForeign) return error;
    throw error;
  }
}

/** Another program may put a new file in its place between opening and comparing. */
const openAttemptsMax = 3;

/** Not through a link, and without waiting for a pipe. @throws what opening throws, FileFault when it was exchanged meanwhile */
export async function openResolved(absolute: string, options: DescriptorOptions = {}): Promise<FileHandle> {
  for (let attempt = 1; ; attempt += 1) {
    // A pipe must not block, and a link created after the path was resolved must not be followed.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const handle = await open(absolute, flags);
    try {
      await refuseExchanged(handle, absolute, options);
      return handle;
    } catch (error) {
      await handle.close();
      if (attempt === openAttemptsMax) throw error;
    }
  }
}

/** @throws FileFault that says what it is instead of a file */
export function refuseForeign(absolute: string, stats: BigIntStats): never {
  const reason = stats.isDirectory()
    ? "it is a folder, not a file"
    : stats.isFIFO()
      ? "it is a named pipe, not a file"
      : "it is a device, not a file";
  throw new FileFault(absolute, { code: "invalid_input", reason, isForeign: true });
}

function refuseLarge(absolute: string, bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  throw new FileFault(absolute, {
    code: "limit_exceeded",
    reason: `it has ${bytes} bytes (limit ${bytesMax})`,
    advice: "read it with another program, or split it",
    isForeign: true,
  });
}

/** Decodes UTF-8; undefined for anything else (a picture, an archive). */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
