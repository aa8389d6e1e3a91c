import type { AgentDefinition } from "@roost/contract/operations";
import type { DomainGuide } from "@roost/memory";
import type { ServiceDirectory } from "@roost/service";

/** What an agent is told of the domains whose services its definition names. */
export type DomainsOf = (agent: AgentDefinition) => Promise<DomainGuide[]>;

export function createDomainsOf(directory: ServiceDirectory): DomainsOf {
  return async ({ services = [] }) => {
    if (services.length === 0) return [];
    return (await directory.list()).filter(({ name, guide }) => services.includes(name) && guide !== "");
  };
}
