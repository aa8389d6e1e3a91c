/** Agents: list them, look at one, and see every definition that one has had. They are defined in roost.yaml and agents/*.md. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Agent, AgentId, agentStates, AgentVersion } from "../records/agent.ts";
import { pageFields, pageOf, SmallCount } from "../records/fields.ts";

export const listAgents = defineOperation({
  id: "listAgents",
  method: "GET",
  path: "/agents",
  summary: "Agents by id",
  input: z.object({
    ...pageFields,
    state: z.array(z.enum(agentStates)).max(2).optional().describe("Default: all but removed ones"),
  }),
  output: pageOf(Agent),
  effect: "readonly",
});

export const getAgent = defineOperation({
  id: "getAgent",
  method: "GET",
  path: "/agents/{agentId}",
  summary: "An agent with its current definition",
  input: z.object({ agentId: AgentId }),
  output: z.object({ agent: Agent }),
  errors: ["not_found"],
  effect: "readonly",
});

export const listAgentVersions = defineOperation({
  id: "listAgentVersions",
  method: "GET",
  path: "/agents/{agentId}/versions",
  summary: "An agent's definitions, newest first, each with its changes",
  description: "A run keeps the version it started with.",
  input: z.object({
    ...pageFields,
    agentId: AgentId,
    version: SmallCount.min(1).optional().describe("Only this version"),
  }),
  output: pageOf(AgentVersion),
  errors: ["not_found"],
  effect: "readonly",
});

export const agentOperations = [listAgents, getAgent, listAgentVersions] as const;
