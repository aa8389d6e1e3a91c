/**
 * Writes where the home's disk is on another machine: what is written is recorded first, with everything that belongs to it in one transaction, and
 * the disk follows. `memory.file.behind` says what the disk holds until then. A person's edit that came meanwhile is merged by lines; in the same
 * lines both versions are kept.
 */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { joinLabels, mainLabels, type Labels } from "@roost/contract/labels";
import { labelSetNumbers, raiseNotice, type KernelTransaction } from "@roost/kernel";
import { FileFault } from "../disk/file-fault.ts";
import { hashOf, readDiskFile, readUnlessForeign, textOf, type DiskFile } from "../disk/read-disk-file.ts";
import { diffTexts, mergeTexts, nameBeside } from "../disk/merge-texts.ts";
import { replaceFile } from "../disk/replace-file.ts";
import { labelsOfLost, noteLost } from "../history/lost-history.ts";
import type { Memory } from "../memory.ts";
import {
  listBehind,
  lockPath,
  marksOfVersion,
  readRecord,
  recordOutsideEdit,
  saveCaughtUp,
  type FileRecord,
} from "../records/file-records.ts";
import { labelsOfAll } from "../records/line-marks.ts";
import { readRecordedMarks } from "../records/marks-of-text.ts";
import { settleAlone, type FileProblem } from "../records/file-problems.ts";

/** On the disk. */
type Found = DiskFile | FileFault | undefined;

const behindMax = 1_000;
/** Also: how often a slow writer may be taken for dead and start again. */
const attemptsMax = 8;
const diffCharsMax = 3_500;

/**
 * Changes a file where the home is. The attempt looks, under the path's lock, whether the disk is behind, and says "again": what a worker elsewhere
 * wrote comes first, or that it was taken for dead.
 * @throws RoostError `conflict` when the disk cannot be brought to it, with the reason; `unavailable`
 */
export async function overCaughtUpDisk<Outcome>(
  memory: Memory,
  path: string,
  attempt: () => Promise<Outcome | "again">,
): Promise<Outcome> {
  for (let count = 0; count < attemptsMax; count += 1) {
    const outcome = await attempt();
    if (outcome !== "again") return outcome;
    const [problem] = await catchUpDisk(memory, path);
    if (problem !== undefined)
      throw new RoostError(
        "conflict",
        `${path} was written on another host and cannot be brought to the disk (${problem.reason}): mend that, then try again`,
      );
  }
  throw new RoostError("unavailable", `${path} could not be changed in ${attemptsMax} attempts: try again`);
}

/** Brings the disk to what was recorded elsewhere. To be called where the home is; safe from any number of processes. */
export async function catchUpDisk(memory: Memory, path?: string): Promise<FileProblem[]> {
  const problems: FileProblem[] = [];
  for (const one of await listBehind(memory.kernel.database, { path, limit: behindMax }))
    await settleAlone(one, problems, () => catchUp(memory, one));
  return problems;
}

async function catchUp(memory: Memory, path: string): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) if (await catchUpOnce(memory, path)) return;
  memory.logger.warn("a file keeps changing while what was written elsewhere is brought to it; later again", { path });
}

/** False: the disk changed meanwhile. */
async function catchUpOnce(memory: Memory, path: string): Promise<boolean> {
  const absolute = join(memory.homeDir, path);
  const id = memory.kernel.createId();
  return memory.kernel.transact(async (tx) => {
    await lockPath(tx, path);
    const record = await readRecord(tx, path);
    if (record?.behind == null || record.sha256 === null) return true;
    const found = await readUnlessForeign(absolute);
    const disk = found instanceof FileFault ? undefined : found;
    const onDisk = disk?.sha256 ?? "absent";
    if (onDisk === record.sha256) {
      await saveCaughtUp(tx, { path, stamp: disk?.stamp ?? null });
      return true;
    }
    const recorded = await memory.versions.get(record.sha256);
    if (recorded === undefined)
      throw new RoostError("internal", `version ${record.sha256} of ${path} is not in the object store`);
    const joined = await joinEdits(memory, { record, found, recorded });
    const outside = disk === undefined ? undefined : await labelsOfLost(memory, tx, { path, sha256: disk.sha256 });
    if (outside !== undefined) await noteLost(tx, path);
    if (joined === undefined) {
      const text = await keepBoth(memory, { path, id, found, recorded });
      const labelSet = await labelsOfBoth(memory, tx, { path, disk, outside });
      raiseNotice(tx, { level: "warning", text, source: "home", labelSet });
      await saveCaughtUp(tx, { path, stamp: null });
      // What is no file of Roost's is recorded by the next scan.
      if (!(found instanceof FileFault))
        await recordOutsideEdit(memory, tx, { path, disk, record: { ...record, behind: null } });
      return true;
    }
    const replaced = await replaceFile({ absolute, bytes: joined, expected: onDisk, id });
    if (replaced.state === "conflict") return false;
    await saveCaughtUp(tx, { path, stamp: null });
    if (joined !== recorded)
      await recordOutsideEdit(memory, tx, {
        path,
        disk: await readDiskFile(absolute),
        record: { ...record, behind: null },
        outside,
      });
    return true;
  });
}

