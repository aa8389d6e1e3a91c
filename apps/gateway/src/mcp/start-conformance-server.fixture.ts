/**
 * What the official conformance suite asks for, behind the same endpoint, checks of Host and Origin, and listener as the home. Names and texts are
 * those that the suite expects.
 */
import { randomBytes } from "node:crypto";
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  completable,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  inputResponse,
  McpServer,
  ResourceTemplate,
  type CallToolResult,
  type ClientCapabilities,
  type ContentBlock,
  type InputRequests,
  type InputRequiredResult,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { createId, silentLogger, systemClock } from "@roost/base";
import { createMcpEndpoint, type McpCaller, type McpChange } from "@roost/mcp";
import { z } from "zod";
import { listen, type Listening } from "../listen.ts";
import { checkOrigin, type OriginRules } from "../security/check-origin.ts";

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";
const wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAIlYAAESsAAACABAAZGF0YQAAAAA=";

type Answer = CallToolResult | InputRequiredResult;
type State = { kind: string; name?: string };

const say = (text: string): CallToolResult => ({ content: [{ type: "text", text }] });
const image: ContentBlock = { type: "image", data: png, mimeType: "image/png" };
const embed = (uri: string, mimeType: string, text: string): ContentBlock => ({
  type: "resource",
  resource: { uri, mimeType, text },
});
const ask = (
  message: string,
  properties: object,
  required: string[] = Object.keys(properties),
): InputRequests[string] =>
  inputRequired.elicit({ message, requestedSchema: { type: "object", properties, required } as never });
const sample = (text: string, maxTokens = 100): InputRequests[string] =>
  inputRequired.createMessage({ messages: [{ role: "user", content: { type: "text", text } }], maxTokens });
const text = { type: "string" } as const;
const description = "Asked for by the suite";

const plainTools: Record<string, () => CallToolResult> = {
  test_simple_text: () => say("This is a simple text response for testing."),
  test_image_content: () => ({ content: [image] }),
  test_audio_content: () => ({ content: [{ type: "audio", data: wav, mimeType: "audio/wav" }] }),
  test_embedded_resource: () => ({
    content: [embed("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
  }),
  test_multiple_content_types: () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      image,
      embed("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
  }),
  test_error_handling: () => {
    throw new Error("This tool intentionally returns an error for testing");
  },
};

/** Forms with defaults (SEP-1034) and choices (SEP-1330). */
const forms: Record<string, [message: string, properties: object]> = {
  test_elicitation_sep1034_defaults: [
    "Please look over the form",
    {
      name: { type: "string", default: "John Doe" },
      age: { type: "integer", default: 30 },
      score: { type: "number", default: 95.5 },
      status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
      verified: { type: "boolean", default: true },
    },
  ],
  test_elicitation_sep1330_enums: [
    "Please choose",
    {
      untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
      titledSingle: { type: "string", oneOf: titled("value", ["First Option", "Second Option", "Third Option"]) },
      legacyEnum: {
        type: "string",
        enum: ["opt1", "opt2", "opt3"],
        enumNames: ["Option One", "Option Two", "Option Three"],
      },
      untitledMulti: {
        type: "array",
        minItems: 1,
        maxItems: 3,
        items: { type: "string", enum: ["option1", "option2", "option3"] },
      },
      titledMulti: {
        type: "array",
        minItems: 1,
        maxItems: 3,
        items: { anyOf: titled("value", ["First Choice", "Second Choice", "Third Choice"]) },
      },
    },
  ],
};

function titled(prefix: string, titles: readonly string[]) {
  return titles.map((title, index) => ({ const: `${prefix}${index + 1}`, title }));
}

const schema2020 = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
};

type Tool = (context: ServerContext, args: Record<string, unknown>) => Promise<Answer> | Answer;

const named = (responses: Record<string, unknown> | undefined, key: string, field: string) =>
  acceptedContent(responses, key, z.object({ [field]: z.string() }))?.[field];

