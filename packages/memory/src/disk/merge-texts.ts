/** Three-way merge of texts by lines, the difference of two, and the name of a version that cannot be merged. */
import { extname } from "node:path";
import { diffIndices, merge } from "node-diff3";
import { hashOf } from "./read-disk-file.ts";

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

/**
 * notes/plan.laptop-1a2b3c4d.md: named by its content, so that it is kept once. jobs/night.laptop-1a2b3c4d.yaml.txt, since a second file of a job
 * would define it in the place of the first.
 */
export function nameBeside(path: string, { by, content }: { by: string; content: Uint8Array }): string {
  const end = extname(path);
  const beside = `${path.slice(0, path.length - end.length)}.${by}-${hashOf(content).slice(0, 8)}${end}`;
  return /^jobs\//i.test(path) ? `${beside}.txt` : beside;
}

function linesOf(text: string): string[] {
  return text.split("\n");
}
