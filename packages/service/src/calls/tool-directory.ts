/** The operations of services as tools, from their contracts in the address table. A service that is added or changed is found without a restart. */
import type { JsonObject } from "@roost/base";
import { listOperationTools, type OperationTool, type PrincipalKind } from "@roost/contract";
import type { ServiceDirectory } from "./service-directory.ts";

/** The same object for every caller, as a key of caches. */
export type ServiceTool = OperationTool & {
  input: { jsonSchema: JsonObject; validate: OperationTool["validate"] };
};

export interface ServiceTools {
  /** Of its contract: other tools have another. */
  hash: string;
  tools: ServiceTool[];
}

export interface ToolDirectory {
  /** Undefined: there is no such service, or nothing is known of it. */
  find(service: string): Promise<ServiceTools | undefined>;
}

/** `kind`: who is to call them. */
export function createToolDirectory(directory: ServiceDirectory, { kind }: { kind: PrincipalKind }): ToolDirectory {
  const known = new Map<string, ServiceTools>();
  return {
    async find(service) {
      const found = (await directory.list()).find(({ name }) => name === service);
      if (found === undefined || found.contractHash === null) return undefined;
      const { contractHash: hash } = found;
      const kept = known.get(service);
      if (kept?.hash === hash) return kept;
      const document = await directory.contractOf(service);
      const made = { hash, tools: withInputs(listOperationTools(document, { service, title: found.title, kind })) };
      known.set(service, made);
      return made;
    },
  };
}

/** Tools with their schema and its validator as one object. */
export function withInputs(tools: readonly OperationTool[]): ServiceTool[] {
  return tools.map((tool) => ({ ...tool, input: { jsonSchema: tool.inputSchema, validate: tool.validate } }));
}
