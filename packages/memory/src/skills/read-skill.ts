/**
 * Gives an agent a skill, a piece at a time: those that fit some words, the instructions of one, one of its files. What rests on content from
 * outside is held, and a skill that changes while a run follows it is begun anew.
 */
import { RoostError } from "@roost/base";
import { isUntrusted, openLabels, type Labels } from "@roost/contract/labels";
import type { Part } from "@roost/contract/part";
import { textOf } from "../disk/read-disk-file.ts";
import { walkHome, type WalkedFile } from "../disk/walk-home.ts";
import { readAnyFile } from "../files/read-home-file.ts";
import { whyHeld } from "../files/why-held.ts";
import type { Memory } from "../memory.ts";
import { labelsOfAll } from "../records/line-marks.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { describeSkill, findSkills, versionChars, versionOfSkill, whyOtherVersion, type Skill } from "./find-skills.ts";
import { parseSkillText } from "./skill-text.ts";

export interface ReadSkill {
  /** A name, or words. */
  name: string;
  /** Below the skill's folder. Default: its instructions. */
  file?: string | undefined;
  as: Viewer;
  runId: string;
  /** As the agent's definition names them. Default: all. */
  names?: readonly string[] | undefined;
  /** The versions by which this run goes. */
  seen: ReadonlyMap<string, string>;
}

export type SkillAnswer =
  | { skill: string; version: string; file?: string; text: string; files?: string[]; labels: Labels; part?: Part }
  /** No skill has this name. */
  | { found: string[] };

const foundMax = 20;
const filesNamedMax = 100;
/** Characters of a piece: as much as one answer of a tool may have. */
const textCharsMax = 40_000;

/**
 * @throws RoostError `not_found`, `forbidden` for what is held or pinned to another version, `conflict` when it changed since this run read it
 */
export async function readSkill(memory: Memory, asked: ReadSkill): Promise<SkillAnswer> {
  const { as, names } = asked;
  await memory.mirror?.refresh();
  const skills = await findSkills(as, (await walkHome(memory.homeDir)).files, names);
  const skill = skills.find(({ name }) => name === asked.name.trim());
  if (skill === undefined) return { found: await listFitting(memory, skills, { words: asked.name, as }) };
  const whole = await versionOfSkill(memory, skill);
  const other = whyOtherVersion(skill, whole);
  if (other !== undefined) throw new RoostError("forbidden", other);
  const version = whole.slice(0, versionChars);
  const isMain = asked.file === undefined || asked.file === "SKILL.md";
  const before = asked.seen.get(skill.name);
  if (!isMain && before !== undefined && before !== version)
    throw new RoostError(
      "conflict",
      `the skill ${skill.name} has changed since this run read it (${before}, now ${version}): read its instructions again`,
    );
  return { skill: skill.name, version, ...(await pieceOf(memory, skill, asked, isMain)) };
}

async function pieceOf(memory: Memory, skill: Skill, { file, as, runId }: ReadSkill, isMain: boolean) {
  const { folder } = skill;
  const path = isMain ? skill.main.path : `${folder}${file}`;
  const found = isMain ? skill.main : skill.files.find((each) => each.path === path);
  const others = skill.files.map((each) => each.path.slice(folder.length));
  if (found === undefined)
    throw new RoostError(
      "not_found",
      `the skill ${skill.name} has no file ${file}; it has ${others.slice(0, filesNamedMax).join(", ") || "none beside SKILL.md"}`,
    );
  const read = skill.isOwn ? await readOwn(memory, found) : await readAnyFile(memory, path, { as, runId });
  const labels = "marks" in read ? labelsOfAll(read.marks) : read.labels;
  if (isUntrusted(labels)) {
    const why = "marks" in read ? await whyHeld(memory, read) : "it rests on content from outside";
    throw new RoostError("forbidden", `${path} is not followed: ${why ?? "it rests on content from outside"}`);
  }
  if ("part" in read) return { file: path.slice(folder.length), text: "", labels, part: read.part };
  const text = isMain ? parseSkillText(read.text).body : read.text;
  if (text.length > textCharsMax)
    throw new RoostError(
      "limit_exceeded",
      `${path} has ${text.length} characters (limit ${textCharsMax}): read it in pieces with read_file`,
    );
  return isMain
    ? { text, labels, ...(others.length > 0 && { files: others.slice(0, filesNamedMax) }) }
    : { file: path.slice(folder.length), text, labels };
}

/** Comes with Roost. */
async function readOwn(
  memory: Memory,
  { path, absolute }: WalkedFile,
): Promise<{ path: string; text: string; labels: Labels }> {
  const text = textOf((await memory.keptFiles.read(absolute))?.bytes ?? Buffer.alloc(0));
  if (text === undefined) throw new RoostError("invalid_input", `${path} is no text`);
  return { path, text, labels: openLabels };
}

/** Those with most of the words come first; without words, or where none fits, the first ones. */
async function listFitting(
  memory: Memory,
  skills: readonly Skill[],
  { words, as }: { words: string; as: Viewer },
): Promise<string[]> {
  const asked = [...new Set(words.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [])];
  const lines: { line: string; score: number }[] = [];
  for (const skill of skills) {
    const told = await describeSkill(memory, skill, { viewer: as });
    if (told === "held") continue;
    const text = `${skill.name} ${told.name ?? ""} ${told.description ?? ""}`.toLowerCase();
    const score = asked.filter((word) => text.includes(word)).length;
    lines.push({ line: lineOf(skill.name, told.description), score });
  }
  const fitting = lines.filter(({ score }) => score > 0);
  return (fitting.length > 0 ? fitting : lines)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, foundMax)
    .map(({ line }) => line);
}

export function lineOf(name: string, description: string | undefined): string {
  return `${name}: ${description ?? "(no description)"}`;
}