/**
 * What is to stand on the disk. Undefined: both changed the same lines, or no file can stand there. A file that was deleted meanwhile comes back:
 * nothing that was written is lost.
 */
async function joinEdits(
  memory: Memory,
  { record, found, recorded }: { record: FileRecord; found: Found; recorded: Uint8Array },
): Promise<Uint8Array | undefined> {
  if (found instanceof FileFault) return undefined;
  if (found === undefined || found.sha256 === record.behind) return recorded;
  const base =
    record.behind === "absent" || record.behind == null ? new Uint8Array() : await memory.versions.get(record.behind);
  const texts = [base, recorded, found.bytes].map((bytes) => (bytes === undefined ? undefined : textOf(bytes)));
  const [before, ours, theirs] = texts;
  if (before === undefined || ours === undefined || theirs === undefined) return undefined;
  const merged = mergeTexts(before, ours, theirs);
  return merged === undefined ? undefined : Buffer.from(merged);
}

/** Of a notice that quotes lines of both. */
async function labelsOfBoth(
  memory: Memory,
  tx: KernelTransaction,
  { path, disk, outside }: { path: string; disk: DiskFile | undefined; outside: Labels | undefined },
): Promise<number> {
  const ofRun = (await readRecordedMarks(tx, [path])).get(path);
  const ofDisk = await marksOfVersion(memory, tx, { path, bytes: disk?.bytes ?? new Uint8Array(), outside });
  const recorded = await memory.kernel.labelSets.read(tx, ofRun?.labels ?? labelSetNumbers.missing);
  return await tx.labelSet(joinLabels(mainLabels, recorded, labelsOfAll(ofDisk)));
}

/** Of a path in whose folder no file can stand, since a file is in the place of one: beside that file. */
async function placeOf({ homeDir }: Memory, path: string): Promise<string> {
  const parts = path.split("/");
  for (let count = 1; count < parts.length; count += 1) {
    const stats = await lstat(join(homeDir, ...parts.slice(0, count))).catch(() => undefined);
    if (stats?.isDirectory() === false) return [...parts.slice(0, count - 1), parts.at(-1)].join("/");
  }
  return path;
}

/** The disk's version stays; the recorded one stands beside it, where the next scan finds it. @returns What the person is told */
async function keepBoth(
  memory: Memory,
  { path, id, found, recorded }: { path: string; id: string; found: Found; recorded: Uint8Array },
): Promise<string> {
  const keptAs = nameBeside(await placeOf(memory, path), { by: "agent", sha256: hashOf(recorded) });
  await replaceFile({ absolute: join(memory.homeDir, keptAs), bytes: recorded, expected: "absent", id });
  const rest = `What is here stays, what the run wrote stands in ${keptAs}: put together what is to stay.`;
  if (found instanceof FileFault) return `A run on another host wrote ${path}, and here ${found.reason}. ${rest}`;
  const [ours, theirs] = [recorded, found?.bytes ?? new Uint8Array()].map((bytes) => textOf(bytes));
  const diff = ours === undefined || theirs === undefined ? "" : diffTexts(theirs, ours, { charsMax: diffCharsMax });
  return `${path} was edited here while a run on another host wrote it, in the same lines. ${rest}\n${diff}`;
}
