/** The operations of services as tools of agents whose definition names the service. */
import type { Tool } from "@roost/agent";
import { toRoostError, type JsonObject, type JsonValue } from "@roost/base";
import type { DescribedOperation } from "@roost/contract";
import { parseLabels, type Labels } from "@roost/contract/labels";
import { labelsWithin } from "@roost/contract/labels-within";
import { createToolDirectory, type ServiceDirectory, type ServiceTool } from "@roost/service";
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

/** Agents call as agents: what their kind may not call is no tool. */
const kind = "agent";

export function createServiceTools({ directory, call }: ServiceToolsOptions): ToolsFor {
  const known = createToolDirectory(directory, { kind });
  return async (run, { services = [] }) => {
    const tools: Tool[] = [];
    const owned = { runId: run.id, epoch: run.epoch };
    for (const service of services) {
      const found = await known.find(service);
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

function bind(tool: ServiceTool, ask: Ask): Tool<JsonObject> {
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
        return { state: "done", ...labelled(await ask(operation, input, call)) };
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
        return { found: true, ...labelled(await ask(query, asked, call)) };
      } catch (error) {
        if (toRoostError(error).code === "not_found") return { found: false };
        throw error;
      }
    },
  };
}

/** With what its records say of themselves, beside the labels of the operation. */
function labelled(output: JsonValue): { output: JsonValue; labels?: Labels } {
  const labels = labelsWithin(output);
  return { output, ...(labels !== undefined && { labels }) };
}
