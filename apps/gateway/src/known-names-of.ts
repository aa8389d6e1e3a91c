import { readAgentSources, type KnownNames } from "@roost/jobs";
import { listQueues, type Kernel } from "@roost/kernel";

export interface KnownNamesOptions {
  /** Domain services, and those of other makers. */
  serviceLists: readonly { list(): Promise<readonly { name: string }[]> }[];
  modelNames: KnownNames["models"];
}

/** What definitions of this home may name. */
export function knownNamesOf(kernel: Kernel, { serviceLists, modelNames }: KnownNamesOptions): KnownNames {
  return {
    agents: () => readAgentNames(kernel),
    services: async () => {
      const found = await Promise.all(serviceLists.map((each) => each.list()));
      return found.flat().map(({ name }) => name);
    },
    models: modelNames,
    queues: async () => (await listQueues(kernel)).map(({ name }) => name),
  };
}

async function readAgentNames(kernel: Kernel): Promise<string[]> {
  const names = (await readAgentSources(kernel)).map(({ id }) => id);
  return ["main", ...names.filter((name) => name !== "main")];
}
