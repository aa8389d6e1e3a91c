import { RoostError, toRoostError } from "@roost/base";
import type { ResolvedPath } from "../disk/home-path.ts";
import { readDiskFile } from "../disk/read-disk-file.ts";
import { isLargeThere, refuseTooLarge } from "../files/keep-large-file.ts";
import type { Memory } from "../memory.ts";

/** What stands at a place of the home before a file of another one comes there. */
export interface Here {
  sha256: string;
  modifiedAt: Date;
  /** Undefined: it is large. */
  content?: Buffer;
}

/** @throws RoostError `limit_exceeded` when it is too large to become a version, `conflict` while it changes; FileFault when it cannot be read */
export async function findHere(memory: Memory, { path, absolute }: ResolvedPath): Promise<Here | undefined> {
  if (!isLargeThere(absolute)) {
    const disk = await readDiskFile(absolute);
    return disk && { sha256: disk.sha256, modifiedAt: disk.modifiedAt, content: disk.bytes };
  }
  refuseTooLarge({ path, absolute });
  try {
    const found = await memory.fileHashes.of(absolute);
    return found && { sha256: found.sha256, modifiedAt: found.modifiedAt };
  } catch (error) {
    // It says something of this file alone.
    if (toRoostError(error).code !== "unavailable") throw error;
    throw new RoostError("conflict", `${path} changes here while it is compared: import again`);
  }
}
