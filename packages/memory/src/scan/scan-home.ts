/**
 * Notices what happened to the home without Roost: each edit, new file and deletion becomes an event, once, with the content kept.
 * Cheap when nothing happened: files whose inode, size and change time are known are not opened.
 */
import { join } from "node:path";
import { toRoostError } from "@roost/base";
import { homeLimits } from "../disk/home-limits.ts";
import { readDiskFile, type DiskFile } from "../disk/read-disk-file.ts";
import { walkHome, type Walk, type WalkedFile } from "../disk/walk-home.ts";
import type { Memory } from "../memory.ts";
import {
  emitEdited,
  lockPath,
  lockPaths,
  readRecord,
  readRecords,
  saveRecord,
  saveStamp,
  type FileRecord,
} from "../records/file-records.ts";
import { hasIntents, recordFound, settleIntents } from "../records/write-intents.ts";
import { settleState } from "../state/settle-state.ts";
import { stateNameOf } from "../visibility/home-file-class.ts";

export interface HomeScan {
  /** Paths whose edits were recorded by this scan. */
  edited: string[];
  /** Every file of the home. */
  files: WalkedFile[];
  /** False: the home has more files than are watched. */
  isComplete: boolean;
}

/** Files that are recorded in one transaction. */
const batchSize = 100;
const readCount = 8;

/** Looks at every file of the home. Any number of processes may do so at once; each edit is recorded by one of them. */
export async function scanHome(memory: Memory): Promise<HomeScan> {
  const { walk, records, knownStates } = await look(memory);
  if (!walk.isComplete)
    memory.logger.warn("the home has more files than are watched", { filesMax: homeLimits.filesMax });
  const states = new Set(statesToSettle(knownStates, walk));
  const changed: string[] = [];
  const edited: string[] = [];
  const suspects = walk.files.filter((file) => records.get(file.path)?.stamp !== file.stableStamp);
  for (let from = 0; from < suspects.length; from += readCount) {
    await Promise.all(
      suspects.slice(from, from + readCount).map((file) =>
        guarded(memory, file.path, async () => {
          const stateName = stateNameOf(file.path);
          if (stateName !== undefined) states.add(stateName);
          const verdict = await examine(memory, file, records.get(file.path));
          if (verdict === "changed") changed.push(file.path);
          if (verdict === "recorded") edited.push(file.path);
        }),
      ),
    );
  }
  if (walk.isComplete) changed.push(...(await missingPaths(memory, walk, records)));
  changed.sort();
  for (let from = 0; from < changed.length; from += batchSize)
    edited.push(...(await recordBatch(memory, changed.slice(from, from + batchSize))));
  for (const name of states) await guarded(memory, name, () => settleState(memory, name));
  return { edited, files: walk.files, isComplete: walk.isComplete };
}

interface Look {
  walk: Walk;
  records: Map<string, FileRecord>;
  knownStates: KnownState[];
}

async function look(memory: Memory): Promise<Look> {
  const once = async (): Promise<Look> => {
    const [walk, records, knownStates] = await Promise.all([
      walkHome(memory.homeDir),
      readRecords(memory.kernel.database),
      readKnownStates(memory),
    ]);
    return { walk, records, knownStates };
  };
  const [first, isUnfinished] = await Promise.all([once(), hasIntents(memory)]);
  if (!isUnfinished) return first;
  // What a dead writer wrote is not an edit from outside.
  await settleIntents(memory);
  return once();
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

interface KnownState {
  name: string;
  /** The file is still to be written. */
  isUnsettled: boolean;
  /** Roost saw a file. */
  hadFile: boolean;
}

async function readKnownStates(memory: Memory): Promise<KnownState[]> {
  return memory.kernel.database.query<KnownState>(
    `select name, sha256 is distinct from disk_sha256 as "isUnsettled", disk_sha256 is not null as "hadFile" from memory.state`,
    [],
    { name: "memory_known_states" },
  );
}

/** States that are still to be written, and those whose files are gone. */
function statesToSettle(known: KnownState[], walk: Walk): string[] {
  const there = new Set(walk.files.flatMap((file) => stateNameOf(file.path) ?? []));
  return known
    .filter(({ name, isUnsettled, hadFile }) => isUnsettled || (hadFile && !there.has(name)))
    .map(({ name }) => name);
}

/** `changed`: to be recorded with others. A state's edits are recorded with the state; here only what its file looked like is noted. */
async function examine(
  memory: Memory,
  file: WalkedFile,
  record: FileRecord | undefined,
): Promise<"same" | "changed" | "recorded"> {
  const isState = stateNameOf(file.path) !== undefined;
  if (file.bytes > homeLimits.fileBytesMax)
    return !isState && (await recordLarge(memory, file, record)) ? "recorded" : "same";
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
  // Outside the transaction: it waits for the disk.
  await memory.versions.put(disk.bytes);
  return "changed";
}

async function recordBatch(memory: Memory, paths: string[]): Promise<string[]> {
  return memory.kernel.transact(async (tx) => {
    await lockPaths(tx, paths);
    const edited: string[] = [];
    for (const path of paths) {
      const disk = await readDiskFile(join(memory.homeDir, path)).catch(() => "unreadable" as const);
      if (disk === "unreadable") continue;
      if (await recordFound(memory, tx, { path, disk, record: await readRecord(tx, path) })) edited.push(path);
    }
    return edited;
  });
}

/** Recorded files that are not there any more. A state's file is missed by its row. */
async function missingPaths(memory: Memory, walk: Walk, records: Map<string, FileRecord>): Promise<string[]> {
  const there = new Set(walk.files.map((file) => file.path));
  const missing = [...records.keys()].filter((path) => !there.has(path));
  const ofStates = missing.filter((path) => stateNameOf(path) !== undefined);
  if (ofStates.length > 0)
    await memory.kernel.database.query("delete from memory.file where path = any($1)", [ofStates]);
  return missing.filter((path) => stateNameOf(path) === undefined);
}

async function noteStateFile(memory: Memory, path: string, disk: DiskFile): Promise<void> {
  await saveRecord(memory.kernel.database, {
    path,
    sha256: disk.sha256,
    bytes: disk.bytes.length,
    stamp: disk.stamp,
    modifiedAt: disk.modifiedAt,
    eventId: "state",
  });
}

/** Too large to keep versions of: size and times have to do. */
async function recordLarge(memory: Memory, file: WalkedFile, record: FileRecord | undefined): Promise<boolean> {
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
