/**
 * The skills that a session may use: folders in skills/ with a SKILL.md, all of them or those that its agent names, perhaps at one version. A
 * skill is known by its folder.
 */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { isUntrusted } from "@roost/contract/labels";
import { partLimits } from "@roost/contract/part";
import { readDiskFile, textOf, type DiskFile } from "../disk/read-disk-file.ts";
import { homeLimits } from "../disk/home-limits.ts";
import type { WalkedFile } from "../disk/walk-home.ts";
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
  /** Its folder below skills/. */
  name: string;
  main: WalkedFile;
  /** The others, by path. */
  files: WalkedFile[];
  /** The version at which the agent names it; others are not for it. */
  pin: string | undefined;
}

/** `names`: as an agent's definition has them, `blog` or `blog@VERSION`. Default: all. Those named come in that order. */
export function findSkills(viewer: Viewer, walked: readonly WalkedFile[], names?: readonly string[]): Skill[] {
  const byName = Map.groupBy(
    walked.filter(({ path }) => /^skills\/[^/]+\/./.test(path) && maySeeFile(viewer, path)),
    ({ path }) => path.split("/")[1]!,
  );
  const wanted = names?.map(readSkillName) ?? [...byName.keys()].map((name) => ({ name, pin: undefined }));
  return wanted.flatMap(({ name, pin }) => {
    const all = byName.get(name) ?? [];
    const main = all.find(({ path }) => path === `skills/${name}/SKILL.md`);
    return main === undefined ? [] : [{ name, main, pin, files: all.filter((file) => file !== main) }];
  });
}

/** Whether the home has a folder for a skill. One look, since each turn asks. */
export async function hasSkills({ homeDir }: Pick<Memory, "homeDir">): Promise<boolean> {
  const entries = await readdir(join(homeDir, "skills"), { withFileTypes: true }).catch(() => []);
  return entries.some((entry) => entry.isDirectory() && !entry.name.startsWith("."));
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
  { path, absolute }: WalkedFile,
  { viewer, recorded }: { viewer: Viewer; recorded?: ReadonlyMap<string, RecordedMarks> | undefined },
): Promise<SkillText | "held"> {
  const disk = await memory.keptFiles.read(absolute).catch(() => undefined);
  if (disk === undefined) return { body: "" };
  const text = textOf(disk.bytes) ?? "";
  const labels = labelsOfAll(await marksOfFile(memory, viewer, { path, sha256: disk.sha256, text }, recorded));
  if (isUntrusted(labels) || !mayKnow(viewer, labels)) return "held";
  const skill = parsed.get(disk) ?? parseSkillText(text);
  parsed.set(disk, skill);
  return skill;
}
