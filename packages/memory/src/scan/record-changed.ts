/** Records files that a scan found changed: one or many per transaction, and each alone when the many fail. */
import { join } from "node:path";
import { FileFault } from "../disk/file-fault.ts";
import { homeLimits } from "../disk/home-limits.ts";
import { readDiskFile, type DiskFile } from "../disk/read-disk-file.ts";
import type { WalkedFile } from "../disk/walk-home.ts";
import type { Memory } from "../memory.ts";
import { refuseOutage } from "../refuse-outage.ts";
import { settleAlone, type FileProblem } from "../records/file-problems.ts";
import {
  lockPath,
  lockPaths,
  readRecord,
  recordLargeEdit,
  recordOf,
  saveRecord,
  saveStamp,
  type FileRecord,
} from "../records/file-records.ts";
import { recordFound } from "../records/write-intents.ts";
import { stateNameOf } from "../visibility/home-file-class.ts";

/** Files recorded in one transaction. */
export const batchSize = 96;

/** `changed`: to be recorded with others. Edits of a state are recorded with the state; here only its stamp is. */
export async function examineFile(
  memory: Memory,
  file: WalkedFile,
  { record, mayBeLost }: { record: FileRecord | undefined; mayBeLost: boolean },
): Promise<"same" | "changed" | "recorded"> {
  const isState = stateNameOf(file.path) !== undefined;
  if (file.bytes > homeLimits.fileBytesMax) return !isState && (await recordLarge(memory, file)) ? "recorded" : "same";
  const disk = await readDiskFile(file.absolute);
  if (disk === undefined) return "same";
  if (record !== undefined && record.sha256 === disk.sha256) {
    await saveStamp(memory.kernel.database, { path: file.path, sha256: disk.sha256, stamp: disk.stamp });
    return "same";
  }
  if (isState) {
    await noteStateFile(memory, file.path, disk);
    return "same";
  }
  // Outside the transaction: it waits for the disk. Not where it tells whether Roost had stored it before.
  if (!mayBeLost) await memory.versions.put(disk.bytes);
  return "changed";
}

/** Returns the paths whose edits were recorded. */
export async function recordChanged(
  memory: Memory,
  paths: readonly string[],
  problems: FileProblem[],
): Promise<string[]> {
  const edited: string[] = [];
  for (let from = 0; from < paths.length; from += batchSize) {
    const batch = paths.slice(from, from + batchSize);
    try {
      edited.push(...(await recordBatch(memory, batch)));
    } catch (error) {
      const { message } = refuseOutage(error);
      memory.logger.warn("files of the home are recorded one by one, because they failed together", {
        error: message,
        fileCount: batch.length,
      });
      for (const path of batch)
        await settleAlone(path, problems, async () => edited.push(...(await recordBatch(memory, [path]))));
    }
  }
  return edited;
}

async function recordBatch(memory: Memory, paths: readonly string[]): Promise<string[]> {
  return memory.kernel.transact(async (tx) => {
    await lockPaths(tx, paths);
    const edited: string[] = [];
    for (const path of paths) {
      const disk = await readOrFault(join(memory.homeDir, path));
      // Already reported by the walk or the read.
      if (disk instanceof FileFault) continue;
      if (await recordFound(memory, tx, { path, disk, record: await readRecord(tx, path) })) edited.push(path);
    }
    return edited;
  });
}

/** Where there is now a folder or a pipe, the file is gone. */
async function readOrFault(absolute: string): Promise<DiskFile | undefined | FileFault> {
  try {
    return await readDiskFile(absolute);
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    return error.isForeign && error.code !== "limit_exceeded" ? undefined : error;
  }
}

async function noteStateFile(memory: Memory, path: string, disk: DiskFile): Promise<void> {
  await saveRecord(memory.kernel.database, { ...recordOf(path, disk), eventId: "state" });
}

/** Too large to version: only size and times are recorded. */
async function recordLarge(memory: Memory, file: WalkedFile): Promise<boolean> {
  if (file.stamp === null) return false;
  return memory.kernel.transact(async (tx) => {
    await lockPath(tx, file.path);
    const record = await readRecord(tx, file.path);
    // What a worker elsewhere wrote is not lost to it: the disk is brought to that first.
    if (record?.stamp === file.stamp || record?.behind != null) return false;
    await recordLargeEdit(memory, tx, { ...file, record });
    return true;
  });
}
