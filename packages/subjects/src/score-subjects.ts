/**
 * How alike two subjects are, from 0 to 1. Pure. What both say counts for them;
 * what only one adds counts little against them (a longer wording); what each
 * says instead of the other counts most (another subject in the same words).
 */
import type { SubjectWords, SubjectWord } from "./read-subject.ts";
import { stemWord } from "./stem-word.ts";
import { exclusiveWords } from "./subject-words.ts";

/** From here on two texts are taken for the same subject. Chosen on the table of pairs, where less would refuse too much. */
export const sameSubjectScore = 0.7;

/** From here on two texts are near enough to be shown to a reader who understands them. */
export const nearSubjectScore = 0.45;

const exchangedFactor = 2.6;
const addedFactor = 0.5;
const conflictFactor = 0.5;
const lettersAlikeMin = 0.55;

const exclusiveStems = exclusiveWords.map((words) => new Set([...words].map(stemWord)));

export interface ScoreTopicsOptions {
  /** How much a word separates subjects among those it is compared with: 1 on average. */
  rarity?: (word: string) => number;
}

export function scoreSubjects(a: SubjectWords, b: SubjectWords, options: ScoreTopicsOptions = {}): number {
  const rarity = options.rarity ?? (() => 1);
  const weightOf = (word: SubjectWord) => word.weight * (word.kind === "number" ? 1 : rarity(word.word));
  const { shared, restA, restB } = match(a, b, weightOf);
  const exchanged = Math.min(restA, restB);
  const added = Math.max(restA, restB) - exchanged;
  if (shared === 0) return 0;
  const score = (2 * shared) / (2 * shared + exchangedFactor * exchanged + addedFactor * added);
  return conflict(a, b) ? score * conflictFactor : score;
}

/** Which share of what a part says stands in a whole too, in these or in other forms of its words: 0 to 1. */
export function shareWithin(part: SubjectWords, whole: SubjectWords): number {
  const { shared, restA } = match(part, whole, ({ weight }) => weight);
  return shared + restA === 0 ? 0 : shared / (shared + restA);
}

function match(
  a: SubjectWords,
  b: SubjectWords,
  weightOf: (word: SubjectWord) => number,
): { shared: number; restA: number; restB: number } {
  const left = new Map(b.map((word) => [word.word, word]));
  const open: SubjectWord[] = [];
  let shared = 0;
  let restA = 0;
  for (const word of a) {
    const same = left.get(word.word);
    if (same === undefined) open.push(word);
    else {
      shared += (weightOf(word) + weightOf(same)) / 2;
      left.delete(word.word);
    }
  }
  let restB = 0;
  for (const word of open) {
    const { near, alike } = nearest(word, left.values());
    const weight = weightOf(word);
    if (near === undefined) {
      restA += weight;
      continue;
    }
    const nearWeight = weightOf(near);
    shared += (alike * (weight + nearWeight)) / 2;
    restA += (1 - alike) * weight;
    restB += (1 - alike) * nearWeight;
    left.delete(near.word);
  }
  for (const word of left.values()) restB += weightOf(word);
  return { shared, restA, restB };
}

function nearest(
  word: SubjectWord,
  candidates: Iterable<SubjectWord>,
): { near: SubjectWord | undefined; alike: number } {
  let near: SubjectWord | undefined;
  let alike = lettersAlikeMin;
  for (const candidate of candidates) {
    if (word.kind === "number" || candidate.kind === "number") continue;
    const letters = lettersAlike(word.word, candidate.word);
    if (letters < alike) continue;
    near = candidate;
    alike = letters;
  }
  return { near, alike };
}

/** Dice of the letter trigrams, with the ends of the word marked. */
function lettersAlike(a: string, b: string): number {
  if (a.length < 4 || b.length < 4) return 0;
  const left = trigrams(a);
  const right = trigrams(b);
  let common = 0;
  for (const gram of left) if (right.has(gram)) common += 1;
  return (2 * common) / (left.size + right.size);
}

function trigrams(word: string): Set<string> {
  const marked = `^^${word}`;
  const grams = new Set<string>();
  for (let at = 0; at + 3 <= marked.length; at += 1) grams.add(marked.slice(at, at + 3));
  return grams;
}

/** Each names a number, a weekday, a month … and they are not the same. */
function conflict(a: SubjectWords, b: SubjectWords): boolean {
  const numbers = (subject: SubjectWords) => subject.filter((word) => word.kind === "number").map((word) => word.word);
  const values = (subject: SubjectWords, set: ReadonlySet<string>) =>
    subject.map((word) => word.word).filter((word) => set.has(word));
  return apart(numbers(a), numbers(b)) || exclusiveStems.some((set) => apart(values(a, set), values(b, set)));
}

/** Both say something and neither says all that the other does. */
function apart(a: string[], b: string[]): boolean {
  if (a.length === 0 || b.length === 0) return false;
  return !a.every((value) => b.includes(value)) && !b.every((value) => a.includes(value));
}
