/**
 * A text as weighted features: words, pairs of neighbours, and pieces of words of three to five letters, which also fit other forms and misspelt ones.
 * Weights are tf-idf with sublinear tf, each kind normalised by itself (Salton and Buckley 1988). Where there are vectors of words, their direction is a third kind.
 */
import { centreOf, directionOf } from "@roost/base";
import type { WordVectors } from "./word-vectors.ts";
import { wordsOf } from "./words-of.ts";

/** Ascending features with their weights. */
export interface SparseVector {
  indexes: Int32Array;
  weights: Float32Array;
}

export interface Features {
  readonly size: number;
  /** The share of the text's words, by weight, that the learned texts have: 0 to 1. */
  familiarity(text: string): number;
  /** The share of their words, by weight, that both have: 0 to 1. */
  likeness(left: string, right: string): number;
  vectorOf(text: string): SparseVector;
}

const pieceCharsMin = 3;
const pieceCharsMax = 5;

/** Learns which features there are, and how common each is, from texts. */
export function learnFeatures(texts: readonly string[], words?: WordVectors): Features {
  const kinds = [wordsAndPairs, pieces].map((split) => learnKind(texts, split));
  const offsets = [0, kinds[0]!.size];
  const tokenCount = kinds.reduce((sum, { size }) => sum + size, 0);
  const directionOfText = words && learnDirections(texts, words);
  return {
    size: tokenCount + (words?.dimensions ?? 0),
    familiarity: (text) => kinds[0]!.familiarity(wordsOf(text)),
    likeness: (left, right) => kinds[0]!.likeness(new Set(wordsOf(left)), new Set(wordsOf(right))),
    vectorOf: (text) => {
      const entries = kinds.flatMap((kind, place) =>
        kind.weigh(text).map(([index, weight]) => [index + offsets[place]!, weight] as const),
      );
      entries.sort(([left], [right]) => left - right);
      const direction = directionOfText?.(text) ?? [];
      return {
        indexes: Int32Array.from([
          ...entries.map(([index]) => index),
          ...direction.keys().map((at) => tokenCount + at),
        ]),
        weights: Float32Array.from([...entries.map(([, weight]) => weight), ...direction]),
      };
    },
  };
}

/** Seen from the middle of what is learned: all texts have much the same frequent words. */
function learnDirections(texts: readonly string[], words: WordVectors): (text: string) => Float32Array | undefined {
  const vectorOf = (text: string) => words.vectorOf(wordsOf(text));
  const known = texts.map(vectorOf).filter((vector) => vector !== undefined);
  if (known.length === 0) return () => undefined;
  const centre = centreOf(known);
  return (text) => {
    const vector = vectorOf(text);
    return vector && directionOf(vector, centre);
  };
}

function learnKind(texts: readonly string[], split: (text: string) => string[]) {
  const counts = new Map<string, number>();
  for (const text of texts) for (const token of new Set(split(text))) counts.set(token, (counts.get(token) ?? 0) + 1);
  const known = new Map([...counts].map(([token, count], index) => [token, { index, idf: idfOf(count) }] as const));
  function idfOf(count: number): number {
    return Math.log((1 + texts.length) / (1 + count)) + 1;
  }
  return {
    size: known.size,
    familiarity(words: readonly string[]): number {
      let all = 0;
      let familiar = 0;
      for (const word of new Set(words)) {
        const idf = known.get(word)?.idf;
        all += idf ?? idfOf(0);
        familiar += idf ?? 0;
      }
      return all === 0 ? 0 : familiar / all;
    },
    likeness(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
      const weightOf = (words: Iterable<string>) =>
        [...words].reduce((sum, word) => sum + (known.get(word)?.idf ?? idfOf(0)), 0);
      return left.size === 0 ? 0 : weightOf(left.intersection(right)) / weightOf(left.union(right));
    },
    weigh(text: string): [index: number, weight: number][] {
      const found = new Map<string, number>();
      for (const token of split(text)) if (known.has(token)) found.set(token, (found.get(token) ?? 0) + 1);
      const weighed = [...found].map(([token, count]): [number, number] => {
        const { index, idf } = known.get(token)!;
        return [index, (1 + Math.log(count)) * idf];
      });
      const norm = Math.hypot(...weighed.map(([, weight]) => weight));
      return norm === 0 ? [] : weighed.map(([index, weight]) => [index, weight / norm]);
    },
  };
}

function wordsAndPairs(text: string): string[] {
  const words = wordsOf(text);
  return [...words, ...words.slice(1).map((word, index) => `${words[index]} ${word}`)];
}

/** Of each word with a blank before and behind it. */
function pieces(text: string): string[] {
  return wordsOf(text).flatMap((word) => {
    const padded = ` ${word} `;
    const found: string[] = [];
    for (let size = pieceCharsMin; size <= pieceCharsMax; size += 1)
      for (let start = 0; start + size <= padded.length; start += 1) found.push(padded.slice(start, start + size));
    return found;
  });
}
