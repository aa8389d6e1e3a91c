/**
 * Labels of each line of a file. Pure.
 *
 * A line that stood in the version before keeps its labels wherever it moves; a new or changed one gets its writer's. So a person who edits a
 * marked line vouches for it, and moving a line does not clear its mark.
 */
import { areSameLabels, isUntrusted, joinLabels, type Labels } from "@roost/contract/labels";

/** Consecutive lines with the same labels. */
export interface MarkedLines {
  /** From 1. */
  from: number;
  count: number;
  labels: Labels;
}

/** Covers a whole text, in order. */
export type LineMarks = readonly MarkedLines[];

export interface MarkedText {
  text: string;
  marks: LineMarks;
}

/** With more sections, the whole text gets their joined labels. */
const sectionsMax = 2_000;

export function marksOfAll(text: string, labels: Labels): LineMarks {
  return [{ from: 1, count: linesOf(text).length, labels }];
}

/** The marks of `text`, which replaces `before` and was written with `labels`. `origins`: where lines that are new to it may come from. */
export function marksAfter(
  before: MarkedText | undefined,
  text: string,
  labels: Labels,
  origins: readonly MarkedText[] = [],
): LineMarks {
  const sources = [...(before === undefined ? [] : [before]), ...origins];
  const others = sources.flatMap(({ marks }) => marks).filter((section) => !areSameLabels(section.labels, labels));
  if (others.length === 0) return marksOfAll(text, labels);
  const known = new Map<string, Labels>();
  // The version before knows best what a line of it is.
  for (const source of sources.toReversed()) for (const [line, its] of labelsByLine(source)) known.set(line, its);
  const marks: MarkedLines[] = [];
  let last = labels;
  for (const [index, line] of linesOf(text).entries()) {
    // A line without a word goes with the line before it.
    if (hasWord(line)) last = known.get(line.trim()) ?? labels;
    add(marks, { from: index + 1, count: 1, labels: last });
  }
  return marks.length <= sectionsMax ? marks : marksOfAll(text, labelsOfAll(marks));
}

/** The marks once a person vouches for these lines; who may know them stays. */
export function marksTrusted(marks: LineMarks, lines: { from: number; count: number }): LineMarks {
  const until = lines.from + lines.count;
  const trusted: MarkedLines[] = [];
  for (const { from, count, labels } of marks) {
    const end = from + count;
    const [start, stop] = [Math.min(Math.max(from, lines.from), end), Math.max(Math.min(end, until), from)];
    const vouched: Labels = { ...labels, trust: "owner", sources: [] };
    for (const part of [
      { from, count: start - from, labels },
      { from: start, count: stop - start, labels: vouched },
      { from: Math.max(start, stop), count: end - Math.max(start, stop), labels },
    ])
      if (part.count > 0) add(trusted, part);
  }
  return trusted;
}

/** Those of the lines that rest on untrusted content. */
export function untrustedLines(marks: LineMarks): MarkedLines[] {
  return marks.filter((section) => isUntrusted(section.labels));
}

export function labelsOfAll(marks: LineMarks): Labels {
  return joinLabels(...marks.map((section) => section.labels));
}

export function labelsOfLines(marks: LineMarks, lines: { from: number; count: number }): Labels {
  const until = lines.from + lines.count;
  return labelsOfAll(marks.filter((section) => section.from < until && section.from + section.count > lines.from));
}

/** The lines that say something, each once, without the space around them. */
export function wordedLines(text: string): Set<string> {
  return new Set(
    linesOf(text)
      .filter(hasWord)
      .map((line) => line.trim()),
  );
}

/** The words of a text, each once, in lower case. */
export function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}

export function linesOf(text: string): string[] {
  return text.split("\n");
}

/** Those of a section. `from`: the number of its first line, from 1. */
export function linesIn(lines: readonly string[], { from, count }: { from: number; count: number }): string[] {
  return lines.slice(from - 1, from - 1 + count);
}

function labelsByLine({ text, marks }: MarkedText): Map<string, Labels> {
  const known = new Map<string, Labels>();
  const lines = linesOf(text);
  for (const section of marks) {
    for (const line of linesIn(lines, section)) {
      if (!hasWord(line)) continue;
      const other = known.get(line.trim());
      known.set(line.trim(), other === undefined ? section.labels : joinLabels(other, section.labels));
    }
  }
  return known;
}

function hasWord(line: string): boolean {
  return /[\p{L}\p{N}]/u.test(line);
}

function add(marks: MarkedLines[], line: MarkedLines): void {
  const last = marks.at(-1);
  if (last !== undefined && (last.labels === line.labels || areSameLabels(last.labels, line.labels)))
    last.count += line.count;
  else marks.push(line);
}
