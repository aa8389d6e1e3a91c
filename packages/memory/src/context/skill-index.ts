/** The skills of a home in a line each: what there is to read, not what is in it. */
import { parse } from "yaml";
import { readDiskFile, textOf } from "../disk/read-disk-file.ts";
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
  const skills = files.filter(({ path }) => skillPath.test(path) && maySeeFile(viewer, path));
  const lines: string[] = [];
  for (const file of skills.slice(0, skillsMax)) {
    const disk = await readDiskFile(file.absolute).catch(() => undefined);
    const { name, description } = frontMatter((disk && textOf(disk.bytes)) ?? "");
    lines.push(`- ${name ?? skillPath.exec(file.path)?.[1]}: ${description ?? "(no description)"} — ${file.path}`);
  }
  if (skills.length > skillsMax) lines.push(`- and ${skills.length - skillsMax} more in skills/`);
  return lines.join("\n");
}

/** `name` and `description` between the lines of dashes that a SKILL.md begins with. */
export function frontMatter(text: string): { name?: string; description?: string } {
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
