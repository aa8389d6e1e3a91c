import { defaultAgent, starterToolNames } from "@roost/contract/operations";
import type { AgentOf } from "@roost/jobs";

/** Main as a new home has it: with the tools of its starter file, where a test names none. */
export function withStarterTools(agentOf: AgentOf): AgentOf {
  return async (run) => {
    const definition = await agentOf(run);
    return (run.agent ?? defaultAgent) === defaultAgent ? { tools: [...starterToolNames], ...definition } : definition;
  };
}
