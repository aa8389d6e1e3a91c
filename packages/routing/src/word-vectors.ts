/**
 * Vectors of frequent English words, by which a word that no target has still says what it is like. Two files in data/, written by scripts/word-vectors.mjs:
 * words, the most frequent first, and their vectors, each number in a byte. Where they are from, and what they bring: docs/decisions/140-vectors-of-words.md.
 */
import { readFile } from "node:fs/promises";
import { directionOf } from "@roost/base";

export interface WordVectors {
  readonly dimensions: number;
  /** Of a text, by its words, rare ones more: a direction. Undefined: it is of another language, or of too few known words to say. */
  vectorOf(words: readonly string[]): Float32Array | undefined;
}

/** A word as frequent as this counts half (Arora et al. 2017). */
const halfFrequency = 0.001;
/** Of a text, by weight, words that are known: of other languages fewer are. */
const knownShareMin = 0.6;

/** Four megabytes in memory. */
export async function readWordVectors(): Promise<WordVectors> {
  const [text, bytes] = await Promise.all([
    readFile(new URL("../data/english-words.txt", import.meta.url), "utf8"),
    readFile(new URL("../data/english-vectors.bin", import.meta.url)),
  ]);
  return createWordVectors(text.trimEnd().split("\n"), new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/** `numbers`: those of the first word, then those of the second. */
export function createWordVectors(words: readonly string[], numbers: Int8Array): WordVectors {
  const dimensions = numbers.length / words.length;
  const places = new Map(words.map((word, place) => [word, place]));
  return {
    dimensions,
    vectorOf(given) {
      const sum = new Float32Array(dimensions);
      let [known, all] = [0, 0];
      for (const word of given) {
        const place = places.get(word);
        const weight = weightOf(place ?? words.length);
        all += weight;
        if (place === undefined) continue;
        known += weight;
        const row = numbers.subarray(place * dimensions, (place + 1) * dimensions);
        const scale = weight / Math.sqrt(row.reduce((squares, each) => squares + each * each, 0) || 1);
        for (let each = 0; each < dimensions; each += 1) sum[each]! += scale * row[each]!;
      }
      return known === 0 || known < knownShareMin * all ? undefined : directionOf(sum);
    },
  };
}

/** By its place among words, the most frequent first, as Zipf's law has it. */
function weightOf(place: number): number {
  const frequency = 1 / ((place + 2.7) * 10.5);
  return halfFrequency / (halfFrequency + frequency);
}
