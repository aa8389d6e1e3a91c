/** The skills of a home in a line each: what there is to read, not what is in it. */
import { parse } from "yaml";
import { textOf, type DiskFile } from "../disk/read-disk-file.ts";
import { walkHome, type WalkedFile } from "../disk/walk-home.ts";
import type { Memory } from "../memory.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { maySeeFile } from "../visibility/visibility.ts";

const skillsMax = 100;
const descriptionCharsMax = 300;
const skillPath = /^skills\/([^/]+)\/SKILL\.md$/;

/** Empty when there are none that the viewer may see. `files`: of a walk that was just made. */
export async function skillIndex(memory: Memory, viewer: Viewer, files?: readonly WalkedFile[]): Promise<string> {
  if (!maySeeFile(viewer, "skills/any/SKILL.md")) return "";
  files ??= (await walkHome(memory.homeDir)).files;
  const found = files.filter(({ path }) => skillPath.test(path) && maySeeFile(viewer, path));
  const lines: string[] = [];
  for (const file of found.slice(0, skillsMax)) {
    const { name, description } = await described(memory, file);
    lines.push(`- ${name ?? skillPath.exec(file.path)?.[1]}: ${description ?? "(no description)"} — ${file.path}`);
  }
  if (found.length > skillsMax) lines.push(`- and ${found.length - skillsMax} more in skills/`);
  return lines.join("\n");
}

interface Skill {
  name?: string;
  description?: string;
}

/** What follows from a kept file alone, so that the same text is not parsed in every turn. */
const skills = new WeakMap<DiskFile, Skill>();

async function described({ keptFiles }: Memory, file: WalkedFile): Promise<Skill> {
  const disk = await keptFiles.read(file.absolute).catch(() => undefined);
  if (disk === undefined) return {};
  const skill = skills.get(disk) ?? frontMatter(textOf(disk.bytes) ?? "");
  skills.set(disk, skill);
  return skill;
}

/** `name` and `description` between the lines of dashes that a SKILL.md begins with. */
export function frontMatter(text: string): Skill {
  const block = /^\uFEFF?---\r?\n([\s\S]{0,8000}?)\r?\n---(?:\r?\n|$)/.exec(text)?.[1];
  if (block === undefined) return {};
  let fields: unknown;
  try {
    fields = parse(block);
  } catch {
    return {};
  }
  if (typeof fields !== "object" || fields === null) return {};
  const { name, description } = fields as Record<string, unknown>;
  return {
    ...(typeof name === "string" && { name: oneLine(name, 100) }),
    ...(typeof description === "string" && { description: oneLine(description, descriptionCharsMax) }),
  };
}

function oneLine(text: string, charsMax: number): string {
  const line = text.trim().split(/\s+/).join(" ");
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1).toWellFormed()}…`;
}
