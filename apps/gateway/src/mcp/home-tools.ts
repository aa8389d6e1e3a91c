/**
 * Operations of the home and of its services as tools of a client: what its scopes cover. Where they are many, a short list, and two tools that find
 * and call the others, as agents have them. What a person decides is no tool.
 */
import {
  ProtocolError,
  ProtocolErrorCode,
  type CallToolResult,
  type Tool,
  type ToolAnnotations,
} from "@modelcontextprotocol/server";
import { createToolList, type Tool as AgentTool } from "@roost/agent";
import { isJsonObject, RoostError, toRoostError, type JsonValue } from "@roost/base";
import {
  callOperation,
  coversScope,
  listOperationTools,
  type OpenApiDocument,
  type PrincipalKind,
} from "@roost/contract";
import { isUntrusted, openLabels, parseLabels } from "@roost/contract/labels";
import { labelsWithin } from "@roost/contract/labels-within";
import type { InnerRoutes } from "@roost/graphql";
import type { McpTools } from "@roost/mcp";
import {
  createToolDirectory,
  withInputs,
  type ServiceDirectory,
  type ServiceTool,
  type ToolDirectory,
} from "@roost/service";
import { ownService } from "../inner-routes.ts";
import { isClearedFor, type McpClient } from "./mcp-client.ts";
import { labelsOfAnswer, tellContent } from "./tell-content.ts";
import { callThirdParty, serviceOf, type ThirdPartyToolsOf } from "./third-party-tools.ts";

export interface HomeToolsOptions {
  document: () => OpenApiDocument;
  directory: ServiceDirectory;
  routes: InnerRoutes;
  /** Of services of other makers. */
  thirdPartyTools: ThirdPartyToolsOf;
}

/** Estimated tokens up to which all tools of the home are listed. */
const tokensMax = 6_000;
/** Listed where not all are, beside those of services that have few. */
const first = [
  "sendMessage",
  "getSession",
  "listActivity",
  "listRuns",
  "getRun",
  "explainRun",
  "listJobs",
  "runJob",
  "defineJob",
  "recall",
  "listFiles",
  "listInbox",
  "readEvents",
].map((id) => `${ownService}_${id}`);
/** Tools of a service with more are found, not listed. */
const listedOfServiceMax = 12;
const resultCharsMax = 400_000;
const listsMax = 100;
const keyMeta = "roost/idempotency-key";

interface ListedTool {
  service: string;
  tool: ServiceTool;
}

interface KnownList {
  byName: ReadonlyMap<string, ListedTool>;
  ofThirdParties: ReadonlySet<AgentTool>;
  list: ReturnType<typeof createToolList>;
  shown: Tool[];
}

