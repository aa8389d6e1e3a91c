/**
 * The agents that services bring, `services/NAME/agents/*.md`: named like their service, with closed lists and no rights of their own. What a
 * person defines under the same name is theirs and wins.
 */
import { join } from "node:path";
import { ownServicesDir, RoostError, toRoostError } from "@roost/base";
import type { AgentDefinition } from "@roost/contract/operations";
import { definitionFilesMax, listDefinitionFiles, readDefinitionFile } from "@roost/jobs/files";
import { parseAgentFile } from "@roost/jobs/agent-files";
import type { Memory } from "@roost/memory";
import { listEnabledServices } from "@roost/service";
import { readUnheld } from "./list-home-files.ts";

export interface ServiceAgents {
  agents: { id: string; definition: AgentDefinition; source: string }[];
  /** Of files that were not applied, or not now: their agents stay as they are. */
  kept: string[];
  notices: string[];
}

/** Of the services that the settings name. */
export async function readServiceAgents(memory: Memory): Promise<ServiceAgents> {
  const found: ServiceAgents = { agents: [], kept: [], notices: [] };
  for (const { name: service } of await listEnabledServices(memory.kernel.database)) {
    const folder = `services/${service}/agents`;
    const own = join(ownServicesDir, service, "agents");
    const readers: [directory: string, read: (name: string) => Promise<string | undefined>][] = [
      [own, (name) => readDefinitionFile(join(own, name))],
      [join(memory.homeDir, folder), (name) => readUnheld(memory, `${folder}/${name}`)],
    ];
    for (const [directory, read] of readers) {
      for (const name of (await listFiles(directory)).slice(0, definitionFilesMax)) {
        const source = `${folder}/${name}`;
        try {
          const text = await read(name);
          // The scan tells why; its agent stays as it is.
          if (text === undefined) found.kept.push(source);
          else found.agents.push({ ...parse(source, { service, text }), source });
        } catch (error) {
          found.kept.push(source);
          found.notices.push(`${source} was not applied: ${toRoostError(error).message}`);
        }
      }
    }
  }
  return found;
}

async function listFiles(directory: string): Promise<string[]> {
  return await listDefinitionFiles(directory, { endings: ["md"] }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

/** @throws RoostError `invalid_input` for a name of another domain, `forbidden` for more than its service may give */
function parse(
  source: string,
  { service, text }: { service: string; text: string },
): { id: string; definition: AgentDefinition } {
  const { id, definition } = parseAgentFile(source, text);
  if (id !== service && !id.startsWith(`${service}-`))
    throw new RoostError("invalid_input", `an agent of the service ${service} is named ${service} or ${service}-…`);
  return { id, definition: closeLists(definition, service) };
}

/** What a person's own agent has when a list is left out, one of a service has not. */
function closeLists(definition: AgentDefinition, service: string): AgentDefinition {
  const {
    services = [service],
    mcp = [],
    agents = [],
    policies = {},
    triggers = {},
    clearance = [`aud:domain:${service}`],
  } = definition;
  refuse(
    "services",
    services.filter((name) => name !== service),
  );
  refuse("mcp", mcp);
  refuse(
    "agents",
    agents.filter((id) => id !== service && !id.startsWith(`${service}-`)),
  );
  refuse(
    "clearance",
    clearance.filter((audience) => audience !== `aud:domain:${service}`),
  );
  refuse(
    "policies",
    Object.entries(policies).flatMap(([tool, decision]) => (decision === "allow" ? [`${tool}: allow`] : [])),
  );
  // What runs by itself, and spends, the person says.
  refuse("triggers", Object.keys(triggers));
  return {
    ...definition,
    services,
    mcp,
    agents,
    clearance,
    tools: definition.tools ?? [],
    skills: definition.skills ?? [],
  };
}

function refuse(key: string, more: readonly string[]): void {
  if (more.length === 0) return;
  throw new RoostError(
    "forbidden",
    `${key}: ${more.slice(0, 3).join(", ")} is more than an agent of a service may have: define it in agents/ of the home instead`,
  );
}
