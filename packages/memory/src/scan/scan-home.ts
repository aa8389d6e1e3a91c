/**
 * Notices changes of the home made without Roost: each edit, new file and deletion becomes one event, with the content kept. Cheap when nothing
 * changed: files whose inode, size and change time are known are not opened. Each file is handled alone; one that fails is set aside with its
 * reason.
 */
import { rm } from "node:fs/promises";
import { relative } from "node:path";
import { systemClock } from "@roost/base";
import { homeLimits } from "../disk/home-limits.ts";
import { readDiskFile } from "../disk/read-disk-file.ts";
import { walkHome, type Walk, type WalkedFile } from "../disk/walk-home.ts";
import { mayHaveLost, type ComparedDisk } from "../history/lost-history.ts";
import type { HomeMirror, Memory } from "../memory.ts";
import { catchUpDisk } from "../mirror/catch-up-disk.ts";
import { reportProblems, settleAlone, settleProblems, type FileProblem } from "../records/file-problems.ts";
import { idsOfIntents, readUnsettled, settleIntents, type KnownState } from "../records/write-intents.ts";
import { readRecords, type FileRecord } from "../records/file-records.ts";
import { isKeptVersion } from "../records/large-versions.ts";
import { memoryPath, settleMemoryFile } from "../facts/settle-memory-file.ts";
import { settleStateFile } from "../state/settle-state.ts";
import { requireStatePath } from "../state/state-row.ts";
import { classifyPath, stateNameOf } from "../visibility/home-file-class.ts";
import { findHeld, findProblems, findUnkept } from "./find-problems.ts";
import { batchSize, examineFile, recordChanged } from "./record-changed.ts";

export interface HomeScan {
  /** Paths whose edits were recorded by this scan. */
  edited: string[];
  /** Every file of the home. */
  files: WalkedFile[];
  /** False: the home has more files than are watched, or changes were left to a later scan. */
  isComplete: boolean;
}

export interface ScanHome {
  /** How many changed files to record; the rest is left to a later scan. Files that sessions read come first. Default: all. */
  changesMax?: number;
  /**
   * How many of them may be files that no session reads by itself; more of them are left to a scan that takes all, so that a brief one neither records
   * thousands nor waits for what that scan has locked. Default: all.
   */
  othersMax?: number;
  /** The machine's time, which file times are in. Default: now. */
  nowMs?: number;
  /** Leaves what is not recorded yet to a later scan. */
  signal?: AbortSignal | undefined;
}

/** For a scan within another task, which must not wait for thousands of new files: the watch records them. */
export const briefScan: ScanHome = { changesMax: 60, othersMax: 20 };
/** For the start of a home, which does not wait for thousands of files that were put there meanwhile. */
export const firstScan: ScanHome = { changesMax: 500, othersMax: 100 };

/** At once; a batch is a multiple of it. */
const readCount = 8;
/** A replacement takes milliseconds; an older temporary file belongs to a dead process, or to one that will start again. */
const temporaryMsMax = 10 * 60_000;

