/** Definitions in folders of the home: which files there are, and their texts, as far as Roost may act on them. */
import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { RoostError, severalAtOnce } from "@roost/base";
import { definitionFilesMax, listDefinitionFiles, readDefinitionFile } from "@roost/jobs/files";
import { readRecordedMarks, whyHeld, type Memory } from "@roost/memory";

/** The definitions in a folder of the home: paths relative to it, by name, and what is to be told about them. */
export async function listHomeFiles(
  homeDir: string,
  folder: "agents" | "jobs",
  endings: readonly string[],
): Promise<{ files: string[]; notices: string[] }> {
  const all = await listDefinitionFiles(join(homeDir, folder), { endings }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new RoostError("unavailable", `${folder}/ of the home cannot be read: ${error.message}`, { cause: error });
  });
  const max = definitionFilesMax;
  const notices =
    all.length > max
      ? [`${folder}/ has ${all.length} files (limit ${max}): those from ${all[max]} on are not applied`]
      : [];
  return { files: all.slice(0, max).map((name) => `${folder}/${name}`), notices };
}

/** A file's text, undefined while it is held, or why it cannot be read. */
export type ReadTexts = ReadonlyMap<string, { text: string | undefined } | { error: unknown }>;

const readsAtOnce = 8;

export async function readAllUnheld(memory: Memory, files: readonly string[]): Promise<ReadTexts> {
  const texts = new Map<string, { text: string | undefined } | { error: unknown }>();
  // One statement for hundreds of files.
  const recorded = await readRecordedMarks(memory.kernel.database, [...files]);
  await severalAtOnce(files, readsAtOnce, async (file) => {
    const read = await readUnheld(memory, file, recorded).then(
      (text) => ({ text }),
      (error: unknown) => ({ error }),
    );
    texts.set(file, read);
  });
  return texts;
}

/** @throws what reading it threw */
export function textOf(texts: ReadTexts, file: string): string | undefined {
  const read = texts.get(file);
  if (read === undefined || "error" in read) throw read?.error;
  return read.text;
}

/**
 * The text of a definition; undefined while it is held, because lines of it rest on untrusted content.
 * @throws RoostError as refuseLinkAway and readDefinitionFile
 */
export async function readUnheld(
  memory: Memory,
  file: string,
  recorded?: Parameters<typeof whyHeld>[2],
): Promise<string | undefined> {
  await refuseLinkAway(memory.homeDir, file);
  const text = await readDefinitionFile(join(memory.homeDir, file));
  const why = await whyHeld(memory, { path: file, text }, recorded);
  if (why === undefined) return text;
  memory.logger.warn(`${file} is not applied: ${why}`);
  return undefined;
}

/**
 * Work of a run is in folders that its programs write: a link from a definition there would let them define what runs.
 * @throws RoostError `forbidden` for a link that leads out of the folder, and for a folder that is a link to another of the home
 */
async function refuseLinkAway(homeDir: string, file: string): Promise<void> {
  const [home, folder, target] = await Promise.all(
    ["", dirname(file), file].map((path) => realpath(join(homeDir, path)).catch(() => undefined)),
  );
  // Reading it says what is wrong.
  if (home === undefined || folder === undefined || target === undefined) return;
  const place = relative(home, folder);
  const isOwnFolder = place === dirname(file) || place.startsWith("..");
  if (isOwnFolder && dirname(target) === folder) return;
  throw new RoostError(
    "forbidden",
    `${basename(file)} is a link that leads out of ${dirname(file)}/: put the file itself there`,
  );
}
