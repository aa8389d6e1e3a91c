/** Problems where a session, a job or the settings expect a file: as a walk found them, and marks for which a file is held. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { toRoostError } from "@roost/base";
import { isUntrusted } from "@roost/contract/labels";
import { FileFault } from "../disk/file-fault.ts";
import { homeLimits, shownCharsMax } from "../disk/home-limits.ts";
import { resolveHomePath } from "../disk/home-path.ts";
import { readDiskFile } from "../disk/read-disk-file.ts";
import type { OtherKind, Walk, WalkedFile } from "../disk/walk-home.ts";
import { whyRecordedHeld } from "../files/why-held.ts";
import type { Memory } from "../memory.ts";
import type { FileProblem } from "../records/file-problems.ts";
import { textForPeople, type FileRecord } from "../records/file-records.ts";
import { readRecordedMarks } from "../records/marks-of-text.ts";
import { classifyPath, type HomeFileClass } from "../visibility/home-file-class.ts";

/** Folders that other rooms read by name. */
const expectedFolders = ["memory", "jobs", "skills", "work"];
/** Read by other programs, which follow links. */
const followed = new Set<HomeFileClass>(["job", "settings"]);
const unusableNamedMax = 3;

/** Classes of files that are read automatically, so that a failure would go unnoticed. */
export function isExpectedFile(path: string): boolean {
  const { class: kind } = classifyPath(path);
  return kind !== "work" && kind !== "other" && (kind !== "skill" || path.endsWith("/SKILL.md"));
}

export async function findProblems(memory: Memory, walk: Walk): Promise<FileProblem[]> {
  const found = [
    ...walk.unseen,
    ...walk.folders
      .filter((path) => isExpectedFile(path) && classifyPath(path).class !== "service")
      .map((path) => ({ path, reason: "it is a folder, not a file" })),
    ...(await Promise.all(walk.others.map((other) => problemOf(memory, other)))).flat(),
    ...walk.files
      .filter(({ path, bytes }) => bytes > homeLimits.fileBytesMax && isExpectedFile(path))
      .map(({ path, bytes }) => ({ path, reason: `it has ${bytes} bytes (limit ${homeLimits.fileBytesMax})` })),
    ...expectedFolders
      .filter((path) => isFile(memory, path))
      .map((path) => ({ path, reason: "it is a file, not a folder" })),
    ...unusableNames(walk),
    ...(await Promise.all(walk.files.filter(mayBeCut).map(shownInPart))).flat(),
    ...(walk.isComplete
      ? []
      : [{ path: ".", reason: `it has more than ${homeLimits.filesMax} files: those beyond are not watched` }]),
  ];
  const byPath = Map.groupBy(found, ({ path }) => path);
  return [...byPath].map(([path, problems]) => ({ path, reason: problems.map(({ reason }) => reason).join("; ") }));
}

/** Files that Roost acts on by itself; of MEMORY.md and notes it shows each line by its own mark. */
function isActedOn(path: string): boolean {
  const { class: kind } = classifyPath(path);
  return isExpectedFile(path) && kind !== "memory" && kind !== "note" && kind !== "state";
}

/** Those that are held for their marks. `labels`: of each file, as recorded. */
export async function findHeld(memory: Memory, labels: ReadonlyMap<string, number>): Promise<FileProblem[]> {
  const { database, labelSets } = memory.kernel;
  const marked: string[] = [];
  for (const [path, number] of labels)
    if (isActedOn(path) && isUntrusted(await labelSets.read(database, number))) marked.push(path);
  if (marked.length === 0) return [];
  const problems: FileProblem[] = [];
  for (const recorded of (await readRecordedMarks(database, marked)).values()) {
    const reason = await whyRecordedHeld(memory, recorded);
    if (reason !== undefined) problems.push({ path: recorded.path, reason });
  }
  return problems;
}

/** Those whose present content could not be made a version. */
export function findUnkept(records: ReadonlyMap<string, FileRecord>): FileProblem[] {
  return [...records.values()].flatMap(({ path, unkeptReason }) =>
    unkeptReason == null ? [] : [{ path, reason: unkeptReason }],
  );
}

async function problemOf(memory: Memory, { path, kind }: { path: string; kind: OtherKind }): Promise<FileProblem[]> {
  const isFolder = expectedFolders.includes(path);
  if (kind !== "link")
    return isFolder || isExpectedFile(path) ? [{ path, reason: `it is a ${names[kind]}, not a file` }] : [];
  const { class: fileClass } = classifyPath(path);
  const isSkill = /^skills\/[^/]+(?:\/SKILL\.md)?$/.test(path);
  if (isFolder || isSkill || fileClass === "state")
    return [{ path, reason: "it is a link, which is not followed here: put the files themselves there" }];
  if (!isExpectedFile(path) || followed.has(fileClass)) return [];
  try {
    await resolveHomePath(memory.homeDir, path);
    return [];
  } catch (error) {
    return [{ path, reason: error instanceof FileFault ? error.reason : toRoostError(error).message }];
  }
}

const names: Readonly<Record<Exclude<OtherKind, "link">, string>> = {
  pipe: "named pipe",
  socket: "socket",
  device: "device",
};

function isFile(memory: Memory, path: string): boolean {
  try {
    return lstatSync(join(memory.homeDir, path), { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

/** Read into conversations as a whole, as far as they may know it; a file with fewer bytes than characters are shown is never cut. */
function mayBeCut({ path, bytes }: WalkedFile): boolean {
  if (path.includes("/") || bytes <= shownCharsMax(path) || bytes > homeLimits.fileBytesMax) return false;
  const { class: kind } = classifyPath(path);
  return kind !== "other" && kind !== "settings";
}

async function shownInPart({ path, absolute }: WalkedFile): Promise<FileProblem[]> {
  const charsMax = shownCharsMax(path);
  const disk = await readDiskFile(absolute).catch(() => undefined);
  const { length } = disk === undefined ? "" : textForPeople(disk);
  if (length <= charsMax) return [];
  const advice = path === "MEMORY.md" ? "move what is old into notes or work/" : "shorten it";
  return [{ path, reason: `only ${charsMax} of its ${length} characters are shown to conversations: ${advice}` }];
}

/** One problem for all: a folder of foreign files would raise a notice each. */
function unusableNames(walk: Walk): FileProblem[] {
  // What jobs keep in their own folders is up to them.
  const unusable = walk.unusable.filter((path) => !/^"?work\//.test(path));
  if (unusable.length === 0) return [];
  const shown = unusable.slice(0, unusableNamedMax).join(", ");
  const more = unusable.length > unusableNamedMax ? ` and ${unusable.length - unusableNamedMax} more` : "";
  return [
    {
      path: ".",
      reason: `it has names that cannot be used (invisible characters, \\, :, not UTF-8, a dot or space at the end): ${shown}${more}`,
    },
  ];
}
