/** Directories of Claude Code and Codex: instructions, skills, agents, commands and sessions. Of a repository nothing else comes in. */
import { basename, join } from "node:path";
import { apart } from "../found/apart.ts";
import { entriesOf } from "../found/entries-of.ts";
import { slugOf } from "../found/slug-of.ts";
import { namedWithin, noPlace, noteOf, secretAt, type Finding } from "../found/found.ts";
import { decodeText, isFolder, readWithin, takeFile, takeFolder, walkSource } from "../found/walk-source.ts";
import { readClaudeSession } from "./read-claude-session.ts";
import { readCodexSession } from "./read-codex-session.ts";
import { toAgentFile, toSkillFile, type Converted } from "./to-agent-file.ts";

/** `root`: a repository, or the directory of a person (~/.claude, ~/.codex). */
export async function* readCoding(root: string): Finding {
  const names = new Set(await entriesOf(root));
  yield* readInstructions(root, names);
  if (names.has(".claude")) yield* apart(".claude", readClaude(join(root, ".claude"), ".claude/"));
  if (names.has(".codex")) yield* apart(".codex", readCodex(join(root, ".codex"), ".codex/"));
  if (basename(root) === ".claude" || names.has("projects")) yield* apart(root, readClaude(root, ""));
  else if (basename(root) === ".codex" || names.has("config.toml") || names.has("auth.json"))
    yield* apart(root, readCodex(root, ""));
  if (names.has(".mcp.json"))
    yield secretAt(
      ".mcp.json",
      "servers of tools: write them into roost.yaml (docs/agents.md), with their secrets by reference",
    );
}

const claudeLeft: Readonly<Record<string, string>> = {
  "settings.json": "permissions and hooks: write them into roost.yaml (docs/agents.md)",
  "settings.local.json": "permissions and hooks: write them into roost.yaml (docs/agents.md)",
  ".credentials.json": "secrets stay there",
  "history.jsonl": "what was typed: it stands in the sessions",
  plugins: "plugins have no place here",
  todos: "lists of tasks have no place here",
  "file-history": "versions of files of repositories have no place here",
  "shell-snapshots": "has no place here",
  hooks: "programs have no place here",
};
const codexLeft: Readonly<Record<string, string>> = {
  "config.toml": "settings, with secrets: write what you need into roost.yaml (docs/settings.md)",
  "auth.json": "secrets stay there",
  "history.jsonl": "what was typed: it stands in the sessions",
  log: "logs have no place here",
};

async function* readInstructions(root: string, names: ReadonlySet<string>): Finding {
  const hasAgents = names.has("AGENTS.md");
  const claude = names.has("CLAUDE.md") ? "CLAUDE.md" : undefined;
  const take = (ref: string, path = ref) => takeFile({ ref, path, absolute: join(root, ref), within: root });
  if (hasAgents) yield* take("AGENTS.md");
  if (claude !== undefined) yield* take(claude, hasAgents ? claude : "AGENTS.md");
  for (const name of ["CLAUDE.local.md", "AGENTS.override.md"]) if (names.has(name)) yield* take(name);
}

async function* readClaude(folder: string, prefix: string): Finding {
  const names = await entriesOf(folder);
  if (prefix !== "" && names.includes("CLAUDE.md"))
    yield* takeFile({ ref: `${prefix}CLAUDE.md`, path: "AGENTS.md", absolute: join(folder, "CLAUDE.md") });
  yield* readSkills(folder, prefix);
  yield* readDefinitions(join(folder, "agents"), `${prefix}agents`, {
    place: (name) => `agents/${name}.md`,
    convert: (text) => toAgentFile(text),
  });
  yield* readDefinitions(join(folder, "commands"), `${prefix}commands`, asSkill);
  yield* apart(`${prefix}projects`, readProjects(folder, prefix));
  yield* tellLeft(names, prefix, claudeLeft);
}

