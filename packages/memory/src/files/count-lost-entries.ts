/** Tells a rewrite of long-term memory from a loss of it. Pure. */
import { linesOf, wordsOf } from "../records/line-marks.ts";

/** An entry whose words stand to this share in one line of the new text was kept, in other words. */
const keptShare = 0.7;
/** The same of one that is said to be reworded. */
const rewordedShare = 0.25;
const lostShareMax = 0.25;

export interface LostEntries {
  lostCount: number;
  entryCount: number;
  /** More than a quarter, and more than one. */
  isTooMuch: boolean;
}

/** Entries are lines that say something; headings and comments say where. */
export function countLostEntries(before: string, after: string, reworded: readonly Reworded[] = []): LostEntries {
  const entries = entriesOf(before);
  const kept = entriesOf(after);
  const exact = new Set([...kept.map(({ text }) => text), ...reworded.filter(isSameMatter).map(({ from }) => from)]);
  const lost = entries.filter(
    ({ text, words }) =>
      !exact.has(text) && !kept.some((other) => words.intersection(other.words).size >= words.size * keptShare),
  );
  return {
    lostCount: lost.length,
    entryCount: entries.length,
    isTooMuch: isTooMuchLost(lost.length, entries.length, 1),
  };
}

/** An entry that its author says to stand there in other words. */
export interface Reworded {
  from: string;
  to: string;
}

/** A correction has a few of the words; what has none of them stands for something else. */
function isSameMatter({ from, to }: Reworded): boolean {
  const words = wordsOf(from);
  return words.intersection(wordsOf(to)).size >= words.size * rewordedShare;
}

/** `freeCount`: so many may always go. */
export function isTooMuchLost(lostCount: number, entryCount: number, freeCount: number): boolean {
  return lostCount > Math.max(freeCount, entryCount * lostShareMax);
}

function entriesOf(text: string): { text: string; words: Set<string> }[] {
  return linesOf(text).flatMap((line) => {
    const trimmed = line.trim();
    if (/^(?:#|<!--)/.test(trimmed)) return [];
    const words = wordsOf(trimmed);
    return words.size === 0 ? [] : [{ text: trimmed, words }];
  });
}
