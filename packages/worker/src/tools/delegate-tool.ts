/** The tool that gives tasks to other agents, each a run of its own, at the same time; and the one that finds an agent. */
import type { Tool } from "@roost/agent";
import { z } from "zod";
import { allowedAgents, chooseAgent, findAgents } from "../delegates/allowed-agents.ts";
import { childLimits, startChildren, startedChildren } from "../delegates/start-children.ts";
import { seqOfKey } from "../steps/step-key.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  tasks: z
    .array(
      z.object({
        agent: z.string().min(1).max(63),
        task: z.string().min(1).max(20_000).describe("All that it needs to know: it sees nothing else"),
      }),
    )
    .min(1)
    .max(childLimits.perCallMax),
  share: z
    .number()
    .min(0.05)
    .max(0.9)
    .default(0.5)
    .describe("The part of what is left of your budget that they may spend together"),
  minutes: z.number().int().min(1).max(childLimits.minutesMax).default(30),
});

const namedMax = 12;

export function delegateTool({ kernel, run, agent }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "delegate",
    description: `Gives tasks to other agents, which work at the same time, and waits for their results. ${nameAgents(agent.agents)}`,
    input,
    effect: "idempotent",
    execute: async ({ tasks, share, minutes }, { idempotencyKey, labels }) => {
      const seq = seqOfKey(idempotencyKey);
      // A call that is repeated after a crash goes on with them, whatever has become of agents and budgets since.
      const before = await startedChildren(kernel, { runId: run.id, seq });
      if (before.length > 0) return { state: "done", output: "", children: before };
      const agents = await allowedAgents(kernel, agent);
      const chosen = tasks.map(({ agent: name, task }) => {
        const { id, definition } = chooseAgent(agents, name.trim());
        return { agent: id, task, budget: definition.budget };
      });
      const children = await startChildren(kernel, { run, seq, tasks: chosen, share, minutes, labels });
      return { state: "done", output: "", children };
    },
  };
}

/** The same for all of a session. */
function nameAgents(names: readonly string[] = []): string {
  if (names.includes("*")) return "find_agents names them.";
  const more = names.length > namedMax ? "; find_agents names more" : "";
  return `Agents: ${names.slice(0, namedMax).join(", ")}${more}.`;
}

const query = z.object({ words: z.string().max(500).default("").describe("What it is to be good at") });

export function findAgentsTool({ kernel, agent }: ToolContext): Tool<z.infer<typeof query>> {
  return {
    name: "find_agents",
    description: "Names agents that fit some words, with what they are for; delegate gives them tasks.",
    input: query,
    effect: "readonly",
    execute: async ({ words }) => ({ state: "done", output: findAgents(await allowedAgents(kernel, agent), words) }),
  };
}