/** Scans every file of the home. Any number of processes may do so at once; each edit is recorded by one of them. */
export async function scanHome(memory: Memory, options: ScanHome = {}): Promise<HomeScan> {
  const { changesMax = Infinity, othersMax = Infinity, nowMs = systemClock.nowMs(), signal } = options;
  if (memory.mirror !== undefined) return await lookAtMirror(memory, memory.mirror);
  const { walk, records, knownStates, known, problems, compared } = await look(memory);
  problems.push(...(await removeLeftovers(memory, walk, nowMs)));
  const problemCount = problems.length;
  const mayBeLost = mayHaveLost(compared);
  const states = new Set(statesToSettle(knownStates, walk));
  const edited: string[] = [];
  const suspects = walk.files.filter((file) => records.get(file.path)?.stamp !== file.stableStamp);
  const [read, others] = byReaders(suspects);
  const taken = [...read, ...(others.length <= othersMax ? others : [])].slice(0, changesMax);
  let takenCount = 0;
  // Each batch is recorded before the next is read: a scan of thousands that is cut off has not been in vain.
  while (takenCount < taken.length && signal?.aborted !== true) {
    const slice = taken.slice(takenCount, takenCount + batchSize);
    const changed = await examineSlice(memory, slice, { records, states, problems, edited, mayBeLost });
    edited.push(...(await recordChanged(memory, changed.toSorted(), problems)));
    takenCount += slice.length;
  }
  // After what is there: a file that was moved and edited is known by what is recorded of the one that is gone.
  const isAllSeen = walk.isComplete && takenCount === suspects.length;
  const missing = isAllSeen ? await missingPaths(memory, walk, records) : [];
  edited.push(...(await recordChanged(memory, missing.slice(0, changesMax), problems)));
  const isRecorded = problems.length === problemCount;
  for (const name of states) {
    await settleAlone(requireStatePath(name), problems, async () => {
      const outcome = await settleStateFile(memory, name);
      if (typeof outcome !== "string") problems.push(outcome);
    });
  }
  const ofMemory = records.get(memoryPath);
  if (edited.includes(memoryPath) || (ofMemory !== undefined && ofMemory.sha256 !== ofMemory.settledSha256))
    await settleAlone(memoryPath, problems, () => settleMemoryFile(memory));
  // What was recorded by this scan may be marked.
  const recorded = edited.length === 0 ? records : await readRecords(memory.kernel.database);
  problems.push(...(await findHeld(memory, new Map([...recorded].map(([path, { labels }]) => [path, labels])))));
  const isWhole = takenCount === suspects.length && missing.length <= changesMax;
  const hasSeenAll = walk.isComplete && walk.unseen.length === 0;
  if (isWhole) await memory.lostHistory.settle(memory.kernel, compared, { isWhole: isRecorded && hasSeenAll });
  // A scan that left files out cannot tell that a problem is over.
  await (isWhole ? settleProblems(memory, problems, known) : reportProblems(memory, unknownOf(problems, known)));
  return { edited, files: walk.files, isComplete: walk.isComplete && isWhole };
}

interface Seen {
  records: Map<string, FileRecord>;
  states: Set<string>;
  problems: FileProblem[];
  edited: string[];
  /** The log may have lost what some of them hold. */
  mayBeLost: boolean;
}

/** Returns the paths that are to be recorded with others; states and files that are recorded alone go where they belong. */
async function examineSlice(memory: Memory, slice: readonly WalkedFile[], seen: Seen): Promise<string[]> {
  const changed: string[] = [];
  const examine = (file: WalkedFile) =>
    settleAlone(file.path, seen.problems, async () => {
      const stateName = stateNameOf(file.path);
      if (stateName !== undefined) seen.states.add(stateName);
      const verdict = await examineFile(memory, file, {
        record: seen.records.get(file.path),
        mayBeLost: seen.mayBeLost,
      });
      if (verdict === "changed") changed.push(file.path);
      if (verdict === "recorded") seen.edited.push(file.path);
    });
  for (let from = 0; from < slice.length; from += readCount)
    await Promise.all(slice.slice(from, from + readCount).map(examine));
  return changed;
}

/** Nothing is recorded of a mirror: it is made of the records. */
async function lookAtMirror({ homeDir }: Memory, mirror: HomeMirror): Promise<HomeScan> {
  await mirror.refresh();
  const { files, isComplete } = await walkHome(homeDir);
  return { edited: [], files, isComplete };
}

/** Files that sessions read by themselves, the newest notes after the rest of them, and others. */
function byReaders(files: WalkedFile[]): [WalkedFile[], WalkedFile[]] {
  const of = (...classes: string[]) => files.filter(({ path }) => classes.includes(classifyPath(path).class));
  const others = of("work", "other", "skill");
  const notes = of("note").toSorted((left, right) => (left.path < right.path ? 1 : -1));
  const left = new Set([...others, ...notes]);
  return [[...files.filter((file) => !left.has(file)), ...notes], others];
}

function unknownOf(problems: FileProblem[], known: readonly FileProblem[]): FileProblem[] {
  return problems.filter(({ path }) => !known.some((one) => one.path === path));
}

interface Look {
  walk: Walk;
  records: Map<string, FileRecord & { labels: number }>;
  knownStates: KnownState[];
  /** From earlier scans. */
  known: FileProblem[];
  /** Of this scan. */
  problems: FileProblem[];
  /** As of before the look. */
  compared: ComparedDisk;
}

