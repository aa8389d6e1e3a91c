/** The labels of a file's lines, as table memory.file keeps them: sets by number. */
import { joinLabels, type Labels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import { textOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import { labelsFromOutside } from "../visibility/placed-at.ts";
import { labelsOfAll, linesOf, marksAfter, marksOfAll, type LineMarks, type MarkedText } from "./line-marks.ts";

/** `sections`: [first line, count, number of the set]; null: every line has `labels`. */
export interface StoredMarks {
  labels: number;
  sections: [from: number, count: number, number: number][] | null;
}

export interface RecordedMarks extends StoredMarks {
  path: string;
  sha256: string | null;
}

export async function readRecordedMarks(sql: Sql, paths: readonly string[]): Promise<Map<string, RecordedMarks>> {
  const rows = await sql.query<RecordedMarks>(
    "select path, sha256, labels, sections from memory.file where path = any($1)",
    [paths],
    { name: "memory_read_marks" },
  );
  return new Map(rows.map((row) => [row.path, row]));
}

export async function storeMarks(tx: KernelTransaction, marks: LineMarks): Promise<StoredMarks> {
  const labels = await tx.labelSet(labelsOfAll(marks));
  if (marks.length <= 1) return { labels, sections: null };
  const sections: StoredMarks["sections"] = [];
  for (const section of marks) sections.push([section.from, section.count, await tx.labelSet(section.labels)]);
  return { labels, sections };
}

/** The marks of the recorded version. */
export async function loadMarks({ kernel }: Memory, sql: Sql, recorded: StoredMarks, text: string): Promise<LineMarks> {
  const { labels, sections } = recorded;
  const parts = sections ?? [[1, linesOf(text).length, labels] as const];
  const marks: LineMarks[number][] = [];
  for (const [from, count, number] of parts)
    marks.push({ from, count, labels: await kernel.labelSets.read(sql, number) });
  return marks;
}

/**
 * The marks of a text that stands, or is about to stand, in place of the recorded version. `labels`: what its writer knew; left out: it was
 * written outside.
 */
export async function marksOfText(
  memory: Memory,
  sql: Sql,
  written: { path: string; text: string; labels?: Labels | undefined; recorded: RecordedMarks | undefined },
): Promise<LineMarks> {
  const { path, text, recorded, labels = labelsFromOutside(path) } = written;
  if (recorded === undefined) return marksOfAll(text, labels);
  const before = await loadVersion(memory, sql, recorded);
  if (before !== undefined) return marksAfter(before, text, labels);
  // Which of its lines are new cannot be said.
  return marksOfAll(text, joinLabels(await memory.kernel.labelSets.read(sql, recorded.labels), labels));
}

async function loadVersion(memory: Memory, sql: Sql, recorded: RecordedMarks): Promise<MarkedText | undefined> {
  const bytes = recorded.sha256 === null ? undefined : await memory.versions.get(recorded.sha256);
  const text = bytes && textOf(Buffer.from(bytes));
  return text === undefined ? undefined : { text, marks: await loadMarks(memory, sql, recorded, text) };
}
