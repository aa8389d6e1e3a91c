/** A person takes marks away by name: from lines of a file, or from a state, which is marked as a whole. */
import { RoostError, type JsonObject } from "@roost/base";
import { formatLabels, isUntrusted, openLabels } from "@roost/contract/labels";
import type { KernelTransaction } from "@roost/kernel";
import { isLargeThere } from "./keep-large-file.ts";
import { overCaughtUpDisk } from "../mirror/catch-up-disk.ts";
import { resolveHomePath } from "../disk/home-path.ts";
import { stampNow } from "../disk/file-hashes.ts";
import { readDiskFile, textOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import { requireDisk } from "../mirror/require-disk.ts";
import { lockPath, readRecord, recordLargeEdit, recordOf, saveRecord } from "../records/file-records.ts";
import { labelsOfAll, linesOf, marksTrusted, untrustedLines, type LineMarks } from "../records/line-marks.ts";
import { vouchForContent } from "../records/marked-content.ts";
import { readRecordedMarks, settleLargeMarks, storeMarks } from "../records/marks-of-text.ts";
import { loadMarks } from "../records/stored-marks.ts";
import { recordFound, settleIntents } from "../records/write-intents.ts";
import { renderState } from "../state/parse-state.ts";
import { settleState } from "../state/settle-state.ts";
import { readStateRow, recordStateChange } from "../state/state-row.ts";
import { stateNameOf } from "../visibility/home-file-class.ts";
import { placedAt } from "../visibility/placed-at.ts";

export interface TrustFile {
  path: string;
  /** From 1; left out: all. */
  fromLine?: number | undefined;
  toLine?: number | undefined;
  /** Of the content that the person has looked at: refused when there is another. */
  sha256?: string | undefined;
  /** Who vouches for it. */
  by: string;
}

export interface TrustedFile {
  path: string;
  sha256: string;
  /** Lines that were marked and are not any more. */
  lineCount: number;
  /** Lines that still are. */
  leftCount: number;
  /** What the marks named. */
  sources: string[];
}

/** @throws RoostError `not_found`, `conflict` when the content is another than `sha256`, `invalid_input` for lines that there are not */
export async function trustHomeFile(memory: Memory, trust: TrustFile): Promise<TrustedFile> {
  requireDisk(memory, `vouching for ${trust.path}`);
  const { path, absolute } = await resolveHomePath(memory.homeDir, trust.path);
  const stateName = stateNameOf(path);
  if (stateName !== undefined) return trustState(memory, trust, { path, name: stateName });
  if (isLargeThere(absolute)) return trustLarge(memory, trust, { path, absolute });
  await settleIntents(memory, path);
  return overCaughtUpDisk(memory, path, () =>
    memory.kernel.transact((tx) => trustContent(memory, tx, { trust, path, absolute })),
  );
}

async function trustContent(
  memory: Memory,
  tx: KernelTransaction,
  { trust, path, absolute }: { trust: TrustFile; path: string; absolute: string },
): Promise<TrustedFile | "again"> {
  await lockPath(tx, path);
  const record = await readRecord(tx, path);
  if (record?.behind != null) return "again";
  const disk = await readDiskFile(absolute);
  if (disk === undefined) throw new RoostError("not_found", `there is no ${path} in the home`);
  refuseOther(trust, path, disk.sha256);
  await recordFound(memory, tx, { path, disk, record });
  const recorded = (await readRecordedMarks(tx, [path])).get(path);
  if (recorded === undefined) throw new RoostError("internal", `${path} was recorded and has no record`);
  const text = textOf(disk.bytes) ?? "";
  const before = await loadMarks(memory, tx, recorded, text);
  const lines = linesToTrust(trust, { path, lineCount: linesOf(text).length });
  const after = marksTrusted(before, lines);
  const outcome = outcomeOf({ path, sha256: disk.sha256 }, before, after);
  if (outcome.lineCount === 0) return outcome;
  const eventId = emitTrusted(tx, trust, outcome, recorded.eventId);
  await vouchForContent(memory, tx, { sha256: disk.sha256, text, lines });
  await saveRecord(tx, {
    ...recordOf(path, disk),
    eventId,
    runId: recorded.runId ?? undefined,
    marks: await storeMarks(tx, after, { sha256: disk.sha256, text }),
  });
  return outcome;
}

/** Of one that is too large to be read as a whole; it counts as one line. */
async function trustLarge(
  memory: Memory,
  trust: TrustFile,
  { path, absolute }: { path: string; absolute: string },
): Promise<TrustedFile> {
  refuseLines(trust, `${path} is too large to be marked by its lines`);
  const disk = await memory.fileHashes.of(absolute);
  if (disk === undefined) throw new RoostError("not_found", `there is no ${path} in the home`);
  const { sha256, stamp } = disk;
  refuseOther(trust, path, sha256);
  return memory.kernel.transact(async (tx): Promise<TrustedFile> => {
    await lockPath(tx, path);
    if (stampNow(absolute) !== stamp)
      throw new RoostError("conflict", `${path} changes: look again, then vouch for it`);
    const record = await readRecord(tx, path);
    if (record?.stamp !== stamp) await recordLargeEdit(memory, tx, { ...disk, path, record });
    else await settleLargeMarks(memory, tx, { path, sha256, stamp });
    const recorded = (await readRecordedMarks(tx, [path])).get(path)!;
    const before = await loadMarks(memory, tx, recorded, "");
    const whole = { from: 1, count: 1 };
    const after = marksTrusted(before, whole);
    const outcome = outcomeOf({ path, sha256 }, before, after);
    if (outcome.lineCount === 0) return outcome;
    const eventId = emitTrusted(tx, trust, outcome, recorded.eventId);
    await vouchForContent(memory, tx, { sha256, text: "", lines: whole });
    const { labels } = await storeMarks(tx, after, { sha256, text: "" });
    await tx.query("update memory.file set labels = $2, event_id = $3 where path = $1", [path, labels, eventId]);
    return outcome;
  });
}

async function trustState(
  memory: Memory,
  trust: TrustFile,
  { path, name }: { path: string; name: string },
): Promise<TrustedFile> {
  refuseLines(trust, `${path} is a state, which is marked as a whole`);
  await settleState(memory, name);
  const outcome = await memory.kernel.transact(async (tx): Promise<TrustedFile> => {
    await lockPath(tx, path);
    const row = await readStateRow(tx, name);
    if (row === undefined || row.text === null || row.sha256 === null)
      throw new RoostError("not_found", `there is no ${path} in the home`);
    refuseOther(trust, path, row.sha256);
    const labels = await tx.readLabels(row.labels);
    const count = isUntrusted(labels) ? linesOf(row.text).length : 0;
    const found = { path, sha256: row.sha256, lineCount: count, leftCount: 0, sources: [...labels.sources] };
    if (count === 0) return found;
    const causation = emitTrusted(tx, trust, found, row.eventId);
    const { value } = row;
    const text = renderState(value);
    await recordStateChange(tx, row, { name, value, text, author: { by: trust.by }, labels: openLabels, causation });
    return found;
  });
  await settleState(memory, name);
  return outcome;
}

function refuseLines({ fromLine, toLine }: TrustFile, why: string): void {
  if (fromLine === undefined && toLine === undefined) return;
  throw new RoostError("invalid_input", `${why}: leave the lines out`);
}

function refuseOther({ sha256 }: TrustFile, path: string, found: string): void {
  if (sha256 === undefined || sha256 === found) return;
  throw new RoostError("conflict", `${path} has changed since it was looked at: look again, then vouch for it`);
}

function linesToTrust(
  { fromLine = 1, toLine }: TrustFile,
  { path, lineCount }: { path: string; lineCount: number },
): { from: number; count: number } {
  const last = toLine ?? lineCount;
  if (fromLine > last || last > lineCount)
    throw new RoostError("invalid_input", `lines ${fromLine} to ${last} are none of ${path}, which has ${lineCount}`);
  return { from: fromLine, count: last - fromLine + 1 };
}

function outcomeOf(file: { path: string; sha256: string }, before: LineMarks, after: LineMarks): TrustedFile {
  const countOf = (marks: LineMarks) => untrustedLines(marks).reduce((sum, { count }) => sum + count, 0);
  const left = countOf(after);
  const { sources } = labelsOfAll(untrustedLines(before));
  return { ...file, lineCount: countOf(before) - left, leftCount: left, sources: [...sources] };
}

function emitTrusted(
  tx: KernelTransaction,
  { by, fromLine, toLine }: TrustFile,
  { path, sha256, lineCount, sources }: TrustedFile,
  causation: string,
): string {
  const data: JsonObject = { by, path, sha256, lineCount, sources };
  if (fromLine !== undefined) data["fromLine"] = fromLine;
  if (toLine !== undefined) data["toLine"] = toLine;
  const labels = formatLabels(placedAt(path, openLabels));
  return tx.emit({ type: "file.trusted", subject: path, labels, data, causation });
}
