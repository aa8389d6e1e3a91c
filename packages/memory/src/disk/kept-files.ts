/**
 * Recently read files of a home. Files at the start of a context rarely change: one look at the file's stamp tells, by the rule of the scan (a file
 * changed a moment ago is read again).
 */
import { lstatSync } from "node:fs";
import { readDiskFile, stampOf, type DiskFile } from "./read-disk-file.ts";

const filesMax = 256;
const bytesMax = 8 * 1024 * 1024;

export class KeptFiles {
  /** By absolute path, least recently used first. */
  readonly #files = new Map<string, DiskFile>();
  #bytes = 0;

  /** As readDiskFile. The result is shared and must not be changed. */
  async read(absolute: string): Promise<DiskFile | undefined> {
    const kept = this.#files.get(absolute);
    if (kept !== undefined && isUnchanged(absolute, kept)) {
      this.#keep(absolute, kept);
      return kept;
    }
    const disk = await readDiskFile(absolute);
    this.#keep(absolute, disk);
    return disk;
  }

  #keep(absolute: string, disk: DiskFile | undefined): void {
    this.#forget(absolute);
    if (disk === undefined || disk.stamp === null) return;
    this.#files.set(absolute, disk);
    this.#bytes += disk.bytes.length;
    for (const oldest of this.#files.keys()) {
      if (this.#files.size <= filesMax && this.#bytes <= bytesMax) break;
      this.#forget(oldest);
    }
  }

  #forget(absolute: string): void {
    this.#bytes -= this.#files.get(absolute)?.bytes.length ?? 0;
    this.#files.delete(absolute);
  }
}

/** If it cannot be checked, readDiskFile says why. */
function isUnchanged(absolute: string, kept: DiskFile): boolean {
  try {
    const stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
    return stats !== undefined && stats.isFile() && stampOf(stats) === kept.stamp;
  } catch {
    return false;
  }
}
