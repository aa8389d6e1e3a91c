/**
 * Reads a text as a subject: its meaningful words, stemmed, synonyms made one,
 * each with how much it says about the subject. Pure.
 */
import { stemWord } from "./stem-word.ts";
import { canonicalWords, countedWords, faintWords, numberWords, stopWords } from "./subject-words.ts";

export interface SubjectWord {
  word: string;
  kind: "word" | "name" | "number";
  /** 1 for a common content word. */
  weight: number;
}

export type SubjectWords = readonly SubjectWord[];

export const topicCharsMax = 2_000;
export const topicWordCountMax = 120;

const weights = { faint: 0.3, word: 1, name: 1.5, number: 1.6 } as const;

const faintStems = new Set([...faintWords].map(stemWord));
const countedStems = new Set([...countedWords].map(stemWord));
const canonicalStems = new Map([...canonicalWords].map(([word, first]) => [stemWord(word), stemWord(first)]));

export function readSubject(text: string): SubjectWords {
  const tokens = tokenize(text);
  const titleCase = isTitleCase(tokens);
  const words = new Map<string, SubjectWord>();
  for (const [index, token] of tokens.entries()) {
    const word = read(token, tokens, index, titleCase);
    if (word === undefined) continue;
    const known = words.get(word.word);
    if (known === undefined ? words.size < topicWordCountMax : word.weight > known.weight) words.set(word.word, word);
  }
  return [...words.values()];
}

interface Token {
  text: string;
  lower: string;
  /** Starts the text or follows the end of a sentence, where a capital says nothing. */
  first: boolean;
}

function tokenize(text: string): Token[] {
  const plain = text.slice(0, topicCharsMax).normalize("NFKD").replaceAll(/\p{M}/gu, "").replaceAll("ß", "ss");
  const tokens: Token[] = [];
  let endOfLast = 0;
  for (const match of plain.matchAll(/[\p{L}\p{N}]+(?:[.'’/][\p{L}\p{N}]+)*(?:\+\+|#)?/gu)) {
    const between = plain.slice(endOfLast, match.index);
    endOfLast = match.index + match[0].length;
    const raw = match[0].replace(/['’]s?$/, "").replace(/['’]s$/, "");
    tokens.push({ text: raw, lower: raw.toLowerCase(), first: tokens.length === 0 || /[.!?:–—]/.test(between) });
  }
  return tokens;
}

/** In a headline with capitals all over, a capital marks no name. */
function isTitleCase(tokens: Token[]): boolean {
  const long = tokens.filter((token) => token.text.length > 3 && /^\p{L}/u.test(token.text));
  return long.length > 3 && long.filter((token) => /^\p{Lu}/u.test(token.text)).length / long.length > 0.8;
}

function read(token: Token, tokens: Token[], index: number, titleCase: boolean): SubjectWord | undefined {
  const lower = token.lower.replace(/^(\d+)(?:am|pm|th|st|nd|rd|h)$/, "$1").replace(/^(\p{L}+)\.js$/u, "$1");
  const number = numberWords.get(lower) ?? lower;
  if (/^v?\d/.test(number)) {
    const counts = tokens.slice(index + 1, index + 3).some((next) => countedStems.has(stemWord(next.lower)));
    return counts ? undefined : { word: number.replace(/^v/, ""), kind: "number", weight: weights.number };
  }
  if (stopWords.has(lower)) return undefined;
  const stem = stemWord(lower);
  const word = canonicalStems.get(stem) ?? stem;
  const capital = /^\p{Lu}/u.test(token.text) && !token.first && !titleCase;
  if (capital || /^\p{Lu}{2,}/u.test(token.text)) return { word, kind: "name", weight: weights.name };
  return { word, kind: "word", weight: faintStems.has(stem) || faintStems.has(word) ? weights.faint : weights.word };
}
