// Requests that a server refuses and that are mended: each row is a kind of server that exists.

import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, systemClock } from "@roost/base";
import { startScriptedModelServer, type Script } from "../testing.ts";
import type { ModelRequest } from "./models.ts";
import { openModels } from "./open-models.ts";

/** One refusal each, and what the request looks like that is taken. */
const refusals: {
  what: string;
  isRefused: (sent: Sent) => boolean;
  status?: number;
  body: unknown;
  isForOnce?: boolean;
  /** Of a model that has not thought yet. */
  isThoughtless?: boolean;
  /** Of a request for JSON of a schema. */
  isFormed?: boolean;
}[] = [
  {
    what: "max_tokens (GPT-5 behind a gateway)",
    isRefused: ({ body }) => "max_tokens" in body,
    body: {
      error: {
        message:
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      },
    },
  },
  {
    what: "either name of the output limit",
    isRefused: ({ body }) => "max_tokens" in body || "max_completion_tokens" in body,
    body: {
      detail: [
        { loc: ["body", "max_tokens"], msg: "Extra inputs are not permitted: max_tokens, max_completion_tokens" },
      ],
    },
  },
  {
    what: "more output than the model writes",
    isRefused: ({ body }) => Number(body["max_tokens"]) > 2048,
    body: { error: { message: "max_tokens is too large: 8192. This model supports at most 2048 completion tokens." } },
  },
  {
    what: "more output than the model writes, with a range",
    isRefused: ({ body }) => Number(body["max_tokens"]) > 4096,
    body: { error: { message: "Invalid max_tokens value, the valid range of max_tokens is [1, 4096]" } },
  },
  {
    what: "more output than fits behind the prompt (vLLM)",
    isRefused: ({ body }) => Number(body["max_tokens"]) > 1592,
    body: {
      object: "error",
      message:
        "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 6600 input tokens (8192 > 8192 - 6600). None",
    },
    isForOnce: true,
  },
  {
    what: "more output than the credit pays (OpenRouter)",
    isRefused: ({ body }) => Number(body["max_tokens"]) > 812,
    status: 402,
    body: {
      error: {
        message:
          "This request requires more credits, or fewer max_tokens. You requested up to 8192 tokens, but can only afford 812.",
        code: 402,
      },
    },
    isForOnce: true,
  },
  ...[
    ["`response_format` is not supported by this model", (format: string | undefined) => format !== undefined],
    [
      "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
      (format: string | undefined) => format === "json_schema",
    ],
    [
      "Invalid schema for response_format 'answer': 'additionalProperties' is required to be supplied and to be false.",
      (format: string | undefined) => format === "json_schema",
    ],
    ["Cannot use custom grammar constraints with tools.", (format: string | undefined) => format !== undefined],
  ].map(([message, isTooMuch]) => ({
    what: `response_format: ${String(message).slice(0, 40)}`,
    isRefused: ({ body }: Sent) =>
      (isTooMuch as (format: string | undefined) => boolean)(
        (body["response_format"] as { type?: string } | undefined)?.type,
      ),
    body: { error: { message } },
    isFormed: true,
  })),
  {
    what: "temperature",
    isRefused: ({ body }) => "temperature" in body,
    body: { error: { message: "Unsupported value: 'temperature' does not support 0.5 with this model." } },
  },
  ...[
    "invalid temperature: only 1 is allowed for this model",
    "`temperature` may only be set to 1 when thinking is enabled",
  ].map((message) => ({
    what: `temperature (${message})`,
    isRefused: ({ body }: Sent) => "temperature" in body,
    body: { error: { message } },
  })),
  {
    what: "temperature (Claude)",
    isRefused: ({ body }) => "temperature" in body,
    body: { type: "error", error: { message: "`temperature` is deprecated for this model." } },
  },
  {
    what: "more input and output than the context (Cloudflare)",
    isRefused: ({ body }) => Number(body["max_tokens"]) > 7_800,
    body: {
      errors: [
        {
          message:
            "AiError: The estimated number of input and maximum output tokens (8500) exceeded this model context window limit (8192).",
        },
      ],
    },
    isForOnce: true,
  },
  {
    what: "more output than it says (Zhipu)",
    isRefused: ({ body }) => Number(body["max_tokens"]) > 4096,
    body: { error: { code: "1214", message: "max_tokens参数非法。请检查文档。" } },
  },
  ...[
    "JSON schema conversion failed:\nUnrecognized schema",
    "The specified schema produces a constraint that has too many states for serving.",
  ].map((message) => ({
    what: `alternatives in a schema (${message.slice(0, 30)})`,
    isRefused: ({ body }: Sent) => JSON.stringify(body["tools"]).includes("anyOf"),
    body: { error: { message } },
  })),
  {
    what: "alternatives in a schema (Gemini's frontends)",
    isRefused: ({ body }) => JSON.stringify(body["tools"]).includes("anyOf"),
    body: {
      error: {
        message: "Unknown name \"anyOf\" at 'tools[0].function_declarations[0].parameters': Cannot find field.",
      },
    },
  },
  {
    what: "any schema with properties",
    isRefused: ({ body }) => JSON.stringify(body["tools"]).includes('"properties":{"'),
    body: { error: { message: "tools.0.input_schema: JSON schema is invalid" } },
  },
  {
    what: "tools (Ollama)",
    isRefused: ({ body }) => "tools" in body,
    body: { error: { message: "library/gemma3:latest does not support tools" } },
  },
  ...["Unrecognized request argument supplied: tools", "functions are not supported by this model"].map((message) => ({
    what: `tools (${message.slice(0, 20)})`,
    isRefused: ({ body }: Sent) => "tools" in body,
    body: { error: { message } },
  })),
  {
    what: "tools (vLLM)",
    isRefused: ({ body }) => "tools" in body,
    body: {
      object: "error",
      message: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    },
  },
  {
    what: "tools (OpenRouter)",
    isRefused: ({ body }) => "tools" in body,
    status: 404,
    body: { error: { message: "No endpoints found that support tool use. To learn more, visit the docs", code: 404 } },
  },
  {
    what: "the system role (Gemma)",
    isRefused: ({ messages }) => messages.some(({ role }) => role === "system"),
    body: [
      {
        error: {
          message: "Developer instruction is not enabled for models/gemma-3-27b-it",
          status: "INVALID_ARGUMENT",
        },
      },
    ],
  },
  {
    what: "the system role (a chat template)",
    isRefused: ({ messages }) => messages.some(({ role }) => role === "system"),
    status: 500,
    body: { error: { message: "System role not supported" } },
  },
  {
    what: "the system role (roles that do not alternate)",
    isRefused: ({ messages }) => messages.some(({ role }) => role === "system"),
    body: { error: { message: "Only user and assistant roles are supported!" } },
  },
  ...["messages[0].role: 'system' is invalid", "messages.0.role: Input should be 'user', 'assistant' or 'tool'"].map(
    (message) => ({
      what: `the system role (${message.slice(0, 25)})`,
      isRefused: ({ messages }: Sent) => messages.some(({ role }) => role === "system"),
      status: 422,
      body: { message },
    }),
  ),
  ...[
    "Each message must have at least one content element.",
    "Invalid request: the message at position 2 with role 'assistant' must not be empty",
    "GenerateContentRequest.contents[1].parts[0].data: required oneof field 'data' must have one initialized field",
  ].map((message) => ({
    what: `a message without content (${message.slice(0, 20)})`,
    isRefused: ({ messages }: Sent) => messages.some(({ content }) => content === null),
    body: { error: { message } },
  })),
  {
    what: "a message without content",
    isRefused: ({ messages }) => messages.some(({ content }) => content === null),
    body: { error: { message: "messages.2.content: Input should be a valid string (none is not allowed)" } },
  },
  {
    what: "earlier thinking under the usual name (Groq)",
    isRefused: ({ messages }) => messages.some((message) => "reasoning_content" in message),
    body: {
      error: {
        message:
          "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'reasoning_content' is unsupported)]",
      },
    },
  },
  ...[
    "messages.1.content.0: Invalid `signature` in `thinking` block",
    "The encrypted content gAAA could not be verified",
  ].map((message) => ({
    what: `earlier thinking (${message.slice(0, 30)})`,
    isRefused: ({ messages }: Sent) => messages.some((sent) => "reasoning_content" in sent),
    body: { error: { message } },
  })),
  {
    what: "calls of another model without a signature (Gemini)",
    isRefused: ({ messages }) =>
      messages.some(
        ({ tool_calls: calls }) => calls !== undefined && !JSON.stringify(calls).includes("thought_signature"),
      ),
    body: [{ error: { code: 400, message: "Function call is missing a thought_signature in functionCall parts." } }],
  },
  {
    what: "calls without the thinking before them (DeepSeek)",
    isRefused: ({ messages }) =>
      messages.some(
        (message) => message.tool_calls !== undefined && typeof (message as any).reasoning_content !== "string",
      ),
    body: { error: { message: "reasoning_content is missing in assistant tool call message at index 2" } },
    isThoughtless: true,
  },
  {
    what: "any of its messages without its thinking",
    isRefused: ({ messages }) =>
      messages.some(
        (message) => message.role === "assistant" && typeof (message as any).reasoning_content !== "string",
      ),
    body: { error: { message: "The reasoning_content in the thinking mode must be passed back to the API." } },
  },
  {
    what: "a person's word right after a tool's (Mistral)",
    isRefused: ({ messages }) =>
      messages.some(({ role }, index) => role === "user" && messages[index - 1]?.role === "tool"),
    body: { object: "error", message: "Unexpected role 'user' after role 'tool'" },
  },
  {
    what: "a person's word right after a tool's (Perplexity)",
    isRefused: ({ messages }) =>
      messages.some(({ role }, index) => role === "user" && messages[index - 1]?.role === "tool"),
    body: {
      error: {
        message:
          "After the (optional) system message(s), user or tool message(s) should alternate with assistant message(s).",
      },
    },
  },
];

