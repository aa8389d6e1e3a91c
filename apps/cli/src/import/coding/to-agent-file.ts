/** Agents, commands and prompts of coding programs as files of a home. Keys that have no place here are kept beside the import, and told. */
import { parse, stringify } from "yaml";
import { agentDescriptionCharsMax, clipText } from "@roost/contract/operations";
import { dropUndefined } from "../../drop-undefined.ts";

/** The Roost tools for each of Claude Code's. */
const toolsHere: Readonly<Record<string, readonly string[]>> = {
  Read: ["read_file"],
  Write: ["write_file"],
  Edit: ["edit_file"],
  MultiEdit: ["edit_file"],
  Grep: ["search_files"],
  Glob: ["list_files"],
  LS: ["list_files"],
  Bash: ["exec"],
  WebFetch: ["http_fetch"],
  Task: ["delegate"],
  Skill: ["use_skill"],
};
const allThere = Object.keys(toolsHere);
const titleCharsMax = 120;

export interface SplitText {
  keys: Record<string, unknown>;
  body: string;
}

/** Front matter that cannot be read is part of the text. */
export function splitFrontMatter(text: string): SplitText {
  const [whole, yaml] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text) ?? [];
  if (whole === undefined || yaml === undefined) return { keys: {}, body: text };
  try {
    const keys: unknown = parse(yaml);
    if (typeof keys === "object" && keys !== null && !Array.isArray(keys))
      return { keys: keys as Record<string, unknown>, body: text.slice(whole.length) };
  } catch {
    // Values with colons are common there: `description: Use when: …`
    const lines = yaml.split(/\r?\n/).flatMap((line) => {
      const [, key, value] = /^([A-Za-z][\w-]*):\s*(.*)$/.exec(line) ?? [];
      return key === undefined ? [] : [[key, value ?? ""] as const];
    });
    if (lines.length > 0) return { keys: Object.fromEntries(lines), body: text.slice(whole.length) };
  }
  return { keys: {}, body: text };
}

export interface Converted {
  text: string;
  /** Keys without a place here. */
  kept: Record<string, unknown>;
  notes: string[];
}

/** Undefined: there is no such key, or it names all. What it says in another form names nothing: a list that cannot be read is no leave to use all. */
function namesIn(tools: unknown): string[] | undefined {
  if (tools === undefined) return undefined;
  const given = typeof tools === "string" ? tools.split(/\s*,\s*/) : Array.isArray(tools) ? tools.map(String) : [];
  const names = given.map((tool) => tool.replace(/\(.*\)$/, "").trim()).filter((tool) => tool !== "");
  return names.includes("*") ? undefined : names;
}

function toHere(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((tool) => (Object.hasOwn(toolsHere, tool) ? (toolsHere[tool] ?? []) : [])))];
}

/**
 * An agent: what it is for, its tools, its instructions. Its model is one of another program's. There one without a list has all tools; here a list says
 * all that it has, so what there is here of them is written down.
 */
export function toAgentFile(text: string): Converted {
  const { keys, body } = splitFrontMatter(text);
  const { name: _name, description, tools, ...kept } = keys;
  // Keys that cannot be read may have been a list.
  const names = body === text && /^\uFEFF?---[ \t]*\r?\n/.test(text) ? [] : namesIn(tools);
  const denied = kept["disallowedTools"] === undefined ? [] : (namesIn(kept["disallowedTools"]) ?? allThere);
  const missing = names?.filter((tool) => !Object.hasOwn(toolsHere, tool)) ?? [];
  const here = toHere(names ?? allThere).filter((tool) => !toHere(denied).includes(tool));
  const said = typeof description === "string" ? oneLine(description) : "";
  const usesPrograms = here.includes("exec");
  const matter = dropUndefined({
    title: said === "" ? undefined : clipText(said, titleCharsMax),
    description: said.length > titleCharsMax ? clipText(said, agentDescriptionCharsMax) : undefined,
    tools: here,
    exec: usesPrograms ? {} : undefined,
  });
  const notes = missing.length === 0 ? [] : [`there is no equivalent here of ${missing.join(", ")}`];
  if (names?.length === 0) notes.push("its tools cannot be read, so that it has none: name them");
  if (names === undefined) notes.push("it has all tools there: its file names those that there are here");
  if (typeof kept["model"] === "string") notes.push(`its model ${kept["model"]} is not taken: name one of yours`);
  return {
    text: `---\n${stringify(matter)}---\n\n${body.trimStart()}`,
    kept: dropUndefined({ ...kept, tools, description }),
    notes,
  };
}

/** A command or prompt: a skill of its name. */
export function toSkillFile(text: string, name: string): Converted {
  const { keys, body } = splitFrontMatter(text);
  const { description, ...kept } = keys;
  const first = body.split("\n").find((line) => line.trim() !== "") ?? name;
  const said = typeof description === "string" && description !== "" ? description : first.replace(/^#+\s*/, "");
  const matter = { name, description: clipText(oneLine(said), agentDescriptionCharsMax) };
  return { text: `---\n${stringify(matter)}---\n\n${body.trimStart()}`, kept, notes: [] };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
