/** Three-way merge of texts by lines, the difference of two, and the name of a version that cannot be merged. */
import { basename, dirname, extname, join } from "node:path";
import { diffIndices, merge } from "node-diff3";
import { homeLimits } from "./home-limits.ts";

const { pathCharsMax, partBytesMax } = homeLimits;
/** A longer one is part of the name. */
const endCharsMax = 20;
/** Of the name itself, with the slash before it. */
const namePartCharsMin = 20;

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
 * would define it in the place of the first. A name is shortened where the limits of paths leave no room.
 */
export function nameBeside(path: string, { by, sha256 }: { by: string; sha256: string }): string {
  const isJob = /^jobs\//i.test(path);
  const given = extname(path);
  const end = given.length > endCharsMax ? "" : given;
  const added = `.${by}-${sha256.slice(0, 8)}${end}${isJob ? ".txt" : ""}`;
  let folder = dirname(path);
  // Where its folder leaves no room, in one above.
  while (folder.includes("/") && folder.length + namePartCharsMin + added.length > pathCharsMax)
    folder = dirname(folder);
  const stem = Array.from(basename(path, end));
  const isTooLong = (name: string) =>
    Buffer.byteLength(name) > partBytesMax || folder.length + 1 + name.length > pathCharsMax;
  while (isTooLong(stem.join("") + added)) stem.pop();
  return join(folder, stem.join("") + added);
}

function linesOf(text: string): string[] {
  return text.split("\n");
}