/** Tools that ask the client back: the same in both eras. */
function createAskingTools(): Record<string, Tool> {
  const tools: Record<string, Tool> = {
    test_sampling({ mcpReq: { inputResponses } }, { prompt }) {
      const answer = inputResponse(inputResponses, "sample");
      if (answer.kind !== "sampling") return inputRequired({ inputRequests: { sample: sample(String(prompt)) } });
      return say(`LLM response: ${textOf(answer.result.content)}`);
    },
    test_elicitation({ mcpReq: { inputResponses } }, { message }) {
      const answer = inputResponse(inputResponses, "form");
      if (answer.kind !== "elicit")
        return inputRequired({ inputRequests: { form: ask(String(message), { response: text }) } });
      return say(`User response: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
    },
    test_input_required_result_elicitation({ mcpReq: { inputResponses } }) {
      const name = named(inputResponses, "user_name", "name");
      if (name !== undefined) return say(`Hello, ${name}!`);
      return inputRequired({ inputRequests: { user_name: ask("What is your name?", { name: text }) } });
    },
    test_input_required_result_sampling({ mcpReq: { inputResponses } }) {
      const answer = inputResponse(inputResponses, "sample_request");
      if (answer.kind === "sampling") return say(`Sampling result: ${textOf(answer.result.content)}`);
      return inputRequired({ inputRequests: { sample_request: sample("What is the capital of France?") } });
    },
    test_input_required_result_list_roots({ mcpReq: { inputResponses } }) {
      const answer = inputResponse(inputResponses, "roots_request");
      if (answer.kind === "roots") return say(`Found ${answer.roots.length} root(s)`);
      return inputRequired({ inputRequests: { roots_request: inputRequired.listRoots() } });
    },
  };
  for (const [name, [message, properties]] of Object.entries(forms)) {
    tools[name] = ({ mcpReq: { inputResponses } }) => {
      const answer = inputResponse(inputResponses, "form");
      if (answer.kind !== "elicit") return inputRequired({ inputRequests: { form: ask(message, properties, []) } });
      return say(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
    };
  }
  return tools;
}

/** Tools that ask in several rounds, and keep what they know with the client, signed. */
function createRemindedTools(codec: Offered["codec"]): Record<string, Tool> {
  return {
    async test_input_required_result_request_state(context) {
      const { inputResponses, requestState } = context.mcpReq;
      const content = acceptedContent(inputResponses, "confirm", z.object({ ok: z.boolean() }));
      if (requestState<State>()?.kind === "confirm" && content?.ok === true) return say("state-ok");
      return inputRequired({
        inputRequests: { confirm: ask("Please confirm", { ok: { type: "boolean" } }) },
        requestState: await codec.mint({ kind: "confirm" }, context),
      });
    },
    async test_input_required_result_multiple_inputs(context) {
      const { inputResponses, requestState } = context.mcpReq;
      const name = named(inputResponses, "user_name", "name");
      const greeting = inputResponse(inputResponses, "greeting");
      const roots = inputResponse(inputResponses, "client_roots");
      const isWhole = name !== undefined && greeting.kind === "sampling" && roots.kind === "roots";
      if (requestState<State>()?.kind === "several" && isWhole)
        return say(`${name}: ${textOf(greeting.result.content)}, ${roots.roots.length} roots`);
      return inputRequired({
        inputRequests: {
          user_name: ask("What is your name?", { name: text }),
          greeting: sample("Generate a greeting", 50),
          client_roots: inputRequired.listRoots(),
        },
        requestState: await codec.mint({ kind: "several" }, context),
      });
    },
    async test_input_required_result_multi_round(context) {
      const { inputResponses, requestState } = context.mcpReq;
      const state = requestState<State>();
      const name = named(inputResponses, "step1", "name") ?? state?.name;
      const color = named(inputResponses, "step2", "color");
      if (state?.kind === "second" && color !== undefined) return say(`${name} likes ${color}`);
      if (state !== undefined && name !== undefined)
        return inputRequired({
          inputRequests: { step2: ask("What is your favourite colour?", { color: text }) },
          requestState: await codec.mint({ kind: "second", name }, context),
        });
      return inputRequired({
        inputRequests: { step1: ask("What is your name?", { name: text }) },
        requestState: await codec.mint({ kind: "first" }, context),
      });
    },
    async test_input_required_result_tampered_state(context) {
      if (context.mcpReq.requestState<State>()?.kind === "tamper") return say("integrity-ok: state verified");
      return inputRequired({
        inputRequests: { confirm: ask("Please confirm", { ok: { type: "boolean" } }) },
        requestState: await codec.mint({ kind: "tamper" }, context),
      });
    },
    async test_input_required_result_capabilities(context) {
      const { inputResponses, envelope } = context.mcpReq;
      const given = Object.keys(inputResponses ?? {});
      if (given.length > 0) return say(`capabilities-ok: received ${given.join()}`);
      const declared = envelope as Record<string, ClientCapabilities | undefined> | undefined;
      const capabilities = declared?.[CLIENT_CAPABILITIES_META_KEY];
      const inputRequests: InputRequests = {};
      if (capabilities?.elicitation !== undefined) inputRequests["elicit_input"] = ask("A value", { value: text });
      if (capabilities?.sampling !== undefined) inputRequests["sample_input"] = sample("Sample request", 50);
      if (Object.keys(inputRequests).length === 0) return say("The client declares nothing that could be asked");
      return inputRequired({ inputRequests, requestState: await codec.mint({ kind: "capabilities" }, context) });
    },
    test_missing_capability({ mcpReq: { inputResponses } }) {
      if (inputResponse(inputResponses, "sample").kind === "sampling") return say("Success");
      return inputRequired({ inputRequests: { sample: sample("Hello") } });
    },
  };
}

function textOf(content: unknown): string {
  const [first] = Array.isArray(content) ? content : [content];
  return String((first as { text?: unknown })?.text ?? "no response");
}

function offerTools(mcp: McpServer, { codec, publish }: Offered): void {
  for (const [name, answer] of Object.entries(plainTools)) mcp.registerTool(name, { description }, () => answer());
  const inputs: Record<string, object> = { test_sampling: { prompt: text }, test_elicitation: { message: text } };
  for (const [name, answer] of Object.entries({ ...createAskingTools(), ...createRemindedTools(codec) })) {
    const properties = inputs[name] ?? {};
    const inputSchema = fromJsonSchema<Record<string, unknown>>({ type: "object", properties } as never);
    mcp.registerTool(name, { description, inputSchema }, (args, context) => answer(context, args) as CallToolResult);
  }
  const anything = fromJsonSchema<Record<string, unknown>>({ type: "object" });
  mcp.registerTool(
    "json_schema_2020_12_tool",
    { description, inputSchema: fromJsonSchema(schema2020 as never) },
    (args) => say(`called with ${JSON.stringify(args)}`),
  );
  mcp.registerTool("test_tool_with_progress", { description, inputSchema: anything }, async (_args, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of progressToken === undefined ? [] : [0, 50, 100])
      await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
    return say(String(progressToken));
  });
  for (const name of ["test_tool_with_logging", "test_logging_tool"])
    mcp.registerTool(name, { description, inputSchema: anything }, async (_args, { mcpReq }) => {
      for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"])
        await mcpReq.log("info", data);
      return say("logged");
    });
  mcp.registerTool("test_streaming_elicitation", { description, inputSchema: anything }, async (_args, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    if (progressToken !== undefined)
      await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 50, total: 100 } });
    return say("Streaming complete");
  });
  mcp.registerTool("test_trigger_tool_change", { description }, () => {
    publish({ kind: "tools_list_changed" });
    return say("told");
  });
  mcp.registerTool("test_trigger_prompt_change", { description }, () => {
    publish({ kind: "prompts_list_changed" });
    return say("told");
  });
}

function offerResources(mcp: McpServer): void {
  const cacheHint = { ttlMs: 1_000, cacheScope: "private" as const };
  const texts: Record<string, string> = {
    "test://static-text": "This is the content of the static text resource.",
    "test://watched-resource": "Watched resource content",
    "test://stateless-static-text": "This is a static text resource.",
  };
  for (const [uri, content] of Object.entries(texts))
    mcp.registerResource(uri.slice(7), uri, { mimeType: "text/plain", cacheHint }, () => ({
      contents: [{ uri, mimeType: "text/plain", text: content }],
    }));
  mcp.registerResource("static-binary", "test://static-binary", { mimeType: "image/png", cacheHint }, () => ({
    contents: [{ uri: "test://static-binary", mimeType: "image/png", blob: png }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  mcp.registerResource("template", template, { mimeType: "application/json", cacheHint }, (uri, { id }) => ({
    contents: [
      {
        uri: uri.href,
        mimeType: "application/json",
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }));
}

function offerPrompts(mcp: McpServer): void {
  const user = (content: ContentBlock) => ({ role: "user" as const, content });
  mcp.registerPrompt("test_simple_prompt", { description }, () => ({
    messages: [user({ type: "text", text: "This is a simple prompt for testing." })],
  }));
  const argsSchema = z.object({
    arg1: completable(z.string(), () => ["paris", "park", "party"]),
    arg2: z.string(),
  });
  mcp.registerPrompt("test_prompt_with_arguments", { description, argsSchema }, ({ arg1, arg2 }) => ({
    messages: [user({ type: "text", text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
  }));
  const resourceSchema = z.object({ resourceUri: z.string() });
  mcp.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description, argsSchema: resourceSchema },
    ({ resourceUri }) => ({
      messages: [
        user(embed(resourceUri, "text/plain", "Embedded resource content for testing.")),
        user({ type: "text", text: "Please process the embedded resource above." }),
      ],
    }),
  );
  mcp.registerPrompt("test_prompt_with_image", { description }, () => ({
    messages: [user(image), user({ type: "text", text: "Please analyze the image above." })],
  }));
  mcp.registerPrompt("test_input_required_result_prompt", { description }, ({ mcpReq: { inputResponses } }) => {
    const content = acceptedContent(inputResponses, "user_context", z.object({ context: z.string() }));
    if (content === undefined)
      return inputRequired({ inputRequests: { user_context: ask("What is it about?", { context: text }) } });
    return { messages: [user({ type: "text", text: `It is about ${content.context}` })] };
  });
}

interface Offered {
  codec: ReturnType<typeof createRequestStateCodec<State>>;
  publish: (change: McpChange) => void;
}

/** On a free port. The url is that of the endpoint. */
export async function startConformanceServer(): Promise<Listening> {
  const codec = createRequestStateCodec<State>({ key: randomBytes(32) });
  const listeners = new Set<(change: McpChange) => void>();
  const publish = (change: McpChange) => {
    for (const listener of listeners) listener(change);
  };
  const endpoint = createMcpEndpoint<McpCaller>({
    createServer() {
      const mcp = new McpServer(
        { name: "conformance", version: "1" },
        {
          capabilities: { logging: {}, tools: { listChanged: true }, prompts: { listChanged: true } },
          requestState: codec,
        },
      );
      offerTools(mcp, { codec, publish });
      offerResources(mcp);
      offerPrompts(mcp);
      return mcp;
    },
    changes: {
      subscribe(_caller, listener) {
        listeners.add(listener);
        return { stands: Promise.resolve(), end: () => void listeners.delete(listener) };
      },
    },
    clock: systemClock,
    createId,
    logger: silentLogger,
  });
  let origin: OriginRules = { port: 0 };
  const listening = await listen({
    host: "127.0.0.1",
    port: 0,
    fetch(request) {
      try {
        checkOrigin(request.headers, origin);
      } catch {
        return new Response(null, { status: 403 });
      }
      return endpoint.fetch(request, { id: "conformance" });
    },
  });
  origin = listening.rules;
  return { ...listening, url: `${listening.url}/mcp` };
}
