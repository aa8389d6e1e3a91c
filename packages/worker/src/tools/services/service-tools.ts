/**
 * The operations of services as tools: from their contracts in the address table, for agents whose definition names the service. A service
 * that is added or changed is found by the next run, without a restart.
 */
import type { JsonSchemaInput, Tool } from "@roost/agent";
import { toRoostError, type JsonObject, type JsonValue } from "@roost/base";
import { listOperationTools, type DescribedOperation, type OperationTool } from "@roost/contract";
import { parseLabels } from "@roost/contract/labels";
import type { ServiceDirectory } from "@roost/service";
import type { ToolsFor } from "../create-tools-for.ts";

/** Calls an operation in the name of a run. @throws the service's error, the gateway's, or NotSent */
export type CallService = (call: ServiceCall) => Promise<JsonValue>;

/** Nothing took the call: nothing was done. */
export class NotSent extends Error {}

export interface ServiceCall {
  service: string;
  operation: DescribedOperation;
  input: JsonObject;
  run: { runId: string; epoch: number };
  idempotencyKey: string;
  signal: AbortSignal;
}

export interface ServiceToolsOptions {
  directory: ServiceDirectory;
  call: CallService;
}

interface KnownService {
  hash: string;
  tools: KnownTool[];
}

/** The same object in every run, as a key of caches. */
type KnownTool = OperationTool & { input: JsonSchemaInput };

/** Agents call as agents: what their kind may not call is no tool. */
const kind = "agent";

export function createServiceTools({ directory, call }: ServiceToolsOptions): ToolsFor {
  const known = new Map<string, KnownService>();
  const find = async (service: string): Promise<KnownService | undefined> => {
    const found = (await directory.list()).find(({ name }) => name === service);
    if (found === undefined || found.contractHash === null) return undefined;
    const { contractHash: hash } = found;
    const kept = known.get(service);
    if (kept?.hash === hash) return kept;
    const document = await directory.contractOf(service);
    const listed = listOperationTools(document, { service, title: found.title, kind });
    const tools = listed.map((tool) => ({ ...tool, input: { jsonSchema: tool.inputSchema, validate: tool.validate } }));
    const made = { hash, tools };
    known.set(service, made);
    return made;
  };
  return async (run, { services = [] }) => {
    const tools: Tool[] = [];
    const owned = { runId: run.id, epoch: run.epoch };
    for (const service of services) {
      const found = await find(service);
      const origin = { kind: "service" as const, name: service, version: found?.hash.slice(0, 12) ?? "" };
      for (const tool of found?.tools ?? []) {
        const ask: Ask = (operation, input, { idempotencyKey, signal }) =>
          call({ service, operation, input, run: owned, idempotencyKey, signal });
        tools.push({ ...bind(tool, ask), origin });
      }
    }
    return tools;
  };
}

type Ask = (
  operation: DescribedOperation,
  input: JsonObject,
  call: { idempotencyKey: string; signal: AbortSignal },
) => Promise<JsonValue>;

function bind(tool: KnownTool, ask: Ask): Tool<JsonObject> {
  const { name, description, effect, vocabulary, operation, query, input: schema } = tool;
  const labels = parseLabels(tool.labels);
  const bound: Tool<JsonObject> = {
    name,
    description,
    effect,
    vocabulary,
    input: schema,
    labelsOf: () => labels,
    execute: async (input, call) => {
      try {
        return { state: "done", output: await ask(operation, input, call) };
      } catch (error) {
        if (!(error instanceof NotSent)) throw error;
        return { state: "failed", code: "unavailable", message: `${error.message}. Nothing was done` };
      }
    },
  };
  if (query === undefined) return bound;
  const fields = Object.keys(query.input["properties"] as JsonObject);
  return {
    ...bound,
    query: async (input, call) => {
      const asked = Object.fromEntries(Object.entries(input).filter(([name]) => fields.includes(name)));
      try {
        return { found: true, output: await ask(query, asked, call) };
      } catch (error) {
        if (toRoostError(error).code === "not_found") return { found: false };
        throw error;
      }
    },
  };
}
