/**
 * Keeps a state file and its row equal. Three contents can differ: the log (row), what Roost last saw on disk (disk_…), and the disk now. From
 * these follows whether to write the file or to take over an edit from outside. Times decide nothing, and the losing content is kept and reported.
 */
import { link } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, systemClock, type JsonValue } from "@roost/base";
import { joinLabels } from "@roost/contract/labels";
import { raiseNotice, type KernelTransaction } from "@roost/kernel";
import { FileFault, toFileFault } from "../disk/file-fault.ts";
import { hashOf, readDiskFile, textOf, type DiskFile } from "../disk/read-disk-file.ts";
import { removeFile, replaceFile } from "../disk/replace-file.ts";
import type { Memory } from "../memory.ts";
import { reportProblems, type FileProblem } from "../records/file-problems.ts";
import { emitEdited, lockPath } from "../records/file-records.ts";
import { labelsFromOutside } from "../visibility/placed-at.ts";
import { mergeStates } from "./merge-state.ts";
import { parseState, renderState } from "./parse-state.ts";
import { outside, readStateRow, recordStateChange, requireStatePath, type StateRow } from "./state-row.ts";

/** An invalid file that changed this recently may be half written: it is read again later. */
const unfinishedMs = 2_000;
const passesMax = 8;

/** `later`: the file is invalid and has just changed. `failed`: the disk refuses; the log has the state. */
export type SettledState = "settled" | "later" | "failed";

/** `again`: the disk changed meanwhile. */
type Settling = Exclude<SettledState, "failed"> | "again";

/** Reconciles file and log. Safe at any time and from any process. A file that the disk refuses is reported once. */
export async function settleState(memory: Memory, name: string): Promise<SettledState> {
  const problem = await settleStateFile(memory, name);
  if (typeof problem === "string") return problem;
  await reportProblems(memory, [problem]);
  return "failed";
}

/** As settleState, but returns the file's problem instead of reporting it. */
export async function settleStateFile(
  memory: Memory,
  name: string,
): Promise<Exclude<SettledState, "failed"> | FileProblem> {
  // The row is written; the process that keeps the home's disk writes the file.
  if (memory.mirror !== undefined) return "settled";
  for (let pass = 0; pass < passesMax; pass += 1) {
    try {
      const outcome = await memory.kernel.transact((tx) => settleOnce(memory, tx, name));
      if (outcome !== "again") return outcome;
    } catch (error) {
      if (!(error instanceof FileFault)) throw error;
      return { path: requireStatePath(name), reason: error.reason };
    }
  }
  memory.logger.warn("a state file keeps changing while it is taken over; it is left for later", { name, passesMax });
  return "later";
}

async function settleOnce(memory: Memory, tx: KernelTransaction, name: string): Promise<Settling> {
  const path = requireStatePath(name);
  const absolute = join(memory.homeDir, path);
  await lockPath(tx, path);
  const row = await readStateRow(tx, name);
  const disk = await readDiskFile(absolute);
  const diskSha256 = disk?.sha256 ?? null;
  if (row === undefined && disk === undefined) return "settled";
  if (diskSha256 === (row?.diskSha256 ?? null)) {
    if (row === undefined || row.sha256 === diskSha256) return "settled";
    return write(memory, tx, row, absolute);
  }
  if (row !== undefined && diskSha256 === row.sha256) {
    // Written by a process that died before recording it.
    await saveDisk(tx, name, row.text);
    return "settled";
  }
  return takeOver(memory, tx, { name, path, absolute, row, disk });
}

async function write(memory: Memory, tx: KernelTransaction, row: StateRow, absolute: string): Promise<Settling> {
  const expected = row.diskSha256 ?? "absent";
  const id = memory.kernel.createId();
  const replaced =
    row.text === null
      ? await removeFile({ absolute, expected, id })
      : await replaceFile({ absolute, bytes: Buffer.from(row.text), expected, id });
  if (replaced.state === "conflict") return "again";
  await saveDisk(tx, row.name, row.text);
  return "settled";
}

interface Takeover {
  name: string;
  path: string;
  absolute: string;
  row: StateRow | undefined;
  disk: DiskFile | undefined;
}

