/**
 * Changes of the person's prose in MEMORY.md, entry by entry. What the proposer was not shown (lines that rest on content from outside, the lines of
 * facts) cannot be named, and stays as it is. Pure.
 */
import { isUntrusted } from "@roost/contract/labels";
import { readBlock } from "../facts/fact-block.ts";
import type { Reworded } from "../files/count-lost-entries.ts";
import { linesIn, linesOf, type LineMarks } from "../records/line-marks.ts";

export interface MemoryChanges {
  /** New entries, each below a heading that there is; without one, or without that heading, below the last entry. */
  add: readonly { text: string; under?: string | undefined }[];
  /** Entries as they stand, and what they become. */
  replace: readonly { from: string; to: string }[];
  remove: readonly string[];
}

export interface ChangedMemory {
  text: string;
  /** Entries that do not stand there, or not any more. */
  missing: string[];
  /** Lines that were replaced, and what they became. */
  reworded: Reworded[];
}

/** The lines that a proposer may see and name. */
export function entriesShown(text: string, marks: LineMarks): string[] {
  const lines = linesOf(text);
  return [...ownLines(text, marks)].map((index) => lines[index]!).filter((line) => line.trim() !== "");
}

export function changeMemory(
  { text, marks }: { text: string; marks: LineMarks },
  changes: MemoryChanges,
): ChangedMemory {
  const lines: (string | undefined)[] = linesOf(text);
  const own = ownLines(text, marks);
  const missing: string[] = [];
  const find = (entry: string) => {
    const wanted = entryOf(entry);
    for (const index of own) if (lines[index] !== undefined && entryOf(lines[index]) === wanted) return index;
    missing.push(entry);
    return undefined;
  };
  const reworded: Reworded[] = [];
  for (const { from, to } of changes.replace) {
    const index = find(from);
    if (index === undefined) continue;
    reworded.push({ from: lines[index]!.trim(), to });
    lines[index] = `${markerOf(lines[index]!)}${entryOf(to)}`;
  }
  for (const entry of changes.remove) {
    const index = find(entry);
    if (index !== undefined) lines[index] = undefined;
  }
  const added = new Map<number, string[]>();
  for (const { text: entry, under } of changes.add) {
    const place = placeFor(lines, own, under);
    added.set(place, [...(added.get(place) ?? []), `- ${entryOf(entry)}`]);
  }
  const after = [
    ...(added.get(-1) ?? []),
    ...lines.flatMap((line, index) => [...(line === undefined ? [] : [line]), ...(added.get(index) ?? [])]),
  ];
  return { text: after.join("\n"), missing, reworded };
}

/** Lines of the person's prose that rest on nothing from outside, by their index. */
function ownLines(text: string, marks: LineMarks): Set<number> {
  const { items, before, after } = readBlock(text);
  const lines = linesOf(text);
  const beforeCount = items === undefined ? lines.length : linesOf(before).length;
  const afterFrom = items === undefined ? lines.length : lines.length - linesOf(after).length;
  const own = new Set<number>();
  for (const section of marks.filter(({ labels }) => !isUntrusted(labels)))
    for (const [offset] of linesIn(lines, section).entries()) {
      const index = section.from - 1 + offset;
      if (index < beforeCount || index >= afterFrom) own.add(index);
    }
  return own;
}

/** Behind the last entry below the heading, or of all; -1: at the beginning. */
function placeFor(lines: readonly (string | undefined)[], own: ReadonlySet<number>, under: string | undefined): number {
  const places = [...own].sort((a, b) => a - b);
  const heading = (index: number) => /^#+\s+(.*\S)\s*$/.exec(lines[index] ?? "")?.[1]?.toLowerCase();
  const at = under === undefined ? -1 : places.findIndex((index) => heading(index) === entryOf(under).toLowerCase());
  const section = places.slice(at + 1);
  const next = section.findIndex((index) => heading(index) !== undefined);
  const within = at === -1 || next === -1 ? section : section.slice(0, next);
  return within.findLast((index) => (lines[index] ?? "").trim() !== "") ?? (at === -1 ? -1 : places[at]!);
}

/** Without its list marker, in one line. */
function entryOf(line: string): string {
  return line
    .replace(/^\s*(?:[-*+]\s+|#+\s+)?/, "")
    .split("\n")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join(" ");
}

function markerOf(line: string): string {
  return /^\s*(?:[-*+]\s+|#+\s+)?/.exec(line)![0];
}
