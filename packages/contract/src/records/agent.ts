/** Agents: what a run is told, uses, may use and may spend, whatever starts it. */
import { findUnstorable, storableRule } from "@roost/base/browser";
import { z } from "zod";
import { labelLimits, readAudience } from "../labels.ts";
import { Count, Differences, JsonFields, Name, Needs, Slug, text, Time, WrittenName } from "./fields.ts";
import { Budget } from "./job.ts";
import { promptCharsMax } from "./limits.ts";
import { ServiceName } from "./service.ts";

export const AgentId = Slug.describe("Id of an agent");

/** The agent of runs that name none. */
export const defaultAgent = "main";

const Audience = z
  .string()
  .max(labelLimits.charsMax)
  .refine(
    (text) => readAudience(text) !== undefined && text !== "aud:*",
    "must be an audience: aud:main, aud:job:ID, aud:domain:NAME or aud:session:KEY",
  );

export const callPolicies = ["allow", "ask", "ask-when-tainted", "deny"] as const;
export type CallPolicy = (typeof callPolicies)[number];

const policiesMax = 200;

/** Of the description of an agent, as of a skill's. */
export const agentDescriptionCharsMax = 1_024;

const Policies = z
  .record(
    z
      .string()
      .regex(
        /^([a-zA-Z0-9_-]{1,64}|[a-zA-Z0-9_-]{0,63}[*])(@[!-~]{1,200})?$/,
        "must be a tool's name, or its beginning and *; of one target with @ and the target: http_send@example.com",
      ),
    z.enum(callPolicies),
  )
  .refine((policies) => Object.keys(policies).length <= policiesMax, `must be at most ${policiesMax} tools`);

const triggersMax = 50;
/** Of all of them, as JSON: a definition is part of an event. */
const triggersCharsMax = 200_000;

/** As they are written. Each becomes a job and is checked by itself, so that a faulty one stops no other. */
const Triggers = JsonFields.refine(
  (triggers) => Object.keys(triggers).length <= triggersMax,
  `must be at most ${triggersMax} triggers`,
)
  .refine(
    (triggers) => JSON.stringify(triggers).length <= triggersCharsMax,
    `must be at most ${triggersCharsMax} characters together`,
  )
  .refine((triggers) => findUnstorable(triggers, 1).length === 0, storableRule);

/** The fields of a definition, for settings that have them under the agent's name. */
export const agentDefinitionShape = {
  title: WrittenName.optional().describe("What it is for, in a few words"),
  description: text(agentDescriptionCharsMax)
    .optional()
    .describe(
      "What it is for and when to use it: agents that delegate find it by this, and questions are routed by it",
    ),
  prompt: text(promptCharsMax).optional().describe("Instructions in addition to the home's files"),
  examples: z
    .array(text(500).min(1))
    .max(50)
    .optional()
    .describe("What people say when they mean this agent: questions and commands are routed by them"),
  model: Name.optional().describe("The id of a provider, or a model; a run or its job may name another"),
  fallbacks: z
    .array(Name)
    .max(10)
    .optional()
    .describe("Models tried in this order when its `model` fails, before the others of the home"),
  tools: z
    .array(Name)
    .max(200)
    .optional()
    .describe("The only built-in tools it may use, of those that its session has; none when left out"),
  services: z
    .array(ServiceName)
    .max(50)
    .optional()
    .describe("Services whose operations it may call, and whose domains it may know"),
  mcp: z.array(ServiceName).max(50).optional().describe("Servers of tools in roost.yaml whose tools it may call"),
  exec: z
    .object({
      repositories: z.array(Slug).max(20).optional().describe("Of roost.yaml, in which it may work"),
      network: z.boolean().optional().describe("Its programs may reach the network; false when left out"),
    })
    .optional()
    .describe("It may run programs in a sandbox, in a folder of its own; left out: none"),
  skills: z
    .array(Name)
    .max(200)
    .optional()
    .describe("The only skills that it is told of, as NAME or, at one version, NAME@VERSION; all when left out"),
  agents: z
    .array(z.union([AgentId, z.literal("*")]))
    .max(500)
    .optional()
    .describe("Agents to which it may delegate; * is all of the home; none when left out"),
  clearance: z
    .array(Audience)
    .max(labelLimits.audiencesMax)
    .optional()
    .describe(
      "What it may know: aud:main, aud:job:ID, aud:domain:NAME. Narrows conversations and heartbeats, which know everything when it is left out; crons get only its jobs and domains, beside their own job",
    ),
  policies: Policies.optional().describe(
    "Which calls of tools need a person's approval, by tool or the beginning of its name and *, of one target with @ and the target (http_send@example.com): allow, ask, ask-when-tainted (once the run has read untrusted content), deny",
  ),
  budget: Budget.optional().describe("Of each run that has none of its own"),
  needs: Needs.optional(),
  triggers: Triggers.optional().describe(
    "When it runs by itself, by name: each is a job of this agent, with the keys of a job and those of its `trigger` beside them",
  ),
};

export const AgentDefinition = z.object(agentDefinitionShape).meta({ id: "AgentDefinition" });
export type AgentDefinition = z.output<typeof AgentDefinition>;

export const agentStates = ["active", "removed"] as const;

export const Agent = z
  .object({
    id: AgentId,
    version: Count,
    state: z.enum(agentStates),
    definition: AgentDefinition,
    definedBy: Name,
    source: Name.nullable().describe("The file that defines it"),
    liveRunCount: Count.describe("Its active runs, of any version"),
    updatedAt: Time,
  })
  .meta({ id: "Agent" });
export type AgentRecord = z.output<typeof Agent>;

export const AgentVersion = z
  .object({
    agentId: AgentId,
    version: Count,
    definition: AgentDefinition,
    definedBy: Name,
    definedAt: Time,
    liveRunCount: Count.describe("Its active runs"),
    differences: Differences.describe("Compared with the version before"),
  })
  .meta({ id: "AgentVersion" });
export type AgentVersionRecord = z.output<typeof AgentVersion>;
