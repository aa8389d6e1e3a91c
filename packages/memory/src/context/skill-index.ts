/** The skills of a home, one line each: names and descriptions only. */
import { isUntrusted } from "@roost/contract/labels";
import { parse } from "yaml";
import { textOf, type DiskFile } from "../disk/read-disk-file.ts";
import type { WalkedFile } from "../disk/walk-home.ts";
import { marksOfFile } from "../files/marks-of-file.ts";
import type { Memory } from "../memory.ts";
import type { RecordedMarks } from "../records/marks-of-text.ts";
import { labelsOfAll } from "../records/line-marks.ts";
import { mayKnow } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { maySeeFile } from "../visibility/visibility.ts";

const skillsMax = 100;
const descriptionCharsMax = 300;
const skillPath = /^skills\/([^/]+)\/SKILL\.md$/;

/** The files of skills that the viewer may see. `only`: names of folders in skills/. Default: all. */
export function skillFiles(viewer: Viewer, files: readonly WalkedFile[], only?: readonly string[]): WalkedFile[] {
  const isTold = (path: string) => {
    const name = skillPath.exec(path)?.[1];
    return name !== undefined && (only === undefined || only.includes(name));
  };
  return files.filter(({ path }) => isTold(path) && maySeeFile(viewer, path));
}

/** Empty when there are none that the viewer may see. */
export async function skillIndex(
  memory: Memory,
  viewer: Viewer,
  { found, recorded }: { found: readonly WalkedFile[]; recorded: ReadonlyMap<string, RecordedMarks> },
): Promise<string> {
  const lines: string[] = [];
  for (const file of found.slice(0, skillsMax)) {
    const skill = await described(memory, file, { viewer, recorded });
    if (skill === "marked") {
      lines.push(`- (what it is for rests on content from outside: read_file shows it) — ${file.path}`);
      continue;
    }
    lines.push(
      `- ${skill.name ?? skillPath.exec(file.path)?.[1]}: ${skill.description ?? "(no description)"} — ${file.path}`,
    );
  }
  if (found.length > skillsMax) lines.push(`- and ${found.length - skillsMax} more in skills/`);
  return lines.join("\n");
}

interface Skill {
  name?: string;
  description?: string;
}

/** Parsed skills by file, so that a text is not parsed in every turn. */
const skills = new WeakMap<DiskFile, Skill>();

async function described(
  memory: Memory,
  { path, absolute }: WalkedFile,
  { viewer, recorded }: { viewer: Viewer; recorded: ReadonlyMap<string, RecordedMarks> },
): Promise<Skill | "marked"> {
  const disk = await memory.keptFiles.read(absolute).catch(() => undefined);
  if (disk === undefined) return {};
  const text = textOf(disk.bytes) ?? "";
  const labels = labelsOfAll(await marksOfFile(memory, viewer, { path, sha256: disk.sha256, text }, recorded));
  if (isUntrusted(labels) || !mayKnow(viewer, labels)) return "marked";
  const skill = skills.get(disk) ?? frontMatter(text);
  skills.set(disk, skill);
  return skill;
}

/** `name` and `description` from the front matter of a SKILL.md. */
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
