/** Prints what a person is asked. */
import { plainLine, plainText, wrapText } from "@roost/base/text-width";
import { describeApproval } from "@roost/contract/describe-approval";
import type { QuestionRecord } from "@roost/contract/operations";
import type { Terminal } from "./create-terminal.ts";
import { relativeTime } from "./relative-time.ts";

/** Its prompt, what is to be approved and on which terms, and the answers to choose from. */
export function printQuestion(
  terminal: Terminal,
  { prompt, approval, choices, expiresAt }: QuestionRecord,
  nowMs: number,
): void {
  printIndented(terminal, prompt);
  if (approval !== null) {
    printApproval(terminal, approval);
    const terms = describeApproval(approval, expiresAt === null ? undefined : relativeTime(expiresAt, nowMs));
    for (const line of wrapText(plainLine(terms), terminal.columns - 2))
      terminal.line(`  ${terminal.paint(line, "dim")}`);
  }
  if (choices !== null) terminal.line(`  ${terminal.paint(plainLine(choices.join(" | ")), "dim")}`);
}

/** The diff, or else the arguments. */
function printApproval(terminal: Terminal, { tool, input, diff }: NonNullable<QuestionRecord["approval"]>): void {
  const shown = diff ?? `${tool} ${JSON.stringify(input, null, 2)}`;
  for (const line of plainText(shown).trimEnd().split("\n")) {
    const tone = line.startsWith("+") ? "good" : line.startsWith("-") ? "bad" : "dim";
    terminal.line(`  ${terminal.paint(line, tone)}`);
  }
}

/** A text from outside, wrapped, its commands as they can be pasted. */
export function printIndented(terminal: Terminal, text: string): void {
  for (const line of terminal.named(plainText(text)).split("\n"))
    for (const part of wrapText(line, terminal.columns - 2)) terminal.line(`  ${part}`);
}
