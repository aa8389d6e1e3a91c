/**
 * Names that are written otherwise and may be the same: by their sound (double metaphone, which knows Smith and Smyth, Jon
 * and John) and by the letters between them. A reason to ask, never to merge.
 */
import { doubleMetaphone } from "double-metaphone";
import { distance } from "fastest-levenshtein";
import { nameKey, nameWords } from "./name-key.ts";

const wordsMax = 8;
/** Of 100 letters so many may differ. */
const otherLettersMax = 20;
const lettersMin = 5;

export interface NameSounds {
  /** As it is written. */
  sound: string;
  /** With short forms as their long ones. */
  long: string;
}

/** Words of other scripts stand for themselves. */
export function nameSounds(name: string): NameSounds {
  return { sound: soundOf(nameWords(name)), long: soundOf(nameKey(name).split(" ")) };
}

function soundOf(words: readonly string[]): string {
  return words
    .slice(0, wordsMax)
    .map((word) => (/^[a-z]+$/.test(word) ? doubleMetaphone(word)[0] || word : word))
    .sort()
    .join(" ");
}

/** Keys (people/name-key.ts) that a slip of the pen makes of one another. */
export function isWrittenAlike(key: string, other: string): boolean {
  const letters = Math.max(key.length, other.length);
  return Math.min(key.length, other.length) >= lettersMin && distance(key, other) * 100 <= letters * otherLettersMax;
}
