/** The format of a SKILL.md (agentskills.io): front matter with name and description, then instructions. Other keys grant nothing. */
import { splitFrontMatter } from "@roost/base";
import { clipText } from "@roost/contract/operations";
import { parse } from "yaml";

/** Longer front matter is text. */
const keysCharsMax = 8_000;
const descriptionCharsMax = 300;
const nameCharsMax = 100;

export interface SkillText {
  name?: string;
  description?: string;
  /** What stands below the front matter. */
  body: string;
}

export function parseSkillText(text: string): SkillText {
  const { keys, body } = splitFrontMatter(text);
  const written = keys.replace(/\r?\n$/, "");
  if (keys === "" || written.length > keysCharsMax) return { body: text };
  let fields: unknown;
  try {
    fields = parse(written);
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
  return clipText(text.trim().split(/\s+/).join(" ").toWellFormed(), charsMax);
}
