/** The skills of a home in a context: a line each while they are few, of more their names, of many how they are found. */
import type { Memory } from "../memory.ts";
import type { RecordedMarks } from "../records/marks-of-text.ts";
import { describeSkill, versionOfSkill, whyOtherVersion, type Skill } from "../skills/find-skills.ts";
import { lineOf } from "../skills/read-skill.ts";
import type { Viewer } from "../visibility/viewer.ts";

/** Shown in each turn, so limited. */
const linesCharsMax = 6_000;
const namesCharsMax = 1_500;

/** Empty when there are none that the viewer may see. */
export async function skillIndex(
  memory: Memory,
  viewer: Viewer,
  { found, recorded }: { found: readonly Skill[]; recorded: ReadonlyMap<string, RecordedMarks> },
): Promise<string> {
  if (found.length === 0) return "";
  const lines = ["use_skill NAME gives the instructions of one:"];
  let leftChars = linesCharsMax;
  let index = 0;
  for (; index < found.length; index += 1) {
    const line = `- ${await lineFor(memory, viewer, { skill: found[index]!, recorded })}`;
    leftChars -= line.length + 1;
    if (leftChars < 0) break;
    lines.push(line);
  }
  const rest = found.slice(index);
  if (rest.length > 0) lines.push(restOf(rest.map(({ name }) => name)));
  return lines.join("\n");
}

async function lineFor(
  memory: Memory,
  viewer: Viewer,
  { skill, recorded }: { skill: Skill; recorded: ReadonlyMap<string, RecordedMarks> },
): Promise<string> {
  const told = await describeSkill(memory, skill, { viewer, recorded });
  if (told === "held")
    return `(what it is for rests on content from outside: it is held, read_file shows it) — ${skill.main.path}`;
  const other = await whyNotUsable(memory, skill);
  return other === undefined ? lineOf(skill.name, told.description) : `${skill.name}: not usable, ${other}`;
}

async function whyNotUsable(memory: Memory, skill: Skill): Promise<string | undefined> {
  if (skill.pin === undefined) return undefined;
  try {
    return whyOtherVersion(skill, await versionOfSkill(memory, skill));
  } catch (error) {
    return (error as Error).message;
  }
}

function restOf(names: readonly string[]): string {
  const shown: string[] = [];
  let leftChars = namesCharsMax;
  for (const name of names) {
    leftChars -= name.length + 2;
    if (leftChars < 0) break;
    shown.push(name);
  }
  const more = names.length - shown.length;
  return `- and ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}: use_skill with words finds the one that fits`;
}
