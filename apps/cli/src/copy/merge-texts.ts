/** Three-way merge of texts by lines, and the difference of two. */
import { diffIndices, merge } from "node-diff3";

/** The text that has both changes since `base`; undefined when they are in the same lines. */
export function mergeTexts(base: string, mine: string, theirs: string): string | undefined {
  const { conflict, result } = merge(linesOf(mine), linesOf(base), linesOf(theirs), { excludeFalseConflicts: true });
  return conflict ? undefined : result.join("\n");
}

/** The lines that differ, with - and +, cut at `charsMax`. */
export function diffTexts(from: string, to: string, { charsMax }: { charsMax: number }): string {
  const marked = diffIndices(linesOf(from), linesOf(to)).flatMap(({ buffer1, buffer1Content, buffer2Content }) => [
    `@@ line ${buffer1[0] + 1} @@`,
    ...buffer1Content.map((line) => `- ${line}`),
    ...buffer2Content.map((line) => `+ ${line}`),
  ]);
  const text = marked.join("\n");
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 2).toWellFormed()}\n…`;
}

function linesOf(text: string): string[] {
  return text.split("\n");
}