type Sent = Parameters<Script>[0];

/** A talk in which a tool was called, with and without thinking, and the person went on. */
const longRequest: ModelRequest = {
  sections: [{ name: "SOUL.md", text: "Be brief" }],
  messages: [
    { role: "user", text: "Look it up" },
    assistantMessage({ reasoning: [{ text: "hm" }], reasoningField: "reasoning_content", calls: ["one"] }),
    { role: "tool", toolCallId: "one", toolName: "look_up", text: "a perch" },
    assistantMessage({ text: "A perch", calls: [] }),
    { role: "user", text: "And again" },
    assistantMessage({ calls: ["two"] }),
    { role: "tool", toolCallId: "two", toolName: "look_up", text: "a nest" },
    { role: "user", text: "So?" },
  ],
  tools: [
    {
      name: "look_up",
      description: "Looks a word up",
      inputSchema: { type: "object", properties: { word: { anyOf: [{ type: "string" }, { type: "null" }] } } },
    },
  ],
};

function withoutThinking(message: ModelRequest["messages"][number]): ModelRequest["messages"][number] {
  if (message.role !== "assistant") return message;
  const { reasoning: _thought, reasoningField: _field, ...rest } = message;
  return rest;
}

function assistantMessage({
  text = "",
  calls,
  ...thinking
}: {
  text?: string;
  calls: string[];
  reasoning?: { text: string }[] | undefined;
  reasoningField?: string | undefined;
}) {
  const toolCalls = calls.map((toolCallId) => ({ toolCallId, toolName: "look_up", argumentsText: "{}" }));
  return { role: "assistant" as const, text, toolCalls, provider: "a", model: "m", ...thinking };
}

