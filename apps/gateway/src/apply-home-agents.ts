/**
 * Applies the agents of roost.yaml, agents/*.md and the services in use together. An unreadable file leaves its agent unchanged; a deleted one
 * removes it. Nothing else defines agents, so there are no conflicting changes.
 */
import { createHash } from "node:crypto";
import { toRoostError } from "@roost/base";
import { defaultAgent, type AgentDefinition } from "@roost/contract/operations";
import { applyAgents, checkNames, readAgentSources, readAgentsOfTexts, type KnownNames } from "@roost/jobs";
import { agentFileVersion, agentIdOfFile, parseAgentFile } from "@roost/jobs/agent-files";
import { homeItself } from "@roost/jobs/files";
import type { Memory } from "@roost/memory";
import { settingsFile } from "@roost/memory/settings";
import { listHomeFiles, readAllUnheld, textOf, type ReadTexts } from "./list-home-files.ts";
import { agentFolder as folder, fileOfAgent, openToolLists, sayMainWithoutTools } from "./open-tool-lists.ts";
import { readServiceAgents } from "./read-service-agents.ts";

/** Returns lines for the person about what was not applied. */
export async function applyHomeAgents(memory: Memory, names: KnownNames): Promise<string[]> {
  const { kernel, homeDir, settings, logger } = memory;
  const before = await readAgentSources(kernel);
  const lists = await openToolLists(memory, before);
  const { files, notices } = await listHomeFiles(homeDir, folder, ["md"]);
  notices.push(...lists.notices);
  const written: Record<string, unknown> = {};
  const held: string[] = [];
  for (const [id, definition] of Object.entries(settings.agents)) {
    try {
      await checkNames(`The agent "${id}"`, definition, names);
      written[id] = lists.fill(id, definition);
    } catch (error) {
      held.push(id);
      notices.push(`agents.${id} of ${settingsFile} was not applied: ${toRoostError(error).message}`);
    }
  }
  const sources = new Map<string, string>();
  const texts = await readAllUnheld(memory, files);
  const hashes = new Map(files.flatMap((file) => hashOf(texts, file)));
  // Hundreds of files take long to read as YAML, and change seldom.
  const known = await readAgentsOfTexts(kernel, [...hashes.values()]);
  const textHashes = new Map<string, string>();
  for (const file of files) {
    try {
      const id = agentIdOfFile(file);
      const other = sources.get(id) ?? (Object.hasOwn(settings.agents, id) ? settingsFile : undefined);
      if (other !== undefined) {
        notices.push(`${file} was not applied: agent "${id}" is also defined in ${other}: keep one of them`);
        continue;
      }
      const text = textOf(texts, file);
      // The scan tells why; its agent stays as it is.
      if (text === undefined) continue;
      const hash = hashes.get(file)!;
      const definition = (lists.has(id) ? undefined : known.get(hash)) ?? parseAgentFile(file, text).definition;
      await checkNames(`The agent "${id}"`, definition, names);
      written[id] = lists.fill(id, definition);
      sources.set(id, file);
      textHashes.set(id, hash);
    } catch (error) {
      notices.push(`${file} was not applied: ${toRoostError(error).message}`);
    }
  }
  const ofServices = await readServiceAgents(memory);
  notices.push(...ofServices.notices);
  for (const { id, definition, source } of ofServices.agents) {
    // A person's own agent of that name is theirs.
    if (Object.hasOwn(written, id) || held.includes(id)) continue;
    written[id] = definition;
    sources.set(id, source);
  }
  if (before.length === 0) {
    const place = sources.get(defaultAgent) ?? `agents.${defaultAgent} of ${settingsFile}`;
    const told = sayMainWithoutTools(written[defaultAgent] as AgentDefinition | undefined, place);
    if (told !== undefined) notices.push(told);
  }
  const present = new Set([...files, ...ofServices.kept, ...sources.values()]);
  const isKept = (id: string) =>
    held.includes(id) || (!Object.hasOwn(written, id) && present.has(fileOfAgent(before, id)));
  const mainFile = before.find(({ id }) => id === defaultAgent)?.source ?? "";
  if (!Object.hasOwn(written, defaultAgent) && !held.includes(defaultAgent) && !present.has(mainFile))
    Object.assign(written, lists.fillMain());
  const gone = filesOf(before).filter((file) => !present.has(file));
  await applyAgents(kernel, written, { by: homeItself, source: settingsFile, sources, textHashes, held, gone });
  const places = new Map(Object.keys(written).map((id) => [id, sources.get(id) ?? settingsFile]));
  await lists.settle({ places, isKept });
  for (const notice of notices) logger.warn(notice);
  return notices;
}

/** With the version of what reads it: another one may read the same text otherwise. */
function hashOf(texts: ReadTexts, file: string): [file: string, hash: string][] {
  const read = texts.get(file);
  if (read === undefined || "error" in read || read.text === undefined) return [];
  return [[file, createHash("sha256").update(`${agentFileVersion} ${file}\n${read.text}`).digest("hex")]];
}

function isFile(source: string): boolean {
  return source.startsWith(`${folder}/`) || source.startsWith("services/");
}

/** The files that agents were read from before. */
function filesOf(found: Awaited<ReturnType<typeof readAgentSources>>): string[] {
  const files = found.flatMap(({ source }) => (source !== null && isFile(source) ? [source] : []));
  return [...new Set(files)];
}