/** The disk holds content that Roost did not write. */
async function takeOver(memory: Memory, tx: KernelTransaction, takeover: Takeover): Promise<Settling> {
  const { name, path, row, disk } = takeover;
  const diskText = disk === undefined ? null : (textOf(disk.bytes) ?? "");
  const parsed = diskText === null ? ({ state: "valid", value: null } as const) : parseState(diskText);
  if (parsed.state === "invalid") return refuseInvalid(memory, tx, { ...takeover, problem: parsed.problem });

  if (disk !== undefined) await memory.versions.put(disk.bytes);
  const change = disk === undefined ? "deleted" : row?.diskSha256 == null ? "created" : "changed";
  const editId = emitEdited(tx, path, labelsFromOutside(path), {
    change,
    ...(disk !== undefined && { sha256: disk.sha256, bytes: disk.bytes.length }),
    previousSha256: row?.diskSha256 ?? undefined,
  });
  const theirs = { name, author: { by: outside }, labels: labelsFromOutside(path), causation: editId };
  const isOursWritten = row === undefined || row.sha256 === row.diskSha256;
  if (isOursWritten) {
    await recordStateChange(tx, row, { ...theirs, value: parsed.value, text: diskText });
    await saveDisk(tx, name, diskText);
    return "settled";
  }
  const merged = mergeStates(
    baseOf(row),
    row.text === null ? undefined : row.value,
    diskText === null ? undefined : parsed.value,
  );
  if (merged.state === "merged") {
    const isGone = row.text === null && diskText === null;
    await recordStateChange(tx, row, {
      ...theirs,
      labels: joinLabels(theirs.labels, await tx.readLabels(row.labels)),
      value: merged.value,
      text: isGone ? null : renderState(merged.value),
      note: "joined with a newer write",
    });
  } else {
    await keepBoth(memory, tx, { ...takeover, row, theirs: parsed.value, diskText, editId, paths: merged.paths });
  }
  await saveDisk(tx, name, diskText);
  return "again";
}

/** Both versions go to the log; the one that Roost acknowledged stays current, and the person is told. */
async function keepBoth(
  memory: Memory,
  tx: KernelTransaction,
  both: Takeover & { row: StateRow; theirs: JsonValue; diskText: string | null; editId: string; paths: string[] },
): Promise<void> {
  const { name, path, row, editId } = both;
  const where = both.paths.slice(0, 10).join(", ");
  const lost = await recordStateChange(tx, row, {
    name,
    value: both.theirs,
    text: both.diskText,
    author: { by: outside },
    labels: labelsFromOutside(path),
    causation: editId,
    note: `an edit of version ${row.version - 1} that came after version ${row.version} was acknowledged`,
  });
  await recordStateChange(tx, lost, {
    name,
    value: row.value,
    text: row.text,
    author: { by: row.updatedBy },
    labels: await tx.readLabels(row.labels),
    causation: editId,
    note: `kept over an edit from outside, which is version ${lost.version}; both changed ${where}`,
  });
  raiseNotice(tx, {
    source: "home",
    level: "warning",
    text: `${path} was edited outside while ${row.updatedBy} changed it; both changed ${where}. The change by ${row.updatedBy} stays; the edit is version ${lost.version} in the log`,
    causation: editId,
  });
}

async function refuseInvalid(
  memory: Memory,
  tx: KernelTransaction,
  found: Takeover & { problem: string },
): Promise<Settling> {
  const { name, path, absolute, row, disk, problem } = found;
  if (disk === undefined) throw new RoostError("internal", `${path} is invalid and not there`);
  // File times, compared with the same machine's clock.
  const ageMs = systemClock.nowMs() - disk.modifiedAt.getTime();
  if (ageMs >= 0 && ageMs < unfinishedMs) return "later";
  await memory.versions.put(disk.bytes);
  const aside = `${path}.invalid-${disk.sha256.slice(0, 12)}`;
  await keepAside(absolute, join(memory.homeDir, aside));
  const editId = emitEdited(tx, path, labelsFromOutside(path), {
    change: "changed",
    sha256: disk.sha256,
    bytes: disk.bytes.length,
  });
  const why = `${path} was edited outside and cannot be read: ${problem}. What was in it is kept in ${aside}`;
  raiseNotice(tx, {
    source: "home",
    level: "warning",
    text: row === undefined ? `${why}; it was empty before` : `${why}; version ${row.version} was restored`,
    causation: editId,
  });
  if (row !== undefined && row.sha256 !== null) {
    await saveDisk(tx, name, row.diskText, disk.sha256);
    return "again";
  }
  const removed = await removeFile({ absolute, expected: disk.sha256, id: memory.kernel.createId() });
  if (removed.state === "conflict")
    throw new RoostError("conflict", `${path} changed while it was put aside: try again`);
  if (row !== undefined) await saveDisk(tx, name, null);
  return "settled";
}

async function keepAside(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // The same content was put aside before.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw toFileFault(error, from);
  }
}

/** The last value that both sides knew. */
function baseOf(row: StateRow): JsonValue | undefined {
  if (row.diskText === null) return undefined;
  const parsed = parseState(row.diskText);
  return parsed.state === "valid" ? parsed.value : undefined;
}

/** `sha256` differs from that of `text` only for an invalid file that is about to be replaced. */
async function saveDisk(tx: KernelTransaction, name: string, text: string | null, sha256?: string): Promise<void> {
  const diskSha256 = sha256 ?? (text === null ? null : hashOf(text));
  await tx.query(
    "update memory.state set disk_text = $2, disk_sha256 = $3 where name = $1",
    [name, diskSha256 === null ? null : (text ?? ""), diskSha256],
    {
      name: "memory_save_disk",
    },
  );
}
