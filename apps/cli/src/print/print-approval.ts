import { plainText } from "@roost/base/text-width";
import type { QuestionRecord } from "@roost/contract/operations";
import type { Terminal } from "./create-terminal.ts";

/** Prints what is to be approved: the diff, or else the arguments. */
export function printApproval(
  terminal: Pick<Terminal, "line" | "paint">,
  { tool, input, diff }: NonNullable<QuestionRecord["approval"]>,
): void {
  const shown = diff ?? `${tool} ${JSON.stringify(input, null, 2)}`;
  for (const line of plainText(shown).trimEnd().split("\n")) {
    const tone = line.startsWith("+") ? "good" : line.startsWith("-") ? "bad" : "dim";
    terminal.line(`  ${terminal.paint(line, tone)}`);
  }
}
