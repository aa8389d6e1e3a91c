/** The labels of a file's lines as stored in memory.file: numbers of sets. */
import { isUntrusted, joinLabels, type Labels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import { textOf } from "../disk/read-disk-file.ts";
import type { HomeFiles } from "../memory.ts";
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
export async function storeMarks(tx: KernelTransaction, marks: LineMarks, sha256: string | null): Promise<StoredMarks> {
  const all = labelsOfAll(marks);
  const labels = await tx.labelSet(all);
  let sections: StoredMarks["sections"] = null;
  if (marks.length > 1) {
    sections = [];
    for (const section of marks) sections.push([section.from, section.count, await tx.labelSet(section.labels)]);
  }
  if (sha256 !== null && isUntrusted(all)) {
    await tx.query(
      `insert into memory.marked_content (sha256, labels, sections) values ($1, $2, $3)
       on conflict (sha256) do update set labels = excluded.labels, sections = excluded.sections`,
      [sha256, labels, sections === null ? null : JSON.stringify(sections)],
      { name: "memory_save_marked_content" },
    );
  }
  return { labels, sections };
}

/** A person vouches for the content: what has it from here on is not marked for it. */
export async function forgetMarkedContent(tx: KernelTransaction, sha256: string | null): Promise<void> {
  await tx.query("delete from memory.marked_content where sha256 = $1", [sha256]);
}

/** The marks of the recorded version. */
export async function loadMarks(
  { kernel }: HomeFiles,
  sql: Sql,
  recorded: StoredMarks,
  text: string,
): Promise<LineMarks> {
  const { labels, sections } = recorded;
  const parts = sections ?? [[1, linesOf(text).length, labels] as const];
  const marks: LineMarks[number][] = [];
  for (const [from, count, number] of parts)
    marks.push({ from, count, labels: await kernel.labelSets.read(sql, number) });
  return marks;
}

/** The marks of a text that replaces the recorded version. `labels`: those of its writer; omitted for an edit from outside. */
export async function marksOfText(
  memory: HomeFiles,
  sql: Sql,
  written: {
    path: string;
    sha256: string;
    text: string;
    labels?: Labels | undefined;
    recorded: RecordedMarks | undefined;
  },
): Promise<LineMarks> {
  const { path, text, recorded, labels = labelsFromOutside(path) } = written;
  if (written.labels === undefined) {
    // Moved, renamed, copied or brought back: nothing in it was rewritten.
    const [known] = await sql.query<StoredMarks>(
      "select labels, sections from memory.marked_content where sha256 = $1",
      [written.sha256],
      { name: "memory_read_marked_content" },
    );
    if (known !== undefined) return loadMarks(memory, sql, known, text);
  }
  if (recorded === undefined) return marksOfAll(text, labels);
  const before = await loadVersion(memory, sql, recorded);
  if (before !== undefined) return marksAfter(before, text, labels);
  // Which lines are new is unknown.
  return marksOfAll(text, joinLabels(await memory.kernel.labelSets.read(sql, recorded.labels), labels));
}

async function loadVersion(memory: HomeFiles, sql: Sql, recorded: RecordedMarks): Promise<MarkedText | undefined> {
  const bytes = recorded.sha256 === null ? undefined : await memory.versions.get(recorded.sha256);
  const text = bytes && textOf(Buffer.from(bytes));
  return text === undefined ? undefined : { text, marks: await loadMarks(memory, sql, recorded, text) };
}
