/** The agents to which an agent may delegate: those that its definition names, as far as the home has them. */
import { RoostError } from "@roost/base";
import { clipText, type AgentDefinition } from "@roost/contract/operations";
import { eachAgent, type Agent } from "@roost/jobs";
import type { Kernel } from "@roost/kernel";

const foundMax = 15;
const describedCharsMax = 200;

export async function allowedAgents(kernel: Kernel, { agents: names = [] }: AgentDefinition): Promise<Agent[]> {
  const found: Agent[] = [];
  for await (const agent of eachAgent(kernel)) if (names.includes("*") || names.includes(agent.id)) found.push(agent);
  return found;
}

/** @throws RoostError `not_found`, naming those that fit best */
export function chooseAgent(agents: readonly Agent[], name: string): Agent {
  const agent = agents.find(({ id }) => id === name);
  if (agent !== undefined) return agent;
  const there = findAgents(agents, name).join("; ");
  throw new RoostError("not_found", `no agent ${name.slice(0, 80)} can be given a task; ${there || "there are none"}`);
}

/** Those with most of the words first, a line each; without any that fits, the first ones. */
export function findAgents(agents: readonly Agent[], words: string): string[] {
  const asked = [...new Set(words.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [])];
  const scored = agents.map(({ id, definition: { title = "", description = "" } }) => {
    const about = [title, clipText(description, describedCharsMax)].filter((each) => each !== "").join(". ");
    const line = about === "" ? id : `${id}: ${about}`;
    const searched = `${id} ${title} ${description}`.toLowerCase();
    return { line, score: asked.filter((word) => searched.includes(word)).length };
  });
  const fitting = scored.filter(({ score }) => score > 0);
  return (fitting.length > 0 ? fitting : scored)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, foundMax)
    .map(({ line }) => line);
}
