/** Tells a rewrite of long-term memory from a loss of it. Pure. */
import { linesOf, wordsOf } from "../records/line-marks.ts";

/** An entry whose words stand to this share in one line of the new text was kept, in other words. */
const keptShare = 0.7;
/** So many entries may always go. */
const lostMin = 3;
const lostShareMax = 0.25;

export interface LostEntries {
  lostCount: number;
  entryCount: number;
  /** More than a quarter, and more than a few. */
  isTooMuch: boolean;
}

/** Entries are lines that say something; headings and comments say where. */
export function countLostEntries(before: string, after: string): LostEntries {
  const entries = entriesOf(before);
  const kept = entriesOf(after);
  const exact = new Set(kept.map(({ text }) => text));
  const lost = entries.filter(
    ({ text, words }) =>
      !exact.has(text) && !kept.some((other) => words.intersection(other.words).size >= words.size * keptShare),
  );
  return { lostCount: lost.length, entryCount: entries.length, isTooMuch: isTooMuchLost(lost.length, entries.length) };
}

export function isTooMuchLost(lostCount: number, entryCount: number): boolean {
  return lostCount > Math.max(lostMin, entryCount * lostShareMax);
}

function entriesOf(text: string): { text: string; words: Set<string> }[] {
  return linesOf(text).flatMap((line) => {
    const trimmed = line.trim();
    if (/^(?:#|<!--)/.test(trimmed)) return [];
    const words = wordsOf(trimmed);
    return words.size === 0 ? [] : [{ text: trimmed, words }];
  });
}