async function look(memory: Memory): Promise<Look> {
  const { database } = memory.kernel;
  const once = () =>
    Promise.all([
      walkHome(memory.homeDir),
      database.together((sql) => Promise.all([readRecords(sql), readUnsettled(sql)])),
    ]);
  const first = await once();
  const { hasIntents, isBehind, known, compared } = first[1][1];
  // A dead writer's file is not an edit from outside.
  const unsettled = hasIntents ? await settleIntents(memory) : [];
  if (isBehind) unsettled.push(...(await catchUpDisk(memory)));
  const [walk, [records, { states }]] = hasIntents || isBehind ? await once() : first;
  const problems = [...unsettled, ...(await findProblems(memory, walk)), ...findUnkept(records)];
  return { walk, records, knownStates: states, known, problems, compared };
}

/**
 * Removes temporary files of dead processes. Their content is kept: it may be the only copy of a last edit. Returns those whose content cannot be,
 * which stay.
 */
async function removeLeftovers(memory: Memory, { temporaries }: Walk, nowMs: number): Promise<FileProblem[]> {
  const old = temporaries.filter(({ changedAtMs }) => nowMs - changedAtMs > temporaryMsMax);
  const problems: FileProblem[] = [];
  if (old.length === 0) return problems;
  const owned = await idsOfIntents(
    memory.kernel.database,
    old.map(({ id }) => id),
  );
  for (const { id, absolute } of old) {
    if (owned.has(id)) continue;
    try {
      const reason = await keepTemporary(memory, absolute);
      if (reason === undefined) await rm(absolute, { force: true });
      else problems.push({ path: relative(memory.homeDir, absolute), reason });
    } catch (error) {
      memory.logger.warn("a temporary file of a write could not be removed", { absolute, error });
    }
  }
  return problems;
}

/** Why it is to stay: its content is no version, and cannot be made one here. */
async function keepTemporary(memory: Memory, absolute: string): Promise<string | undefined> {
  const hashed = await memory.fileHashes.of(absolute);
  if (hashed === undefined) return undefined;
  const { sha256, bytes } = hashed;
  const isLarge = bytes > homeLimits.fileBytesMax;
  if (isLarge && !(await isKeptVersion(memory.kernel.database, sha256)))
    return `it was left by a write, and has ${bytes} bytes that are no version of any file: look at them, and remove it`;
  const disk = isLarge ? undefined : await readDiskFile(absolute);
  if (disk !== undefined) await memory.versions.put(disk.bytes);
  memory.logger.info("a temporary file of a write was removed", { absolute, sha256 });
  return undefined;
}

/** States that are still to be written, and those whose files are gone. */
function statesToSettle(known: KnownState[], walk: Walk): string[] {
  const there = new Set(walk.files.flatMap((file) => stateNameOf(file.path) ?? []));
  const isSeen = seenBy(walk);
  return known
    .filter(({ name, isUnsettled, hadFile }) => {
      const path = requireStatePath(name);
      return isUnsettled || (hadFile && !there.has(name) && isSeen(path));
    })
    .map(({ name }) => name);
}

/** Recorded files that are gone. A state's missing file is known from its row. */
async function missingPaths(memory: Memory, walk: Walk, records: Map<string, FileRecord>): Promise<string[]> {
  const there = new Set(walk.files.map((file) => file.path));
  const isSeen = seenBy(walk);
  const missing = [...records.keys()].filter((path) => !there.has(path) && isSeen(path));
  const ofStates = missing.filter((path) => stateNameOf(path) !== undefined);
  if (ofStates.length > 0)
    await memory.kernel.database.query("delete from memory.file where path = any($1)", [ofStates]);
  return missing.filter((path) => stateNameOf(path) === undefined);
}

/** False below a folder that could not be read: the file may still exist. */
function seenBy({ unseen }: Walk): (path: string) => boolean {
  if (unseen.length === 0) return () => true;
  return (path) => !unseen.some((one) => one.path === "." || path === one.path || path.startsWith(`${one.path}/`));
}
