import type { Sql } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import type { HomeFiles } from "../memory.ts";
import { labelsOfAll, linesOf, type LineMarks } from "./line-marks.ts";

/** `sections`: [first line, count, number of the set]; null: every line has `labels`. */
export interface StoredMarks {
  labels: number;
  sections: [from: number, count: number, number: number][] | null;
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

export async function numbersOf(tx: KernelTransaction, marks: LineMarks): Promise<StoredMarks> {
  const labels = await tx.labelSet(labelsOfAll(marks));
  if (marks.length === 1) return { labels, sections: null };
  const sections: [number, number, number][] = [];
  for (const section of marks) sections.push([section.from, section.count, await tx.labelSet(section.labels)]);
  return { labels, sections };
}
