/** Headings and list items of a report, wrapped to the width. */
// tidy: the two kinds of line of one report.
import type { Tone } from "../print/create-paint.ts";
import type { Terminal } from "../print/create-terminal.ts";
import { plainLine, wrapText } from "@roost/base/text-width";

export function heading(terminal: Terminal, text: string): void {
  terminal.line();
  terminal.line(terminal.paint(text, "strong"));
}

export function bullet(terminal: Terminal, text: string, tone: Tone = "plain"): void {
  const [first = "", ...rest] = wrapText(plainLine(text), terminal.columns - 2);
  terminal.line(`${terminal.paint("·", "dim")} ${terminal.paint(first, tone)}`);
  for (const line of rest) terminal.line(`  ${terminal.paint(line, tone)}`);
}

export function wrapped(terminal: Terminal, text: string, tone: Tone = "plain"): void {
  for (const line of wrapText(plainLine(text), terminal.columns)) terminal.line(terminal.paint(line, tone));
}
