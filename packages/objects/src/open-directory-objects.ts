/**
 * An object store in a directory: `ab/cdef…`, the name cut after two digits. A file is written beside its place, synced and renamed, so a name
 * always has its whole bytes. Any number of processes may share the directory.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, systemClock } from "@roost/base";
import { hashObject, isName, listLimitOf, objectBytesDefault, requireHash, requireName } from "./hash-object.ts";
import { readOnlyObjects } from "./read-only-objects.ts";
import { requireRoom } from "./require-room.ts";
import type {
  ListObjectsOptions,
  ObjectContent,
  ObjectList,
  ObjectRange,
  ObjectStat,
  ObjectStore,
} from "./object-store.ts";

const prefixChars = 2;
const pieceBytes = 64 * 1024;
const incomingName = "incoming";
/** Age at which a killed process's unfinished files are removed. */
const incomingMsMax = 24 * 60 * 60 * 1_000;

export interface OpenDirectoryObjectsOptions {
  /** Limit of one object; default 256 MiB. */
  objectBytesMax?: number;
  /** What of the disk stays free when an object is put whose size is known before; default 1 GiB. */
  reserveBytes?: number | undefined;
  /** What is put is hashed and not kept, and nothing of the directory is changed: for who may not write. */
  isReadOnly?: boolean;
}

/** Creates the directory when it is missing, unless it is read-only. */
export async function openDirectoryObjects(
  directory: string,
  { objectBytesMax = objectBytesDefault, reserveBytes, isReadOnly = false }: OpenDirectoryObjectsOptions = {},
): Promise<ObjectStore> {
  const store = new DirectoryObjects(directory, { objectBytesMax, reserveBytes });
  if (isReadOnly) return readOnlyObjects(store, objectBytesMax);
  await mkdir(join(directory, incomingName), { recursive: true, mode: 0o700 });
  await removeAbandoned(join(directory, incomingName));
  return store;
}

class DirectoryObjects implements ObjectStore {
  readonly #directory: string;
  readonly #objectBytesMax: number;
  readonly #reserveBytes: number | undefined;

  constructor(
    directory: string,
    { objectBytesMax, reserveBytes }: { objectBytesMax: number; reserveBytes: number | undefined },
  ) {
    this.#directory = directory;
    this.#objectBytesMax = objectBytesMax;
    this.#reserveBytes = reserveBytes;
  }

  async put(content: ObjectContent, expected?: ObjectStat): Promise<ObjectStat> {
    if (expected !== undefined)
      await requireRoom(this.#directory, { bytes: expected.bytes, reserveBytes: this.#reserveBytes });
    const incoming = join(this.#directory, incomingName, randomUUID());
    const file = await open(incoming, "wx", 0o600);
    try {
      const written = await closing(file, async () => {
        const limits = { objectBytesMax: this.#objectBytesMax, expected };
        const hashed = await hashObject(content, limits, (piece) => file.writeFile(piece));
        await file.sync();
        return hashed;
      });
      // A complete object stays; one of another size was damaged from outside and is replaced.
      const present = await this.stat(written.sha256);
      if (present?.bytes !== written.bytes) await this.#moveIn(incoming, written.sha256);
      await this.#syncNames(written.sha256);
      return written;
    } finally {
      await rm(incoming, { force: true });
    }
  }

  async get(sha256: string): Promise<Uint8Array | undefined> {
    const bytes = await orUndefined(readFile(this.#pathOf(sha256)));
    if (bytes !== undefined) requireHash(createHash("sha256").update(bytes), sha256);
    return bytes;
  }

  async *read(sha256: string, range?: ObjectRange): AsyncIterable<Uint8Array> {
    const file = await orUndefined(open(this.#pathOf(sha256)));
    if (file === undefined) throw new RoostError("not_found", `there is no object ${sha256}`);
    const hash = createHash("sha256");
    const { from, count } = range ?? { from: 0, count: Infinity };
    try {
      for (let at = from; at < from + count;) {
        const wanted = Math.min(pieceBytes, from + count - at);
        const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        const piece = buffer.subarray(0, bytesRead);
        if (range === undefined) hash.update(piece);
        yield piece;
      }
    } finally {
      await file.close();
    }
    if (range === undefined) requireHash(hash, sha256);
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.stat(sha256)) !== undefined;
  }

  async stat(sha256: string): Promise<ObjectStat | undefined> {
    const found = await orUndefined(stat(this.#pathOf(sha256)));
    return found === undefined ? undefined : { sha256, bytes: found.size };
  }

  async delete(sha256: string): Promise<boolean> {
    const path = this.#pathOf(sha256);
    const wasThere = await this.has(sha256);
    await rm(path, { force: true });
    return wasThere;
  }

  async list({ after = "", limit }: ListObjectsOptions = {}): Promise<ObjectList> {
    if (after !== "") requireName(after);
    const wanted = listLimitOf(limit);
    const objects: ObjectStat[] = [];
    for (const prefix of (await readdir(this.#directory)).sort()) {
      if (prefix.length !== prefixChars || prefix < after.slice(0, prefixChars)) continue;
      for (const rest of (await readdir(join(this.#directory, prefix))).sort()) {
        const name = prefix + rest;
        if (!isName(name) || name <= after) continue;
        const last = objects.at(-1);
        if (last !== undefined && objects.length === wanted) return { objects, next: last.sha256 };
        // Deleted meanwhile.
        const found = await this.stat(name);
        if (found !== undefined) objects.push(found);
      }
    }
    return { objects, next: null };
  }

  async link(): Promise<undefined> {
    return undefined;
  }

  async #moveIn(incoming: string, sha256: string): Promise<void> {
    await mkdir(join(this.#directory, sha256.slice(0, prefixChars)), { recursive: true, mode: 0o700 });
    await rename(incoming, this.#pathOf(sha256));
  }

  // Also for an existing object: its writer may not have synced the name yet.
  async #syncNames(sha256: string): Promise<void> {
    await syncDirectory(join(this.#directory, sha256.slice(0, prefixChars)));
    await syncDirectory(this.#directory);
  }

  #pathOf(sha256: string): string {
    requireName(sha256);
    return join(this.#directory, sha256.slice(0, prefixChars), sha256.slice(prefixChars));
  }
}

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  await closing(handle, () => handle.sync());
}

async function closing<T>(file: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await file.close();
  }
}

async function removeAbandoned(incoming: string): Promise<void> {
  for (const name of await readdir(incoming)) {
    const found = await orUndefined(stat(join(incoming, name)));
    if (found !== undefined && systemClock.nowMs() - found.mtimeMs > incomingMsMax)
      await rm(join(incoming, name), { force: true });
  }
}
