/**
 * Agents are closed lists of tools. For those from before, whose files name none, what they had is written there, so that what they may do stays as it was
 * and can be read. A home whose database is new gets a file for main where nothing defines it.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { RoostError, toRoostError } from "@roost/base";
import {
  clipText,
  defaultAgent,
  reasonCharsMax,
  starterToolNames,
  type AgentDefinition,
} from "@roost/contract/operations";
import { forgetUnlistedAgents, readUnlistedAgents, type readAgentSources } from "@roost/jobs";
import { parseAgentFile, toolsLine, withToolsLine } from "@roost/jobs/agent-files";
import { changeSettings, rewriteHomeFile, type Memory } from "@roost/memory";
import { settingsFile } from "@roost/memory/settings";
import { readUnheld } from "./list-home-files.ts";

export interface ToolLists {
  /** Lines for the person about what could not be written. */
  notices: readonly string[];
  /** Whether it is one from before. */
  has(agentId: string): boolean;
  /** With what it had before, as long as it names no tools itself. */
  fill(agentId: string, definition: AgentDefinition): AgentDefinition;
  /** Of main where nothing defines it: none, or what it had before. */
  fillMain(): Readonly<Record<string, AgentDefinition>>;
  /** Those that name their tools now, or are gone, are like all others from here on, and the person is told. */
  settle(applied: AppliedAgents): Promise<void>;
}

interface AppliedAgents {
  /** By agent: the file that defines it. */
  places: ReadonlyMap<string, string>;
  /** It stays as it was, since what is written of it cannot be applied. */
  isKept: (agentId: string) => boolean;
}

type AgentSource = Awaited<ReturnType<typeof readAgentSources>>[number];

type Unlisted = ReadonlyMap<string, readonly string[]>;

const by = "home";
export const agentFolder = "agents";
const mainFile = `${agentFolder}/${defaultAgent}.md`;
const starter = fileURLToPath(new URL(`../../../templates/home/${mainFile}`, import.meta.url));
const placesToldMax = 10;

/** `before`: what was applied to the database until now; nothing if it is new. */
export async function openToolLists(memory: Memory, before: readonly AgentSource[]): Promise<ToolLists> {
  const { kernel } = memory;
  const isNew = before.length === 0;
  const unlisted: Unlisted = isNew ? new Map() : await readUnlistedAgents(kernel);
  const notices = isNew ? await createMainFile(memory) : await writeLists(memory, { unlisted, before });
  const filled = new Set<string>();
  const written = new Set<string>();
  const fill = (id: string, definition: AgentDefinition): AgentDefinition => {
    const tools = unlisted.get(id);
    if (tools === undefined) return definition;
    if (definition.tools !== undefined) {
      // Also by a start that did not come to tell of it.
      if (isDeepStrictEqual(definition.tools, tools)) written.add(id);
      return definition;
    }
    filled.add(id);
    return { ...definition, tools: [...tools] };
  };
  return {
    notices,
    has: (id) => unlisted.has(id),
    fill,
    fillMain: () => (unlisted.has(defaultAgent) ? { [defaultAgent]: fill(defaultAgent, {}) } : {}),
    async settle({ places, isKept }) {
      const ids = [...unlisted.keys()].filter((id) => !filled.has(id) && !isKept(id));
      if (ids.length === 0) return;
      const named = [...new Set(ids.flatMap((id) => (written.has(id) ? (places.get(id) ?? []) : [])))];
      await forgetUnlistedAgents(kernel, ids, { told: named.length === 0 ? undefined : sayWritten(named) });
    },
  };
}

/** The one that it was read from, which may be written otherwise than its id. */
export function fileOfAgent(before: readonly AgentSource[], agentId: string): string {
  const source = before.find(({ id }) => id === agentId)?.source;
  return source?.startsWith(`${agentFolder}/`) ? source : `${agentFolder}/${agentId}.md`;
}

/** Of a home whose database is new, whose main was defined before agents were closed lists. Undefined: it names tools, or is not defined. */
export function sayMainWithoutTools(main: AgentDefinition | undefined, place: string): string | undefined {
  if (main === undefined || main.tools !== undefined) return undefined;
  return `main names no tools in ${place}, so it has none: ${toolsLine(starterToolNames)} gives it those of a new home, and tools: [] says that this is meant`;
}