async function* readProjects(folder: string, prefix: string): Finding {
  for (const project of await entriesOf(join(folder, "projects")))
    yield* apart(`${prefix}projects/${project}`, readProject(folder, project, `${prefix}projects/${project}`));
}

async function* readProject(folder: string, project: string, where: string): Finding {
  const sessions = join(folder, "projects", project);
  for (const name of await entriesOf(sessions))
    if (name.endsWith(".jsonl"))
      yield* apart(`${where}/${name}`, readClaudeSession(join(sessions, name), `${where}/${name}`, folder));
  yield* readMemories(join(sessions, "memory"), `${where}/memory`, `memory/claude-code/${slugOf(project)}`);
}

async function* readCodex(folder: string, prefix: string): Finding {
  const names = await entriesOf(folder);
  if (prefix !== "" && names.includes("AGENTS.md"))
    yield* takeFile({
      ref: `${prefix}AGENTS.md`,
      path: "AGENTS.md",
      absolute: join(folder, "AGENTS.md"),
      within: folder,
    });
  yield* readSkills(folder, prefix);
  yield* readDefinitions(join(folder, "prompts"), `${prefix}prompts`, asSkill);
  yield* readMemories(join(folder, "memories"), `${prefix}memories`, "memory/codex");
  for (const sessions of ["sessions", "archived_sessions"]) {
    if (!names.includes(sessions)) continue;
    for await (const file of walkSource(join(folder, sessions)))
      if ("found" in file) yield namedWithin(file, (name) => `${prefix}${sessions}/${name}`);
      else if (file.path.endsWith(".jsonl")) {
        const where = `${prefix}${sessions}/${file.path}`;
        yield* apart(where, readCodexSession(file.absolute, where));
      }
  }
  yield* tellLeft(names, prefix, codexLeft);
}

async function* readSkills(folder: string, prefix: string): Finding {
  yield* takeFolder(join(folder, "skills"), (path) => ({ ref: `${prefix}skills/${path}`, path: `skills/${path}` }));
}

async function* readMemories(folder: string, ref: string, place: string): Finding {
  yield* takeFolder(folder, (path) => ({ ref: `${ref}/${path}`, path: `${place}/${path}` }));
}

interface Definitions {
  place: (name: string) => string;
  convert: (text: string, name: string) => Converted;
}

const asSkill: Definitions = { place: (name) => `skills/${name}/SKILL.md`, convert: toSkillFile };

/** A Markdown file each, in folders whose names become part of theirs. */
async function* readDefinitions(folder: string, ref: string, { place, convert }: Definitions): Finding {
  if (!(await isFolder(folder))) return;
  for await (const file of walkSource(folder)) {
    if ("found" in file) yield namedWithin(file, (name) => `${ref}/${name}`);
    if ("found" in file || !file.path.endsWith(".md")) continue;
    const name = slugOf(file.path.slice(0, -".md".length).toLowerCase().replaceAll("/", "-"));
    const bytes = await readWithin(file.absolute);
    const text = typeof bytes === "string" ? undefined : decodeText(bytes, file.path)?.text;
    const made = convert(text ?? "", name);
    for (const note of made.notes) yield noteOf(`${ref}/${file.path}: ${note}`);
    const keys = Object.keys(made.kept);
    if (keys.length > 0) yield noPlace(`${ref}/${file.path}`, `kept as they were: ${keys.join(", ")}`);
    yield* takeFile({
      ref: `${ref}/${file.path}`,
      path: place(name),
      absolute: file.absolute,
      convert: (whole) => convert(whole, name).text,
      kept: keys.length > 0 ? made.kept : undefined,
    });
  }
}

async function* tellLeft(names: readonly string[], prefix: string, left: Readonly<Record<string, string>>): Finding {
  for (const name of names) {
    const why = left[name];
    if (why === undefined) continue;
    yield why.includes("secrets") ? secretAt(`${prefix}${name}`, why) : noPlace(`${prefix}${name}`, why);
  }
}
