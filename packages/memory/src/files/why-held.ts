/** Files that Roost acts on are held while lines of them rest on untrusted content. */
import { realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { isUntrusted } from "@roost/contract/labels";
import { hashOf } from "../disk/read-disk-file.ts";
import type { HomeFiles } from "../memory.ts";
import { labelsOfAll, untrustedLines, type LineMarks } from "../records/line-marks.ts";
import { loadMarks, type StoredMarks } from "../records/stored-marks.ts";
import { nameSources } from "../visibility/name-sources.ts";
import type { RecordedMarks } from "../records/marks-of-text.ts";
import { marksOfFile } from "./marks-of-file.ts";

/**
 * Why Roost does not act on this text of a file of the home, and what a person does about it; undefined: it may. `recorded`: of several files, read at
 * once; it says something of this very text alone.
 */
export async function whyHeld(
  memory: HomeFiles,
  { path, text }: { path: string; text: string },
  recorded?: ReadonlyMap<string, RecordedMarks>,
): Promise<string | undefined> {
  const real = await realpath(join(memory.homeDir, path)).catch(() => undefined);
  // Gone meanwhile, or beyond a link out of the home, where nothing is watched: it has the marks of its place.
  const found = real === undefined ? path : relative(memory.homeDir, real).split(sep).join("/");
  const place = found.startsWith("../") ? path : found;
  const sha256 = hashOf(text);
  const known = recorded?.get(place)?.sha256 === sha256 ? recorded : undefined;
  return describeMarks(place, await marksOfFile(memory, { kind: "main" }, { path: place, sha256, text }, known));
}

/** The same for a file as it is recorded. */
export async function whyRecordedHeld(
  memory: HomeFiles,
  { path, ...recorded }: StoredMarks & { path: string },
): Promise<string | undefined> {
  return describeMarks(path, await loadMarks(memory, memory.kernel.database, recorded, ""));
}

function describeMarks(path: string, marks: LineMarks): string | undefined {
  const all = labelsOfAll(marks);
  if (!isUntrusted(all)) return undefined;
  const untrusted = untrustedLines(marks);
  const lines = untrusted.map(({ from, count }) => (count === 1 ? `${from}` : `${from}-${from + count - 1}`));
  const which =
    untrusted.length === marks.length ? "it rests" : `lines ${lines.slice(0, linesNamed).join(", ")} of it rest`;
  return `${which} on content from ${nameSources(labelsOfAll(untrusted))}, so it is held until a person vouches for it: roost files trust ${path}`;
}

const linesNamed = 5;
