/** Files of any size, by their hash and in ranges: no more than a range of one is in memory. */
import { createHash } from "node:crypto";
import { lstatSync, type BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { RoostError } from "@roost/base";
import { toFileFault } from "./file-fault.ts";
import { modifiedAtOf, openResolved, refuseForeign, stableStampOf } from "./read-disk-file.ts";

export interface HashedFile {
  sha256: string;
  bytes: number;
  modifiedAt: Date;
  /** The same, exactly: with the size, it tells a write where a link has changed the stamp. */
  mtimeNs: bigint;
  /** Changes whenever the file does. */
  stamp: string;
}

const hashesMax = 256;
const pieceBytes = 1_048_576;

/** Hashes that are known by the stamps of their files: an unchanged file is read once. */
export class FileHashes {
  /** By absolute path, least recently asked for first. */
  readonly #known = new Map<string, HashedFile>();
  /** Readings under way, by stamp and path. */
  readonly #readings = new Map<string, Promise<HashedFile | undefined>>();

  /** Undefined when there is none. @throws FileFault when it is no file or cannot be read, RoostError `unavailable` while it changes */
  async of(absolute: string): Promise<HashedFile | undefined> {
    const stamp = stampNow(absolute);
    const known = this.#known.get(absolute);
    this.#known.delete(absolute);
    const found = known !== undefined && stamp === known.stamp ? known : await this.#read(absolute, stamp);
    if (found !== undefined) this.#known.set(absolute, found);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= hashesMax) break;
      this.#known.delete(oldest);
    }
    return found;
  }

  /** Whoever asks while a file is read waits for that reading. */
  #read(absolute: string, stamp: string | undefined): Promise<HashedFile | undefined> {
    const key = `${stamp} ${absolute}`;
    const reading = this.#readings.get(key) ?? hashDiskFile(absolute).finally(() => void this.#readings.delete(key));
    this.#readings.set(key, reading);
    return reading;
  }
}

/** Undefined when there is no such file. */
export function stampNow(absolute: string): string | undefined {
  const stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  return stats?.isFile() === true ? stableStampOf(stats) : undefined;
}

async function hashDiskFile(absolute: string): Promise<HashedFile | undefined> {
  return await withFile(absolute, async (read, stats) => {
    const hash = createHash("sha256");
    const piece = Buffer.allocUnsafe(pieceBytes);
    for (let at = 0, count: number; (count = await read(piece, at)) > 0; at += count) {
      hash.update(piece.subarray(0, count));
      // A long file must not hold everything else up.
      await setImmediate();
    }
    const stamp = stableStampOf(stats);
    if (stampNow(absolute) !== stamp)
      throw new RoostError("unavailable", `${absolute} changes while it is read: try again`);
    const { mtimeNs } = stats;
    return { sha256: hash.digest("hex"), bytes: Number(stats.size), modifiedAt: modifiedAtOf(stats), mtimeNs, stamp };
  });
}

/** At most `count` bytes; undefined when there is no such file. @throws FileFault when it is no file or cannot be read */
export async function readDiskRange(
  absolute: string,
  { from, count }: { from: number; count: number },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return await withFile(absolute, async (read) => {
    const bytes = new Uint8Array(count);
    let filled = 0;
    for (
      let got: number;
      filled < count && (got = await read(bytes.subarray(filled), from + filled)) > 0;
      filled += got
    );
    return bytes.slice(0, filled);
  });
}

/** All of it, piece by piece; nothing when there is no such file. @throws FileFault when it is no file or cannot be read */
export async function* readDiskPieces(absolute: string): AsyncGenerator<Uint8Array> {
  await using handle = await openForPieces(absolute);
  for (let at = 0; handle !== undefined;) {
    // Each in a buffer of its own: who takes it may keep it.
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openForPieces(absolute: string): Promise<FileHandle | undefined> {
  try {
    return await openResolved(absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw toFileFault(error, absolute);
  }
}

/** `read` fills a buffer from a place on, and says with how many bytes. */
async function withFile<T>(
  absolute: string,
  work: (read: (into: Uint8Array, at: number) => Promise<number>, stats: BigIntStats) => Promise<T>,
): Promise<T | undefined> {
  try {
    await using handle = await openResolved(absolute);
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) refuseForeign(absolute, stats);
    return await work(async (into, at) => (await handle.read(into, 0, into.byteLength, at)).bytesRead, stats);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw toFileFault(error, absolute);
  }
}