function sayWritten(places: readonly string[]): string {
  const more = places.length - placesToldMax;
  const named = places.slice(0, placesToldMax).join(", ") + (more > 0 ? ` and ${more} more` : "");
  return clipText(
    `From this version on agents have only the tools that their files name, and so have runs that others delegate to them. What yours had is written into ${named}: take out what they do not need`,
    reasonCharsMax,
  );
}

async function writeLists(
  memory: Memory,
  { unlisted, before }: { unlisted: Unlisted; before: readonly AgentSource[] },
): Promise<string[]> {
  const notices: string[] = [];
  const ofSettings = [...unlisted].filter(([id]) => memory.settings.agents[id] !== undefined);
  try {
    await writeIntoSettings(memory, ofSettings);
  } catch (error) {
    for (const [id, tools] of ofSettings)
      notices.push(...sayUnwritten(`agents.${id} of ${settingsFile}`, tools, error));
  }
  for (const [id, tools] of unlisted) {
    if (memory.settings.agents[id] !== undefined) continue;
    const file = fileOfAgent(before, id);
    try {
      await writeIntoFile(memory, { id, file, tools });
    } catch (error) {
      notices.push(...sayUnwritten(file, tools, error));
    }
  }
  return notices;
}

/** What stands in the settings is in force at once: what agents have is no other than before. */
async function writeIntoSettings(memory: Memory, agents: readonly [string, readonly string[]][]): Promise<void> {
  const without = agents.filter(([id]) => memory.settings.agents[id]?.tools === undefined);
  if (without.length === 0) return;
  await changeSettings(
    memory,
    (document) => {
      for (const [id, tools] of without) {
        if (!document.hasIn(["agents", id])) throw new RoostError("conflict", "it has changed since Roost started");
        if (!document.hasIn(["agents", id, "tools"]))
          document.setIn(["agents", id, "tools"], document.createNode(tools, { flow: true }));
      }
    },
    { by },
  );
  for (const [id, tools] of without) Object.assign(memory.settings.agents[id]!, { tools: [...tools] });
}

async function writeIntoFile(
  memory: Memory,
  { id, file, tools }: { id: string; file: string; tools: readonly string[] },
): Promise<void> {
  const isThere = (await stat(join(memory.homeDir, file)).catch(() => undefined)) !== undefined;
  // With its file an agent goes, but for main.
  if (!isThere && id !== defaultAgent) return;
  // One that is held or faulty stays as it is, and so does its agent: that is told elsewhere.
  const text = isThere ? await readUnheld(memory, file) : "";
  if (text === undefined || readTools(file, text) !== undefined) return;
  await rewriteHomeFile(memory, { path: file, by, rewrite: (before) => withToolsLine(file, before, tools) });
}

/** Of a faulty file as if it named none to write. */
function readTools(file: string, text: string): readonly string[] | undefined {
  try {
    return parseAgentFile(file, text).definition.tools;
  } catch {
    return [];
  }
}

/** What another gateway, or the person, has changed at the same moment is looked at again. */
function sayUnwritten(place: string, tools: readonly string[], error: unknown): string[] {
  const { code, message } = toRoostError(error);
  if (code === "conflict") return [];
  return [
    `${place} names no tools, and agents have only those that they name. It keeps what it had until this line is there: ${toolsLine(tools)} (it could not be written: ${message})`,
  ];
}

/** As a new home has it. What a person removes later stays removed. */
async function createMainFile(memory: Memory): Promise<string[]> {
  if (memory.settings.agents[defaultAgent] !== undefined) return [];
  try {
    const text = await readFile(starter, "utf8");
    await rewriteHomeFile(memory, { path: mainFile, by, rewrite: (before) => before || text });
    return [];
  } catch (error) {
    const { code, message } = toRoostError(error);
    return code === "conflict" ? [] : [`${mainFile} could not be made, so that main has no tools: ${message}`];
  }
}
