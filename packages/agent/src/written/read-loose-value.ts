// Reads a value as models write it in a call: JSON, or Python's literals, keys without quotes, line breaks within texts, Gemma's marks for quotes, a
// comma too many. No expressions: what is not a value is none.

import type { JsonValue } from "@roost/base";
import { argumentsDepthMax } from "../messages/parse-arguments.ts";

export interface ReadValue {
  value: JsonValue;
  /** The index behind it. */
  end: number;
}

/** Marks that stand for quotes: FunctionGemma, Gemma 4. */
const quoteMarks = ["<escape>", '<|"|>'];
const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };
const words: Record<string, JsonValue> = {
  true: true,
  True: true,
  false: false,
  False: false,
  null: null,
  None: null,
};

/** Undefined: there is no value at `start`, or it is not complete. */
export function readLooseValue(text: string, start: number, depth = 0): ReadValue | undefined {
  const at = skipSpace(text, start);
  const char = text[at];
  if (char === undefined || depth > argumentsDepthMax) return undefined;
  const string = readString(text, at);
  if (string !== undefined) return string;
  if (char === "{") return readEntries(text, at + 1, { close: "}", between: ":", depth: depth + 1 });
  if (char === "[" || char === "(") return readItems(text, at + 1, { close: char === "[" ? "]" : ")", depth });
  const word = /^(?:-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z]+)(?![\w.])/.exec(text.slice(at, at + 64))?.[0];
  if (word === undefined) return undefined;
  const value = Object.hasOwn(words, word) ? words[word] : Number(word.replaceAll("_", ""));
  return value === undefined || Number.isNaN(value) ? undefined : { value, end: at + word.length };
}

/** `name=value, …` up to `close`, as Python's arguments; or `name: value, …`. */
export function readEntries(
  text: string,
  start: number,
  { close, between, depth }: { close: string; between: ":" | "="; depth: number },
): ReadValue | undefined {
  const entries: [string, JsonValue][] = [];
  for (let at = skipSpace(text, start); at < text.length;) {
    if (text[at] === close) return { value: Object.fromEntries(entries), end: at + 1 };
    const quoted = readString(text, at);
    const bare = /^[A-Za-z_][\w-]*/.exec(text.slice(at, at + 200))?.[0];
    const name = typeof quoted?.value === "string" ? quoted.value : bare;
    if (name === undefined) return undefined;
    const separator = skipSpace(text, quoted?.end ?? at + name.length);
    if (text[separator] !== between) return undefined;
    const read = readLooseValue(text, separator + 1, depth);
    if (read === undefined) return undefined;
    entries.push([name, read.value]);
    at = behindComma(text, read.end, close);
    if (at < 0) return undefined;
  }
  return undefined;
}

function readItems(
  text: string,
  start: number,
  { close, depth }: { close: string; depth: number },
): ReadValue | undefined {
  const items: JsonValue[] = [];
  for (let at = skipSpace(text, start); at < text.length;) {
    if (text[at] === close) return { value: items, end: at + 1 };
    const read = readLooseValue(text, at, depth + 1);
    if (read === undefined) return undefined;
    items.push(read.value);
    at = behindComma(text, read.end, close);
    if (at < 0) return undefined;
  }
  return undefined;
}

/** Negative: neither a comma nor the end follows. */
function behindComma(text: string, end: number, close: string): number {
  const at = skipSpace(text, end);
  if (text[at] === ",") return skipSpace(text, at + 1);
  return text[at] === close ? at : -1;
}

function readString(text: string, at: number): ReadValue | undefined {
  const mark = quoteMarks.find((each) => text.startsWith(each, at));
  if (mark !== undefined) {
    const end = text.indexOf(mark, at + mark.length);
    return end < 0 ? undefined : { value: text.slice(at + mark.length, end), end: end + mark.length };
  }
  const quote = text[at];
  if (quote !== '"' && quote !== "'") return undefined;
  let value = "";
  for (let index = at + 1; index < text.length; index += 1) {
    const char = text[index]!;
    if (char === quote) return { value, end: index + 1 };
    if (char !== "\\") {
      value += char;
      continue;
    }
    index += 1;
    const escaped = text[index] ?? "";
    const code = escaped === "u" ? /^[0-9a-f]{4}/i.exec(text.slice(index + 1, index + 5))?.[0] : undefined;
    value += code === undefined ? (escapes[escaped] ?? escaped) : String.fromCharCode(Number.parseInt(code, 16));
    if (code !== undefined) index += code.length;
  }
  return undefined;
}

export function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && /\s/.test(text[at]!)) at += 1;
  return at;
}
