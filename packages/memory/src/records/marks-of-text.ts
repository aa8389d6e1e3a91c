/** The labels of a file's lines as stored in memory.file: numbers of sets. */
import { isUntrusted, joinLabels, type Labels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import { textOf } from "../disk/read-disk-file.ts";
import type { HomeFiles } from "../memory.ts";
import { labelsFromOutside } from "../visibility/placed-at.ts";
import { labelsOfAll, marksAfter, marksOfAll, type LineMarks, type MarkedText } from "./line-marks.ts";
import { findOrigins, readMarkedContent, saveMarkedContent } from "./marked-content.ts";
import { loadMarks, numbersOf, type StoredMarks } from "./stored-marks.ts";

export interface RecordedMarks extends StoredMarks {
  path: string;
  sha256: string | null;
  eventId: string;
  runId: string | null;
}

export async function readRecordedMarks(sql: Sql, paths: readonly string[]): Promise<Map<string, RecordedMarks>> {
  const rows = await sql.query<RecordedMarks>(
    `select path, sha256, labels, sections, event_id as "eventId", run_id as "runId" from memory.file where path = any($1)`,
    [paths],
    { name: "memory_read_marks" },
  );
  return new Map(rows.map((row) => [row.path, row]));
}

/** `sha256`: of the content, which keeps its marks wherever it turns up again; null: too large to tell. */
export async function storeMarks(
  tx: KernelTransaction,
  marks: LineMarks,
  { sha256, text }: { sha256: string | null; text: string },
): Promise<StoredMarks> {
  const stored = await numbersOf(tx, marks);
  if (sha256 !== null && isUntrusted(labelsOfAll(marks)))
    await saveMarkedContent(tx, { ...stored, sha256, text }, marks);
  return stored;
}

/**
 * The marks of a text that replaces the recorded version. `labels`: those of its writer; omitted for an edit from outside, which has those of its place
 * unless others are given.
 */
export async function marksOfText(
  memory: HomeFiles,
  sql: Sql,
  written: {
    path: string;
    sha256: string;
    text: string;
    labels?: Labels | undefined;
    outside?: Labels | undefined;
    recorded: RecordedMarks | undefined;
  },
): Promise<LineMarks> {
  const { path, text, recorded, outside = labelsFromOutside(path), labels = outside } = written;
  if (written.labels === undefined) {
    // Moved, renamed, copied or brought back: nothing in it was rewritten.
    const known = await readMarkedContent(sql, written.sha256);
    if (known !== undefined) return loadMarks(memory, sql, known, text);
  }
  const before = recorded && (await loadVersion(memory, sql, recorded));
  if (recorded === undefined || before !== undefined) {
    const isFromOutside = written.labels === undefined;
    const origins = isFromOutside ? await findOrigins(memory, sql, { path, text, before: before?.text }) : [];
    return marksAfter(before, text, labels, origins);
  }
  // Which lines are new is unknown.
  return marksOfAll(text, joinLabels(await memory.kernel.labelSets.read(sql, recorded.labels), labels));
}

/**
 * The labels of a large file, which is marked as a whole, after an edit from outside: those of the content where that is known to be marked, else those that
 * the file had as well, since nobody tells what of it is new. `sha256`: null while it is not known.
 */
export async function labelsOfLarge(
  { kernel }: HomeFiles,
  sql: Sql,
  { path, sha256 }: { path: string; sha256: string | null },
): Promise<Labels> {
  const known = sha256 === null ? undefined : await readMarkedContent(sql, sha256);
  if (known !== undefined) return kernel.labelSets.read(sql, known.labels);
  const recorded = (await readRecordedMarks(sql, [path])).get(path);
  const outside = labelsFromOutside(path);
  return recorded === undefined ? outside : joinLabels(outside, await kernel.labelSets.read(sql, recorded.labels));
}

/** The content of a large file has become known: it has the marks with which it was known before, and keeps those of the file. Returns its labels. */
export async function settleLargeMarks(
  { kernel }: HomeFiles,
  tx: KernelTransaction,
  { path, sha256, stamp }: { path: string; sha256: string; stamp: string },
): Promise<Labels> {
  const [row] = await tx.query<{ labels: number }>("select labels from memory.file where path = $1 and stamp = $2", [
    path,
    stamp,
  ]);
  const known = await readMarkedContent(tx, sha256);
  const found = [row, known].filter((one) => one !== undefined);
  const sets = await Promise.all(found.map(({ labels }) => kernel.labelSets.read(tx, labels)));
  const labels = sets.length === 0 ? labelsFromOutside(path) : joinLabels(...sets);
  if (row === undefined) return labels;
  const stored = await storeMarks(tx, marksOfAll("", labels), { sha256, text: "" });
  if (stored.labels !== row.labels)
    await tx.query("update memory.file set labels = $2, sections = null where path = $1", [path, stored.labels]);
  return labels;
}

async function loadVersion(memory: HomeFiles, sql: Sql, recorded: RecordedMarks): Promise<MarkedText | undefined> {
  const bytes = recorded.sha256 === null ? undefined : await memory.versions.get(recorded.sha256);
  const text = bytes && textOf(Buffer.from(bytes));
  return text === undefined ? undefined : { text, marks: await loadMarks(memory, sql, recorded, text) };
}
