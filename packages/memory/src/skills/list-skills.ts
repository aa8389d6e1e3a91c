/** Skills as programs outside are offered them: which there are, and their files. What rests on content from outside is held. */
import { RoostError } from "@roost/base";
import { isUntrusted } from "@roost/contract/labels";
import { walkHome } from "../disk/walk-home.ts";
import { readMarkedFile } from "../files/read-home-file.ts";
import type { Memory } from "../memory.ts";
import { labelsOfAll } from "../records/line-marks.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { describeSkill, findSkills } from "./find-skills.ts";
import { parseSkillText } from "./skill-text.ts";

export interface ListedSkill {
  /** Its folder below skills/. */
  name: string;
  description: string | undefined;
  /** Below its folder, SKILL.md first. */
  files: string[];
}

export async function listSkills(memory: Memory, { as }: { as: Viewer }): Promise<ListedSkill[]> {
  const listed: ListedSkill[] = [];
  await memory.mirror?.refresh();
  for (const skill of await findSkills(as, (await walkHome(memory.homeDir)).files)) {
    const { name, folder, files } = skill;
    const told = await describeSkill(memory, skill, { viewer: as });
    if (told === "held") continue;
    const others = files.map(({ path }) => path.slice(folder.length));
    listed.push({ name, description: told.description, files: ["SKILL.md", ...others] });
  }
  return listed;
}

/**
 * The text of a skill's file, and what stands below its front matter.
 * @throws RoostError as readHomeFile does, and `forbidden` for what rests on content from outside
 */
export async function readSkillFile(
  memory: Memory,
  { skill, file, as }: { skill: string; file: string; as: Viewer },
): Promise<{ text: string; body: string }> {
  const path = `skills/${skill}/${file}`;
  const { text, marks } = await readMarkedFile(memory, path, { as });
  if (isUntrusted(labelsOfAll(marks)))
    throw new RoostError("forbidden", `${path} is not followed: it rests on content from outside`);
  return { text, body: parseSkillText(text).body };
}
