/** Reads agents and their versions. */
// tidy: reads of the same two tables.
import { defaultAgent, type AgentDefinition } from "@roost/contract/operations";
import type { Kernel, Run } from "@roost/kernel";
import { unknown, versionsOf, type Version } from "../versions.ts";

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

export interface AgentVersion extends Version<AgentDefinition> {
  agentId: string;
}

const agentsPageMax = 500;

const agentView = `a.id, a.version, a.state, a.definition, a.defined_by as "definedBy", a.source, a.updated_at as "updatedAt",
  coalesce(live.count, 0)::int as "liveRunCount"`;
/** Counted once for all of a page: many runs may be unfinished. */
const liveRuns = `(select coalesce(agent, 'main') as id, count(*) as count from roost.run where ended_at is null group by 1) as live on live.id = a.id`;

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
    `select ${agentView} from roost.agent a left join ${liveRuns} where a.id > $1 and a.state = any($2) order by a.id limit $3`,
    [options.after ?? "", options.states ?? ["active"], limit + 1],
  );
  const agents = rows.slice(0, limit);
  return { agents, next: rows.length > limit ? (agents.at(-1)?.id ?? null) : null };
}

/** All but removed ones, by id; read in pages. */
export async function* eachAgent(kernel: Kernel): AsyncGenerator<Agent, void> {
  for (let after: string | undefined; ;) {
    const { agents, next } = await listAgents(kernel, { limit: agentsPageMax, after });
    yield* agents;
    if (next === null) return;
    after = next;
  }
}

/** Ids and files of all but removed ones. */
export async function readAgentSources(kernel: Kernel): Promise<{ id: string; source: string | null }[]> {
  return kernel.database.query("select id, source from roost.agent where state = 'active' order by id");
}

/** The definitions that were read from texts with these hashes, by the hash. */
export async function readAgentsOfTexts(
  kernel: Kernel,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, AgentDefinition>> {
  const rows = await kernel.database.query<{ hash: string; definition: AgentDefinition }>(
    "select text_hash as hash, definition from roost.agent where state = 'active' and text_hash = any($1)",
    [hashes],
  );
  return new Map(rows.map(({ hash, definition }) => [hash, definition]));
}

/** Includes removed ones. @throws not_found */
export async function getAgent(kernel: Kernel, agentId: string): Promise<Agent> {
  const [agent] = await kernel.database.query<Agent>(
    `select ${agentView} from roost.agent a left join ${liveRuns} where a.id = $1`,
    [agentId],
  );
  if (agent === undefined) throw await unknown(kernel.database, "agent", agentId);
  return agent;
}

export const { list: listAgentVersions, get: getAgentVersion } = versionsOf<AgentVersion>("agent");

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
