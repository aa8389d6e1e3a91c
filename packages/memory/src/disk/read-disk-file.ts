/** Reads one file of a home as it is on disk. It knows nothing of who asks, nor of what is recorded. */
import { createHash } from "node:crypto";
import { constants, type BigIntStats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { RoostError, systemClock } from "@roost/base";
import { homeLimits } from "./home-limits.ts";

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

/** Younger than that, a second write within the clock's grain would look like none. */
const racyMs = 100;

/** Changes whenever the file does; null when it changed so lately that it must be looked at again. */
export function stampOf(stats: BigIntStats): string | null {
  // File times and this process have the machine's clock in common, whatever the database's says.
  const ageMs = systemClock.nowMs() - Number(stats.ctimeNs / 1_000_000n);
  return ageMs >= 0 && ageMs < racyMs ? null : stableStampOf(stats);
}

export function stableStampOf(stats: BigIntStats): string {
  return `${stats.ino}:${stats.size}:${stats.ctimeNs}`;
}

/**
 * The whole file, or undefined when there is none.
 * @throws RoostError `limit_exceeded` when it is larger than the limit, `invalid_input` when it is no regular file
 */
export async function readDiskFile(absolute: string): Promise<DiskFile | undefined> {
  let handle: FileHandle;
  try {
    // A pipe must not block, and a link that came after the path was resolved must not be followed.
    handle = await open(absolute, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw new RoostError("forbidden", `${absolute} is a link`, { cause: error });
    if (code === "EACCES" || code === "EPERM")
      throw new RoostError("forbidden", `${absolute} may not be read by this process`, { cause: error });
    throw error;
  }
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw new RoostError("invalid_input", `${absolute} is not a file`);
    refuseLarge(absolute, Number(stats.size));
    const bytes = await handle.readFile();
    refuseLarge(absolute, bytes.length);
    const after = await handle.stat({ bigint: true });
    const isStill = stableStampOf(stats) === stableStampOf(after);
    return {
      bytes,
      sha256: hashOf(bytes),
      stamp: isStill ? stampOf(after) : null,
      modifiedAt: new Date(Number(after.mtimeNs / 1_000_000n)),
      mode: Number(after.mode & 0o777n),
    };
  } finally {
    await handle.close();
  }
}

function refuseLarge(absolute: string, bytes: number): void {
  if (bytes <= homeLimits.fileBytesMax) return;
  throw new RoostError(
    "limit_exceeded",
    `${absolute} has ${bytes} bytes (limit ${homeLimits.fileBytesMax}): read it with another program`,
  );
}

/** The text of UTF-8 bytes; undefined for anything else (a picture, an archive). */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
