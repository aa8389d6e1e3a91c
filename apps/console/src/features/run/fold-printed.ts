/** What the programs of a run print while it is looked at: of the step that printed last, its end. Pure. */
import { visibleText } from "@roost/base/browser";
import type { PrintedText } from "../../live/create-live.ts";

export interface Printed {
  runId: string;
  step: string;
  /** As it came. */
  text: string;
  /** More was printed before. */
  isCut: boolean;
}

const charsMax = 20_000;

export function foldPrinted(before: Printed | undefined, { runId, step, text }: PrintedText): Printed {
  const isSame = before?.runId === runId && before.step === step;
  const all = isSame ? before.text + text : text;
  if (all.length <= charsMax) return { runId, step, text: all, isCut: isSame && before.isCut };
  const end = all.slice(-charsMax);
  return { runId, step, text: end.slice(end.indexOf("\n") + 1), isCut: true };
}

// oxlint-disable-next-line no-control-regex -- these are what is looked for
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g;

/** As a terminal would leave it, without colours: of a line that was written over and over, the last. */
export function readPrinted(text: string): string {
  const plain = text.replaceAll(escapes, "").replaceAll("\r\n", "\n");
  return visibleText(plain.replaceAll(/^[^\n]*\r(?=[^\n])/gm, "").replaceAll("\r", ""));
}
