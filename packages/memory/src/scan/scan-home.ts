/**
 * Notices what happened to the home without Roost: each edit, new file and deletion becomes an event, once, with the content kept.
 * Cheap when nothing happened: files whose inode, size and change time are known are not opened.
 */
import { toRoostError } from "@roost/base";
import { homeLimits } from "../disk/home-limits.ts";
import { readDiskFile, type DiskFile } from "../disk/read-disk-file.ts";
import { walkHome, type WalkedFile } from "../disk/walk-home.ts";
import type { Memory } from "../memory.ts";
import {
  emitEdited,
  lockPath,
  readRecord,
  readRecords,
  recordOutsideEdit,
  saveRecord,
  saveStamp,
  type FileRecord,
} from "../records/file-records.ts";
import { settleIntents } from "../records/write-intents.ts";
import { settleState } from "../state/settle-state.ts";
import { statePathOf, stateNameOf } from "../visibility/home-file-class.ts";
import { join } from "node:path";

export interface HomeScan {
  /** Paths whose edits were recorded by this scan. */
  edited: string[];
  fileCount: number;
  /** False: the home has more files than are watched. */
  isComplete: boolean;
}

/** Looks at every file of the home. Any number of processes may do so at once; each edit is recorded by one of them. */
export async function scanHome(memory: Memory): Promise<HomeScan> {
  await settleIntents(memory);
  const [walk, records] = await Promise.all([walkHome(memory.homeDir), readRecords(memory.kernel.database)]);
  if (!walk.isComplete)
    memory.logger.warn("the home has more files than are watched", { filesMax: homeLimits.filesMax });
  const edited: string[] = [];
  const states = new Set<string>();
  const missing = new Map(records);
  for (const file of walk.files) {
    const record = records.get(file.path);
    missing.delete(file.path);
    if (record !== undefined && record.stamp === file.stableStamp) continue;
    const stateName = stateNameOf(file.path);
    if (stateName !== undefined) states.add(stateName);
    await guarded(memory, file.path, async () => {
      if (await lookAt(memory, file, record, stateName !== undefined)) edited.push(file.path);
    });
  }
  if (walk.isComplete) {
    for (const path of missing.keys()) {
      await guarded(memory, path, async () => {
        if (await lookAtMissing(memory, path)) edited.push(path);
      });
    }
  }
  for (const name of await readUnsettledStates(memory, walk)) states.add(name);
  for (const name of states) await guarded(memory, statePathOf(name) ?? name, () => settleState(memory, name));
  return { edited, fileCount: walk.files.length, isComplete: walk.isComplete };
}

/** One file that cannot be read must not hide the others. */
async function guarded(memory: Memory, path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code, message } = toRoostError(error);
    if (code === "unavailable") throw error;
    memory.logger.warn("a file of the home could not be looked at", { path, code, error: message });
  }
}

/** States whose files differ from what is recorded, or are gone. */
async function readUnsettledStates(memory: Memory, walk: { files: WalkedFile[] }): Promise<string[]> {
  const there = walk.files.flatMap((file) => stateNameOf(file.path) ?? []);
  const rows = await memory.kernel.database.query<{ name: string }>(
    `select name from memory.state where sha256 is distinct from disk_sha256 or (disk_sha256 is not null and name <> all($1::text[]))`,
    [there],
  );
  return rows.map((row) => row.name);
}

/** A state's edits are recorded with the state; here only what its file looked like is noted. */
async function lookAt(
  memory: Memory,
  file: WalkedFile,
  record: FileRecord | undefined,
  isState: boolean,
): Promise<boolean> {
  if (file.bytes > homeLimits.fileBytesMax) return !isState && lookAtLarge(memory, file, record);
  const disk = await readDiskFile(file.absolute);
  if (disk === undefined) return false;
  if (record !== undefined && record.sha256 === disk.sha256) {
    await saveStamp(memory.kernel.database, { path: file.path, sha256: disk.sha256, stamp: disk.stamp });
    return false;
  }
  if (isState) {
    await saveStateFile(memory, file.path, disk);
    return false;
  }
  return recordNow(memory, file.path);
}

async function recordNow(memory: Memory, path: string): Promise<boolean> {
  const eventId = await memory.kernel.transact(async (tx) => {
    await lockPath(tx, path);
    const disk = await readDiskFile(join(memory.homeDir, path));
    return recordOutsideEdit(memory, tx, { path, disk, record: await readRecord(tx, path) });
  });
  return eventId !== undefined;
}

async function saveStateFile(memory: Memory, path: string, disk: DiskFile): Promise<void> {
  await saveRecord(memory.kernel.database, {
    path,
    sha256: disk.sha256,
    bytes: disk.bytes.length,
    // The state is settled after this: only a file that stays as it is keeps its stamp.
    stamp: disk.stamp,
    modifiedAt: disk.modifiedAt,
    eventId: "state",
  });
}

/** Too large to keep versions of: size and times have to do. */
async function lookAtLarge(memory: Memory, file: WalkedFile, record: FileRecord | undefined): Promise<boolean> {
  if (file.stamp === null) return false;
  return memory.kernel.transact(async (tx) => {
    await lockPath(tx, file.path);
    const now = await readRecord(tx, file.path);
    if (now?.stamp === file.stamp) return false;
    const eventId = emitEdited(tx, file.path, {
      change: record === undefined ? "created" : "changed",
      bytes: file.bytes,
    });
    await saveRecord(tx, {
      path: file.path,
      sha256: null,
      bytes: file.bytes,
      stamp: file.stamp,
      modifiedAt: file.modifiedAt,
      eventId,
    });
    return true;
  });
}

async function lookAtMissing(memory: Memory, path: string): Promise<boolean> {
  if (stateNameOf(path) === undefined) return recordNow(memory, path);
  await memory.kernel.database.query("delete from memory.file where path = $1", [path]);
  return false;
}