/** The tools of each client. */
export function createHomeTools(options: HomeToolsOptions): (client: McpClient) => McpTools {
  const { document, directory, routes, thirdPartyTools } = options;
  const ofServices = new Map<PrincipalKind, ToolDirectory>();
  const own = new Map<PrincipalKind, ServiceTool[]>();
  const lists = new Map<string, KnownList>();

  const ownOf = (kind: PrincipalKind) => {
    const known = own.get(kind);
    if (known !== undefined) return known;
    const made = withInputs(listOperationTools(document(), { service: ownService, title: "Roost", kind }));
    own.set(kind, made);
    return made;
  };

  async function listFor(client: McpClient): Promise<KnownList> {
    const { kind, scopes } = client.principal;
    const found = ofServices.get(kind) ?? createToolDirectory(directory, { kind });
    ofServices.set(kind, found);
    const services = await Promise.all(
      (await directory.list()).map(async ({ name }) => ({ name, known: await found.find(name) })),
    );
    const others = await thirdPartyTools(client);
    const versions = others.map(({ name, origin }) => [name, origin?.version]);
    const key = JSON.stringify([kind, scopes, services.map(({ name, known }) => [name, known?.hash]), versions]);
    const kept = lists.get(key);
    if (kept !== undefined) return kept;
    const all = [
      ...ownOf(kind).map((tool) => ({ service: ownService, tool })),
      ...services.flatMap(({ name, known }) => (known?.tools ?? []).map((tool) => ({ service: name, tool }))),
    ];
    const allowed = all.filter(({ tool: { operation } }) => coversScope(scopes, operation.scope ?? ""));
    if (lists.size >= listsMax) lists.clear();
    const made = toKnownList(allowed, others);
    lists.set(key, made);
    return made;
  }

  async function call(client: McpClient, { service, tool }: ListedTool, given: CallGiven): Promise<CallToolResult> {
    const output = await callOperation(
      tool.operation,
      given.input,
      { signal: given.signal, idempotencyKey: given.idempotencyKey },
      {
        baseUrl: `http://roost${routes.prefixOf(service)}`,
        fetch: async (url: string | URL | Request, init?: RequestInit) =>
          await routes.fetchAs(new Request(url, init), client.principal),
      },
    );
    return tellAnswer(client, output as JsonValue, { service, tool });
  }

  return (client) => ({
    list: async () => (await listFor(client)).shown,
    async call(name, given, { mcpReq: { signal, _meta } }) {
      const { list, byName, ofThirdParties } = await listFor(client);
      const part = { toolName: name, argumentsText: JSON.stringify(given) };
      const { name: meant, argumentsText, tool } = list.resolve({ toolCallId: "", ...part });
      if (tool === undefined)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${name.slice(0, 100)}`);
      try {
        const input = readObject(argumentsText);
        const listed = byName.get(meant);
        const key = _meta?.[keyMeta];
        const asked = { input, signal, idempotencyKey: typeof key === "string" ? key : undefined };
        if (ofThirdParties.has(tool)) return await callThirdParty(tool, asked);
        return listed === undefined ? await find(tool, input) : await call(client, listed, asked);
      } catch (thrown) {
        return toFault(thrown);
      }
    },
  });
}

function toFault(thrown: unknown): CallToolResult {
  const { code, message } = toRoostError(thrown);
  return { isError: true, content: [{ type: "text", text: `${code}: ${message}` }], _meta: { "roost/code": code } };
}

interface CallGiven {
  input: Record<string, unknown>;
  signal: AbortSignal;
  idempotencyKey: string | undefined;
}

function toKnownList(allowed: readonly ListedTool[], others: readonly AgentTool[]): KnownList {
  const byName = new Map(allowed.map((each) => [each.tool.name, each]));
  const perService = Map.groupBy(allowed, ({ service }) => service);
  const few = [...perService].filter(
    ([service, tools]) => service !== ownService && tools.length <= listedOfServiceMax,
  );
  const fewOfOthers = [...Map.groupBy(others, serviceOf).values()].filter(
    (tools) => tools.length <= listedOfServiceMax,
  );
  const shownOfServices = [...few.flatMap(([, tools]) => tools.map(({ tool }) => tool)), ...fewOfOthers.flat()];
  const list = createToolList([...allowed.map(({ service, tool }) => toAgentTool(service, tool)), ...others], {
    first: [...first, ...shownOfServices.map(({ name }) => name)],
    tokensMax,
  });
  const shown = list.descriptions.map(({ name, description, inputSchema }): Tool => {
    const known = byName.get(name);
    if (known === undefined)
      return { name, description, inputSchema: inputSchema as Tool["inputSchema"], ...hintsOf(name, others) };
    const { tool } = known;
    return {
      name,
      title: tool.operation.summary,
      description,
      inputSchema: tool.inputSchema as Tool["inputSchema"],
      annotations: annotationsOf(tool),
      _meta: { "roost/effect": tool.effect, "roost/labels": [...tool.labels] },
    };
  });
  return { byName, ofThirdParties: new Set(others), list, shown };
}

/** What a call does to the world, in the words of the protocol. */
function annotationsOf({ effect, operation }: ServiceTool): ToolAnnotations {
  const isReadonly = effect === "readonly";
  return {
    title: operation.summary,
    readOnlyHint: isReadonly,
    destructiveHint: !isReadonly && (operation.method === "DELETE" || effect === "unsafe"),
    // Unsafe and queryable ones may do twice what is asked twice.
    idempotentHint: isReadonly || effect === "idempotent",
    openWorldHint: false,
  };
}

/** Of a tool that is no operation of the home's. */
function hintsOf(name: string, others: readonly AgentTool[]): Pick<Tool, "annotations" | "_meta"> {
  const effect = others.find((tool) => tool.name === name)?.effect;
  if (effect !== undefined) {
    const isReadonly = effect === "readonly";
    const hints = { readOnlyHint: isReadonly, idempotentHint: isReadonly || effect === "idempotent" };
    const annotations = { ...hints, destructiveHint: effect === "unsafe", openWorldHint: true };
    return { annotations, _meta: { "roost/effect": effect } };
  }
  return name === "find_tools" ? { annotations: { readOnlyHint: true, openWorldHint: false } } : {};
}

function toAgentTool(
  service: string,
  { name, description, effect, vocabulary, input, operation }: ServiceTool,
): AgentTool {
  const origin = { kind: "service" as const, name: service, version: "" };
  return {
    name,
    description,
    effect,
    vocabulary,
    input,
    origin: service !== ownService ? origin : undefined,
    execute: () => Promise.reject(new Error(`${operation.id} is called by its route`)),
  };
}

/** `find_tools`, which is the list's own. */
async function find(tool: AgentTool, input: Record<string, unknown>): Promise<CallToolResult> {
  const query = typeof input["query"] === "string" ? input["query"] : "*";
  const signal = new AbortController().signal;
  const call = { toolCallId: "", step: "", idempotencyKey: "", signal, attempt: 1, labels: openLabels };
  const result = await tool.execute({ query }, call);
  return { content: [{ type: "text", text: result.state === "done" ? String(result.output) : "" }] };
}

/** Labels of rows say more than those of the operation. @throws RoostError `forbidden`, `limit_exceeded` */
function tellAnswer(client: McpClient, output: JsonValue, { service, tool }: ListedTool): CallToolResult {
  const within = labelsWithin(output);
  if (within !== undefined && !isClearedFor(client, within))
    throw new RoostError(
      "forbidden",
      `the answer of ${tool.name} holds what this key may not know (${within.audiences.map((each) => `aud:${each}`).join(", ")}): it lacks the scope main`,
    );
  const labels = labelsOfAnswer(output, { within, ofTool: parseLabels(tool.labels), isOwn: service === ownService });
  const text = JSON.stringify(output);
  if (text.length > resultCharsMax)
    throw new RoostError(
      "limit_exceeded",
      `the answer has ${text.length} characters (limit ${resultCharsMax}): ask for a smaller page, or for less`,
    );
  const told = tellContent(text, { labels, from: service });
  return {
    content: [{ type: "text", text: told.text }],
    // Untrusted content stands between its delimiters only: a second, bare copy would be read instead.
    structuredContent: isJsonObject(output) && !isUntrusted(labels) ? output : undefined,
    _meta: told.meta,
  };
}

function readObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
