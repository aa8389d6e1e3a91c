/** Public file `@roost/base/text-width`: measures, cuts and wraps text by terminal columns. */
import { stripVTControlCharacters } from "node:util";

// tidy: opening one takes 17 ms of the processor, so it is opened at first use: few processes print.
let opened: Intl.Segmenter | undefined;
const graphemesOf = (text: string) =>
  (opened ??= new Intl.Segmenter(undefined, { granularity: "grapheme" })).segment(text);
/** East Asian wide and fullwidth forms, and emoji (Unicode TR11, emoji presentation). */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|\uFE0F/u;
/** They would turn the direction of what is printed after them. */
const directionMarks = /[\u202a-\u202e\u2066-\u2069]/g;
const invisible = /^[\p{Mark}\u200B-\u200F\u2060\uFEFF]+$/u;

export function textWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemesOf(stripVTControlCharacters(text))) width += graphemeWidth(segment);
  return width;
}

/** Cuts to at most `columns`, ending in an ellipsis if cut. Expects no control characters. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  if (columns <= 0) return "";
  let result = "";
  let width = 0;
  for (const { segment } of graphemesOf(text)) {
    const next = graphemeWidth(segment);
    if (width + next > columns - 1) break;
    result += segment;
    width += next;
  }
  return `${result}…`;
}

export function padText(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - textWidth(text)));
}

/** Strips escape sequences and direction marks from outside text and puts it on one line. */
export function plainLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(directionMarks, "")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
}

/** As plainLine, but line breaks and tabs stay. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(directionMarks, "")
    .replace(/[^\P{Cc}\n\t]/gu, "");
}

function graphemeWidth(grapheme: string): number {
  if (invisible.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}

/** Wraps a line to `columns`, at spaces where possible; further lines are indented as the first. */
export function wrapText(text: string, columns: number): string[] {
  const indent = /^ */.exec(text)?.[0] ?? "";
  const room = columns - indent.length;
  if (room <= 0) return wrapText(text.trimStart(), columns);
  const lines: string[] = [];
  let line = "";
  for (const word of text.slice(indent.length).split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (textWidth(joined) <= room) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (textWidth(line) > room) {
      const head = cutText(line, room + 1).slice(0, -1);
      if (head === "") break;
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, line].map((one) => (one === "" ? one : indent + one));
}
