/**
 * Agents are closed lists of tools. For those from before, whose files name none, what they had is written there, so that what they may do stays as it was
 * and can be read. A home whose database is new gets a file for main where nothing defines it.
 */
import { constants, copyFile, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RoostError, toRoostError } from "@roost/base";
import { clipText, defaultAgent, reasonCharsMax, type AgentDefinition } from "@roost/contract/operations";
import { forgetUnlistedAgents, readUnlistedAgents } from "@roost/jobs";
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

type Unlisted = ReadonlyMap<string, readonly string[]>;

const by = "home";
const mainFile = `agents/${defaultAgent}.md`;
const starter = fileURLToPath(new URL(`../../../templates/home/${mainFile}`, import.meta.url));
const placesToldMax = 10;

/** `isNew`: no agent has been applied to the database yet. */
export async function openToolLists(memory: Memory, { isNew }: { isNew: boolean }): Promise<ToolLists> {
  const { kernel } = memory;
  const unlisted: Unlisted = isNew ? new Map() : await readUnlistedAgents(kernel);
  const notices = isNew ? await createMainFile(memory) : await writeLists(memory, unlisted);
  const filled = new Set<string>();
  const fill = (id: string, definition: AgentDefinition): AgentDefinition => {
    const tools = unlisted.get(id);
    if (tools === undefined || definition.tools !== undefined) return definition;
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
      const written = [...new Set(ids.flatMap((id) => places.get(id) ?? []))];
      await forgetUnlistedAgents(kernel, ids, { told: written.length === 0 ? undefined : sayWritten(written) });
    },
  };
}

function sayWritten(places: readonly string[]): string {
  const more = places.length - placesToldMax;
  const named = places.slice(0, placesToldMax).join(", ") + (more > 0 ? ` and ${more} more` : "");
  return clipText(
    `From this version on agents have only the tools that their files name, and so have runs that others delegate to them. What yours had is written into ${named}: take out what they do not need`,
    reasonCharsMax,
  );
}

async function writeLists(memory: Memory, unlisted: Unlisted): Promise<string[]> {
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
    const file = `agents/${id}.md`;
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
async function createMainFile({ homeDir, settings }: Memory): Promise<string[]> {
  if (settings.agents[defaultAgent] !== undefined) return [];
  const path = join(homeDir, mainFile);
  try {
    await mkdir(dirname(path), { recursive: true });
    await copyFile(starter, path, constants.COPYFILE_EXCL);
    return [];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "EEXIST" ? [] : [`${mainFile} could not be made, so that main has no tools: ${message}`];
  }
}
