/** Reads agents and their versions. */
// tidy: reads of the same two tables.
import { RoostError } from "@roost/base";
import { defaultAgent, type AgentDefinition } from "@roost/contract/operations";
import type { Kernel, Run } from "@roost/kernel";
import type { Difference } from "../compare-definitions.ts";
import { pageOfVersions } from "../page-of-versions.ts";

export interface Agent {
  id: string;
  version: number;
  state: "active" | "removed";
  definition: AgentDefinition;
  definedBy: string;
  source: string | null;
  /** Its active runs, of any version. */
  liveRunCount: number;
  updatedAt: Date;
}

export interface AgentVersion {
  agentId: string;
  version: number;
  definition: AgentDefinition;
  definedBy: string;
  definedAt: Date;
  /** Its active runs. */
  liveRunCount: number;
  /** Compared with the version before; none for the first. */
  differences: Difference[];
}

const agentsPageMax = 500;

const agentView = `a.id, a.version, a.state, a.definition, a.defined_by as "definedBy", a.source, a.updated_at as "updatedAt",
  (select count(*) from roost.run r where coalesce(r.agent, 'main') = a.id and r.ended_at is null)::int as "liveRunCount"`;

interface ListAgentsOptions {
  limit: number;
  /** `next` of the page before. */
  after?: string | undefined;
  /** Default: all but removed ones. */
  states?: Agent["state"][] | undefined;
}

/** Agents by id. */
export async function listAgents(
  kernel: Kernel,
  options: ListAgentsOptions,
): Promise<{ agents: Agent[]; next: string | null }> {
  const limit = Math.min(options.limit, agentsPageMax);
  const rows = await kernel.database.query<Agent>(
    `select ${agentView} from roost.agent a where a.id > $1 and a.state = any($2) order by a.id limit $3`,
    [options.after ?? "", options.states ?? ["active"], limit + 1],
  );
  const agents = rows.slice(0, limit);
  return { agents, next: rows.length > limit ? (agents.at(-1)?.id ?? null) : null };
}

/** Includes removed ones. @throws not_found */
export async function getAgent(kernel: Kernel, agentId: string): Promise<Agent> {
  const [agent] = await kernel.database.query<Agent>(`select ${agentView} from roost.agent a where a.id = $1`, [
    agentId,
  ]);
  if (agent === undefined) throw unknownAgent(agentId);
  return agent;
}

/** Newest first. @throws not_found for an unknown agent */
export async function listAgentVersions(
  kernel: Kernel,
  agentId: string,
  options: { limit: number; before?: number | undefined },
): Promise<{ versions: AgentVersion[]; next: number | null }> {
  const limit = Math.min(options.limit, agentsPageMax);
  const rows = await kernel.database.query<Omit<AgentVersion, "differences">>(
    `select v.agent_id as "agentId", v.version, v.definition, v.defined_by as "definedBy", v.defined_at as "definedAt",
       (select count(*) from roost.run r where coalesce(r.agent, 'main') = v.agent_id and r.agent_version = v.version and r.ended_at is null)::int
         as "liveRunCount"
     from roost.agent_version v where v.agent_id = $1 and ($2::integer is null or v.version < $2) order by v.version desc limit $3`,
    [agentId, options.before ?? null, limit + 1],
  );
  if (rows.length === 0 && options.before === undefined) throw unknownAgent(agentId);
  return pageOfVersions(rows, limit);
}

/** @throws not_found */
export async function getAgentVersion(kernel: Kernel, agentId: string, version: number): Promise<AgentVersion> {
  const { versions } = await listAgentVersions(kernel, agentId, { limit: 1, before: version + 1 });
  const [found] = versions;
  if (found?.version !== version) {
    throw new RoostError(
      "not_found",
      `The agent "${agentId.slice(0, 64)}" has no version ${version}: check its versions`,
    );
  }
  return found;
}

/** Cached definitions; a version never changes. */
const definitionsMax = 256;

export type AgentOf = (run: Pick<Run, "agent" | "agentVersion">) => Promise<AgentDefinition>;

/** The definition that a run started with, empty when its agent was not defined. */
export function createAgentOf(kernel: Kernel): AgentOf {
  const known = new Map<string, AgentDefinition>();
  return async ({ agent, agentVersion }) => {
    if (agentVersion === null) return {};
    const key = `${agent ?? defaultAgent} ${agentVersion}`;
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    const { definition } = await getAgentVersion(kernel, agent ?? defaultAgent, agentVersion);
    if (known.size >= definitionsMax) known.clear();
    known.set(key, definition);
    return definition;
  };
}

function unknownAgent(agentId: string): RoostError {
  return new RoostError("not_found", `There is no agent "${agentId.slice(0, 64)}": check the list of agents`);
}
