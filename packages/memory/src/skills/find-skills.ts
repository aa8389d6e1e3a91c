/**
 * The skills that a session may use: folders with a SKILL.md in skills/, and in skills/ of the services that its agent names, all of them or those
 * that it names, perhaps at one version. A skill is known by its folder.
 */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ownServicesDir, RoostError } from "@roost/base";
import { isUntrusted } from "@roost/contract/labels";
import { partLimits } from "@roost/contract/part";
import { readDiskFile, textOf, type DiskFile } from "../disk/read-disk-file.ts";
import { homeLimits } from "../disk/home-limits.ts";
import { walkHome, type WalkedFile } from "../disk/walk-home.ts";
import { marksOfFile } from "../files/marks-of-file.ts";
import type { Memory } from "../memory.ts";
import { labelsOfAll } from "../records/line-marks.ts";
import type { RecordedMarks } from "../records/marks-of-text.ts";
import { mayKnow } from "../visibility/clearance.ts";
import { readSkillName } from "../visibility/read-skill-name.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { maySeeFile } from "../visibility/visibility.ts";
import { parseSkillText, type SkillText } from "./skill-text.ts";

/** Files of one skill. */
const filesMax = 300;
/** Hexadecimal digits of a version that people read and write. */
export const versionChars = 12;

export interface Skill {
  /** Its folder's. */
  name: string;
  /** Its folder: `skills/blog/`, `services/peeps/skills/people/`. */
  folder: string;
  main: WalkedFile;
  /** The others, by path. */
  files: WalkedFile[];
  /** The version at which the agent names it; others are not for it. */
  pin: string | undefined;
  /** Of one of Roost's own services: no file of the home. */
  isOwn: boolean;
}

const skillPath = /^((?:services\/([^/]+)\/)?skills\/[^/]+\/)./;

/** `names`: as an agent's definition has them, `blog` or `blog@VERSION`. Default: all. Those named come in that order. The home's own win. */
export async function findSkills(
  viewer: Viewer,
  walked: readonly WalkedFile[],
  names?: readonly string[],
): Promise<Skill[]> {
  const own = await walkOwnSkills(viewer.services ?? []);
  const found = [...foldersOf(viewer, walked, false), ...foldersOf(viewer, own, true)];
  // A person's skill of the same name is theirs.
  const isOfService = ({ folder }: { folder: string }) => folder.startsWith("services/");
  found.sort((a, b) => Number(isOfService(a)) - Number(isOfService(b)));
  const byName = Map.groupBy(found, ({ name }) => name);
  const wanted = names?.map(readSkillName) ?? [...byName.keys()].map((name) => ({ name, pin: undefined }));
  return wanted.flatMap(({ name, pin }) => {
    const [skill] = byName.get(name) ?? [];
    return skill === undefined ? [] : [{ ...skill, pin }];
  });
}

/** Whether there is a folder for a skill: of the home, or of a service that the agent names. Few looks, since each turn asks. */
export async function hasSkills(
  { homeDir }: Pick<Memory, "homeDir">,
  { services = [] }: { services?: readonly string[] | undefined },
): Promise<boolean> {
  const ofServices = services.flatMap((name) => [
    join(homeDir, "services", name, "skills"),
    join(ownServicesDir, name, "skills"),
  ]);
  const looks = [join(homeDir, "skills"), ...ofServices].map((folder) =>
    readdir(folder, { withFileTypes: true }).catch(() => []),
  );
  const entries = (await Promise.all(looks)).flat();
  return entries.some((entry) => entry.isDirectory() && !entry.name.startsWith("."));
}

function foldersOf(viewer: Viewer, walked: readonly WalkedFile[], isOwn: boolean): Omit<Skill, "pin">[] {
  const byFolder = Map.groupBy(
    walked.filter(({ path }) => isSkillFile(viewer, path)),
    ({ path }) => skillPath.exec(path)![1]!,
  );
  return [...byFolder].flatMap(([folder, all]) => {
    const main = all.find(({ path }) => path === `${folder}SKILL.md`);
    const name = folder.split("/").at(-2)!;
    return main === undefined ? [] : [{ name, folder, main, files: all.filter((file) => file !== main), isOwn }];
  });
}

/** Main reads each file of the home, but has only skills of services that its agent names. */
function isSkillFile(viewer: Viewer, path: string): boolean {
  const found = skillPath.exec(path);
  if (found === null || !maySeeFile(viewer, path)) return false;
  return found[2] === undefined || (viewer.services?.includes(found[2]) ?? false);
}

/** Of Roost's own services, with the paths that they would have in a home. */
async function walkOwnSkills(services: readonly string[]): Promise<WalkedFile[]> {
  const walks = services.map(async (name) => {
    const { files } = await walkHome(join(ownServicesDir, name, "skills"));
    return files.map((file) => ({ ...file, path: `services/${name}/skills/${file.path}` }));
  });
  return (await Promise.all(walks)).flat();
}

/**
 * The version of a skill: a hash of all its files. @throws RoostError `limit_exceeded`, `unavailable`: it has too many files, or one that cannot
 * be read
 */
export async function versionOfSkill(memory: Memory, { name, main, files }: Skill): Promise<string> {
  if (files.length > filesMax)
    throw new RoostError("limit_exceeded", `the skill ${name} has ${files.length} files (limit ${filesMax})`);
  const hash = createHash("sha256");
  for (const { path, absolute, bytes } of [main, ...files]) {
    const disk =
      bytes <= homeLimits.fileBytesMax
        ? await memory.keptFiles.read(absolute)
        : await readDiskFile(absolute, { bytesMax: partLimits.bytesMax });
    hash.update(`${disk?.sha256 ?? "gone"} ${path}\n`);
  }
  return hash.digest("hex");
}

/** Why a skill of this version is not the one that its agent names; undefined: it is, or none is named. */
export function whyOtherVersion({ name, pin }: Skill, version: string): string | undefined {
  if (pin === undefined || version.startsWith(pin)) return undefined;
  return `the agent names ${name}@${pin}, and its files are now ${name}@${version.slice(0, versionChars)}: look at what changed, then write that into the agent`;
}

/** Parsed texts by file, so that a text is not parsed in every turn. */
const parsed = new WeakMap<DiskFile, SkillText>();

/** What a SKILL.md says of itself; `held`: it rests on content from outside, or is not for this session. */
export async function describeSkill(
  memory: Memory,
  { main: { path, absolute }, isOwn }: Skill,
  { viewer, recorded }: { viewer: Viewer; recorded?: ReadonlyMap<string, RecordedMarks> | undefined },
): Promise<SkillText | "held"> {
  const disk = await memory.keptFiles.read(absolute).catch(() => undefined);
  if (disk === undefined) return { body: "" };
  const text = textOf(disk.bytes) ?? "";
  if (!isOwn) {
    const labels = labelsOfAll(await marksOfFile(memory, viewer, { path, sha256: disk.sha256, text }, recorded));
    if (isUntrusted(labels) || !mayKnow(viewer, labels)) return "held";
  }
  const skill = parsed.get(disk) ?? parseSkillText(text);
  parsed.set(disk, skill);
  return skill;
}
