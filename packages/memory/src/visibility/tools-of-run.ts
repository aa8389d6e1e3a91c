/** The built-in tools that a run's definitions name: those of its agent's closed list, as far as its job allows them. The kind of its session narrows them further. */
import type { AgentDefinition } from "@roost/contract/operations";
import type { Run } from "@roost/kernel";

type NamingTools = Pick<AgentDefinition, "tools" | "skills" | "agents" | "exec">;

/** The only tools that the run's job allows; undefined: all of its agent's. */
export function toolsOfJob({ input }: Pick<Run, "input">): string[] | undefined {
  const given = input["tools"];
  return Array.isArray(given) ? given.filter((name) => typeof name === "string") : undefined;
}

/** Neither the job nor the agent widens what the other allows. An agent that names no tools has none. */
export function toolsOfRun(run: Pick<Run, "input">, agent: NamingTools): ReadonlySet<string> {
  const ofJob = toolsOfJob(run);
  const named = [...(agent.tools ?? []), ...toolsByNaming(agent)];
  return new Set(ofJob === undefined ? named : named.filter((name) => ofJob.includes(name)));
}

/** Tools that an agent has for what its definition names, as it has those of its services. */
export function toolsByNaming({ skills = [], agents = [], exec }: NamingTools): string[] {
  return [
    ...(skills.length > 0 ? ["use_skill"] : []),
    ...(agents.length > 0 ? ["delegate", "find_agents"] : []),
    ...(exec === undefined ? [] : ["exec", "edit_file", "git_push"]),
  ];
}
