/** Splits texts into the lines that recall finds: short enough to show ten of them, whole enough to be understood. Pure. */
import { linesOf } from "../records/line-marks.ts";

const lineCharsMax = 600;

export interface TextPiece {
  text: string;
  /** Of its first line in the text, from 1. */
  from: number;
  count: number;
  /** The headings that it stands under. */
  heading: string;
}

const heading = /^(#{1,6})\s+(.*)$/;
const item = /^\s{0,3}(?:[-*+]|\d+[.)])\s/;

/** Paragraphs and list items of a Markdown text; deeper lines of an item belong to it. */
export function splitMarkdown(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  const headings: string[] = [];
  let open: TextPiece | undefined;
  for (const [index, line] of linesOf(text).entries()) {
    const trimmed = line.trim();
    const head = heading.exec(trimmed);
    if (head !== null) headings.splice(head[1]!.length - 1, headings.length, head[2]!);
    if (trimmed === "" || head !== null) {
      open = undefined;
      continue;
    }
    const isLong = open !== undefined && open.text.length + trimmed.length > lineCharsMax;
    if (open !== undefined && !item.test(line) && !isLong) {
      open.text += ` ${trimmed}`;
      open.count = index + 2 - open.from;
      continue;
    }
    open = { text: trimmed, from: index + 1, count: 1, heading: headings.filter(Boolean).join(" ") };
    pieces.push(open);
  }
  return pieces.flatMap((piece) => splitLong(piece.text).map((part) => ({ ...piece, text: part })));
}

/** Cuts a text behind sentences, else words, into pieces of at most 600 characters. */
export function splitLong(text: string): string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > lineCharsMax) {
    const start = rest.slice(0, lineCharsMax);
    const sentence = Math.max(
      start.lastIndexOf(". "),
      start.lastIndexOf("\n"),
      start.lastIndexOf("? "),
      start.lastIndexOf("! "),
    );
    const word = start.lastIndexOf(" ");
    const cut = sentence > lineCharsMax / 3 ? sentence + 1 : word > lineCharsMax / 3 ? word : lineCharsMax;
    pieces.push(rest.slice(0, cut).toWellFormed().trim());
    rest = rest.slice(cut).trim();
  }
  if (rest !== "") pieces.push(rest.toWellFormed());
  return pieces;
}