for (const {
  what,
  isRefused,
  status = 400,
  body,
  isForOnce = false,
  isThoughtless = false,
  isFormed = false,
} of refusals) {
  test(`openModels() mends a request that is refused for ${what}, and remembers it`, async () => {
    await using server = await startScriptedModelServer({
      script: (sent) =>
        isRefused(sent)
          ? { status, rawBody: JSON.stringify(body), headers: { "content-type": "application/json" } }
          : "taken",
    });
    const models = openModels({
      providers: [{ kind: "openai-compatible", id: "a", baseUrl: server.url, model: "m", temperature: 0.5 }],
      clock: systemClock,
      logger: silentLogger,
      limits: { roundsMax: 1 },
    });
    const options = { signal: new AbortController().signal, step: "model#1" };
    const asked = {
      ...longRequest,
      ...(isThoughtless && { messages: longRequest.messages.map(withoutThinking) }),
      ...(isFormed && { answerFormat: { name: "answer", schema: { type: "object" } } }),
    };
    const first = await models.call(asked, options);
    assert.ok(first.kind === "message", JSON.stringify(first));
    assert.equal(first.message.text, "taken");
    assert.ok((first.mends ?? []).length > 0);
    const before = server.requests.length;
    assert.ok(before >= 2 && before <= 4, `${before} requests`);
    const second = await models.call(asked, options);
    assert.equal(second.kind, "message");
    assert.equal(server.requests.length - before, isForOnce ? before : 1);
  });
}

