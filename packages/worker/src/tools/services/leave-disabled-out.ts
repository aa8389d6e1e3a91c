import type { AgentDefinition } from "@roost/contract/operations";
import type { AgentOf } from "@roost/jobs";
import type { ServiceDirectory } from "@roost/service";

/** The agent of a run without services that are disabled: their tools, skills and guide are not for it. What it knows of their domains stays. */
export function leaveDisabledOut(agentOf: AgentOf, directory: Pick<ServiceDirectory, "list">): AgentOf {
  return async (run) => {
    const agent = await agentOf(run);
    const { services = [] } = agent;
    if (services.length === 0) return agent;
    const disabled = (await directory.list()).filter(({ isEnabled }) => !isEnabled).map(({ name }) => name);
    const left = services.filter((name) => !disabled.includes(name));
    if (left.length === services.length) return agent;
    const changed: AgentDefinition & { domains: readonly string[] } = { ...agent, services: left, domains: services };
    return changed;
  };
}
