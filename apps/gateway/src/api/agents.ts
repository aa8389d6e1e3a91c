/** Agents: list, show, and list earlier definitions. */
import { numberPlace, placeOf, serve, type Served, textPlace, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { getAgent, getAgentVersion, listAgents, listAgentVersions, type Agent, type AgentVersion } from "@roost/jobs";
import type { Kernel } from "@roost/kernel";
import { iso } from "../records/iso.ts";

export function serveAgents({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listAgents, async ({ limit, after, state }) => {
      const page = await listAgents(kernel, { limit, after: placeOf(textPlace, after), states: state });
      return toPage(page.agents.map(toAgentRecord), page.next);
    }),

    serve(operations.getAgent, async ({ agentId }) => ({ agent: toAgentRecord(await getAgent(kernel, agentId)) })),

    serve(operations.listAgentVersions, async ({ agentId, version, limit, after }) => {
      if (version !== undefined)
        return toPage([toVersionRecord(await getAgentVersion(kernel, agentId, version))], null);
      const before = placeOf(numberPlace, after);
      const { versions, next } = await listAgentVersions(kernel, agentId, { limit, before });
      return toPage(versions.map(toVersionRecord), next);
    }),
  ];
}

function toAgentRecord(agent: Agent): operations.AgentRecord {
  return { ...agent, updatedAt: iso(agent.updatedAt) };
}

function toVersionRecord(version: AgentVersion): operations.AgentVersionRecord {
  return { ...version, definedAt: iso(version.definedAt) };
}