test("openModels() asks without tools where it is told to, and tells the calls of before as text", async () => {
  await using server = await startScriptedModelServer({ script: () => "taken" });
  const models = openModels({
    providers: [{ kind: "openai-compatible", id: "a", baseUrl: server.url, model: "m", tools: false }],
    clock: systemClock,
    logger: silentLogger,
  });
  const outcome = await models.call(longRequest, { signal: new AbortController().signal, step: "model#1" });
  assert.ok(outcome.kind === "message");
  assert.match(outcome.mends?.[0] ?? "", /without tools/);
  const [sent] = server.requests;
  assert.deepEqual(sent?.toolNames, []);
  assert.ok(sent?.messages.every(({ role, tool_calls: calls }) => role !== "tool" && calls === undefined));
  assert.match(JSON.stringify(sent?.messages), /<tool_call>.{0,30}look_up/);
});

test("openModels() describes tools as text to a server that takes none, and reads the call that comes back", async () => {
  await using server = await startScriptedModelServer({
    script: ({ body }) =>
      "tools" in body
        ? { status: 400, error: { message: "this model does not support tools" } }
        : 'I look.\n<tool_call>\n{"name": "look_up", "arguments": {"word": "roost"}}\n</tool_call>',
  });
  const models = openModels({
    providers: [{ kind: "openai-compatible", id: "a", baseUrl: server.url, model: "m" }],
    clock: systemClock,
    logger: silentLogger,
  });
  let shown = "";
  const outcome = await models.call(longRequest, {
    signal: new AbortController().signal,
    step: "model#1",
    onDelta: (delta) => {
      if (delta.type === "text") shown += delta.text;
      if (delta.type === "reset") shown = "";
    },
  });
  assert.ok(outcome.kind === "message");
  const { text, toolCalls = [] } = outcome.message;
  assert.deepEqual(
    [text, shown, toolCalls.map(({ toolName, argumentsText }) => [toolName, argumentsText])],
    ["I look.", "I look.", [["look_up", '{"word":"roost"}']]],
  );
  assert.match(outcome.mends?.join() ?? "", /described as text/);
  assert.match(server.requests[1]?.systemText ?? "", /Be brief[^]*# Tools[^]*"name":"look_up"/);
});

test("openModels() reads an answer of nothing but JSON as a call only where the tools were described as text", async () => {
  const json = '{"name": "look_up", "arguments": {"word": "roost"}}';
  await using server = await startScriptedModelServer({ script: () => json });
  const callWith = async (tools: "text" | true) => {
    const models = openModels({
      providers: [{ kind: "openai-compatible", id: "a", baseUrl: server.url, model: "m", tools }],
      clock: systemClock,
      logger: silentLogger,
    });
    const outcome = await models.call(longRequest, { signal: new AbortController().signal, step: "model#1" });
    assert.ok(outcome.kind === "message");
    return [outcome.message.text, outcome.message.toolCalls?.length ?? 0];
  };
  assert.deepEqual(await callWith("text"), ["", 1]);
  assert.deepEqual(await callWith(true), [json, 0]);
});
