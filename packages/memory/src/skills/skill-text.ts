/** The format of a SKILL.md (agentskills.io): front matter with name and description, then instructions. Other keys grant nothing. */
import { parse } from "yaml";

const descriptionCharsMax = 300;
const nameCharsMax = 100;

export interface SkillText {
  name?: string;
  description?: string;
  /** What stands below the front matter. */
  body: string;
}

export function parseSkillText(text: string): SkillText {
  const block = /^\uFEFF?---[ \t]*\r?\n([\s\S]{0,8000}?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text);
  if (block === null) return { body: text };
  const body = text.slice(block[0].length).trim();
  let fields: unknown;
  try {
    fields = parse(block[1]!);
  } catch {
    return { body };
  }
  if (typeof fields !== "object" || fields === null) return { body };
  const { name, description } = fields as Record<string, unknown>;
  return {
    ...(typeof name === "string" && { name: oneLine(name, nameCharsMax) }),
    ...(typeof description === "string" && { description: oneLine(description, descriptionCharsMax) }),
    body,
  };
}

function oneLine(text: string, charsMax: number): string {
  const line = text.trim().split(/\s+/).join(" ");
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1).toWellFormed()}…`;
}
