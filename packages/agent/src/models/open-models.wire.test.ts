// How requests and replies go over the wire of servers that differ from OpenAI's: each row is a kind of server that exists.

import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, systemClock } from "@roost/base";
import { startScriptedModelServer, type Script } from "../testing.ts";
import { askOnce, chunkOf, request, serveRaw } from "./ask-once.fixture.ts";
import type { ModelRequest } from "./models.ts";
import { openModels } from "./open-models.ts";

async function callTwice(script: Script) {
  const server = await startScriptedModelServer({ script });
  const models = openModels({
    providers: [{ kind: "openai-compatible", id: "a", baseUrl: server.url, model: "m" }],
    clock: systemClock,
    logger: silentLogger,
    limits: { roundsMax: 1, bodyBytesMax: 2000 },
  });
  const options = { signal: new AbortController().signal, step: "model#1" };
  const outcomes = [await models.call(request, options), await models.call(request, options)];
  await server.close();
  return { outcomes, server };
}

test("openModels() reads plain JSON that answers a stream request", async () => {
  const { outcomes } = await callTwice(() => ({
    text: "plain",
    ignoresStream: true,
    toolCalls: [{ name: "t", arguments: { a: 1 } }],
  }));
  const [outcome] = outcomes;
  assert.ok(outcome?.kind === "message");
  assert.equal(outcome.message.text, "plain");
  assert.equal(outcome.message.toolCalls?.[0]?.argumentsText, '{"a":1}');
  assert.notEqual(outcome.usage.inputTokens, null);
});

test("openModels() asks without streaming when the server refuses it, and remembers", async () => {
  const { outcomes, server } = await callTwice(({ isStreaming }) =>
    isStreaming ? { status: 400, error: { message: "stream is not supported by this server" } } : "without",
  );
  assert.deepEqual(
    outcomes.map((outcome) => outcome.kind),
    ["message", "message"],
  );
  assert.deepEqual(
    server.requests.map((sent) => sent.isStreaming),
    [true, false, false],
  );
});

test("openModels() leaves stream_options out when the server does not know it, and goes on streaming", async () => {
  const { outcomes, server } = await callTwice(({ body }) =>
    "stream_options" in body ? { status: 422, error: { message: "unknown field stream_options" } } : "with a stream",
  );
  assert.deepEqual(
    outcomes.map((outcome) => outcome.kind),
    ["message", "message"],
  );
  assert.deepEqual(
    server.requests.map((sent) => [sent.isStreaming, "stream_options" in sent.body]),
    [
      [true, true],
      [true, false],
      [true, false],
    ],
  );
});

test("openModels() passes refusals that it cannot mend on after one request", async () => {
  const { outcomes, server } = await callTwice(() => ({
    status: 400,
    error: { message: "the model is tired" },
  }));
  assert.equal(outcomes[0]?.kind, "failed");
  assert.equal(server.requests.length, 2);
});

test("openModels() refuses a plain reply that is too long", async () => {
  const { outcomes } = await callTwice(() => ({ text: "x".repeat(5000), ignoresStream: true }));
  assert.equal(outcomes[0]?.kind, "failed");
});

test("openModels() takes an error in a 200 answer for a failure", async () => {
  const { outcomes } = await callTwice(() => ({
    rawBody: '{"error":{"message":"upstream is down","code":502}}',
    headers: { "content-type": "application/json" },
  }));
  assert.ok(outcomes[0]?.kind === "failed");
  assert.match(outcomes[0].message, /upstream is down/);
});

/** One refusal each, and what the request looks like that is taken. */
const refusals: {
  what: string;
  isRefused: (sent: Sent) => boolean;
  status?: number;
  body: unknown;
  isForOnce?: boolean;
  /** Of a model that has not thought yet. */
  isThoughtless?: boolean;
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
  {
    what: "temperature",
    isRefused: ({ body }) => "temperature" in body,
    body: { error: { message: "Unsupported value: 'temperature' does not support 0.5 with this model." } },
  },
  {
    what: "tools (Ollama)",
    isRefused: ({ body }) => "tools" in body,
    body: { error: { message: "library/gemma3:latest does not support tools" } },
  },
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
  tools: [{ name: "look_up", description: "Looks a word up", inputSchema: { type: "object", properties: {} } }],
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
  reasoning?: { text: string }[];
  reasoningField?: string;
}) {
  const toolCalls = calls.map((toolCallId) => ({ toolCallId, toolName: "look_up", argumentsText: "{}" }));
  return { role: "assistant" as const, text, toolCalls, provider: "a", model: "m", ...thinking };
}

for (const { what, isRefused, status = 400, body, isForOnce = false, isThoughtless = false } of refusals) {
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
    const asked = isThoughtless ? { ...longRequest, messages: longRequest.messages.map(withoutThinking) } : longRequest;
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
  assert.match(JSON.stringify(sent?.messages), /called look_up/);
});

const said = chunkOf({ role: "assistant", content: "Hello " }) + chunkOf({ content: "there" }) + chunkOf({}, "stop");

/** Whole answers, and the text that is read of them. */
const answers: [what: string, body: string, headers?: Record<string, string>][] = [
  ["a warning among the parts", `data: {"warning":"slow"}\n\n${said}data: [DONE]\n\n`],
  ["a ping", `${chunkOf({ content: "Hello " })}data: {"type":"ping"}\n\n${chunkOf({ content: "there" }, "stop")}`],
  ["no choices beside usage", `${said}data: {"choices":null,"usage":{"prompt_tokens":"5","completion_tokens":2}}\n\n`],
  ["empty data", `data:\n\n${said}data: \n\ndata: [DONE]\n\n`],
  ["a line that is not JSON", `data: keep-alive\n\n${said}data: [DONE]\n\n`],
  ["parts labelled as JSON", `${said}data: [DONE]\n\n`, { "content-type": "application/json" }],
  ["lines of JSON", said.replaceAll("data: ", "").replaceAll("\n\n", "\n"), { "content-type": "application/x-ndjson" }],
  ["message instead of delta", said.replaceAll('"delta"', '"message"')],
  ["roles of its own", said.replaceAll('"assistant"', '"model"')],
  ["a last part without an empty line", said.trimEnd()],
  [
    "plain JSON without a reason to stop",
    '{"choices":[{"message":{"content":"Hello there"}}]}',
    { "content-type": "text/plain" },
  ],
  [
    "numbers as names",
    `data: {"id":7,"model":null,"choices":[{"index":0,"delta":{"content":"Hello there"},"finish_reason":1}]}\n\n`,
  ],
];
for (const [what, body, headers = { "content-type": "text/event-stream" }] of answers) {
  test(`openModels() reads a reply with ${what}`, async () => {
    await using server = await serveRaw((_request, response) => {
      response.writeHead(200, headers);
      response.end(body);
    });
    const outcome = await askOnce(server.url);
    assert.ok(outcome.kind === "message", JSON.stringify(outcome));
    assert.equal(outcome.message.text, "Hello there");
    assert.deepEqual(outcome.failedAttempts, []);
  });
}

const callForms: [what: string, delta: object][] = [
  ["an object", { tool_calls: [{ index: 0, id: "x", function: { name: "look_up", arguments: { word: "roost" } } }] }],
  ["the form before tools", { function_call: { name: "look_up", arguments: '{"word":"roost"}' } }],
  ["a call that is no list", { tool_calls: { id: 3, function: { name: "look_up", arguments: '{"word":"roost"}' } } }],
  ["a call without its function", { tool_calls: [{ name: "look_up", arguments: { word: "roost" } }] }],
];
for (const [what, delta] of callForms) {
  test(`openModels() reads arguments of a tool as ${what}`, async () => {
    for (const body of [
      `${chunkOf(delta)}${chunkOf({}, "tool_calls")}`,
      JSON.stringify({ choices: [{ message: delta, finish_reason: "tool_calls" }] }),
    ]) {
      await using server = await serveRaw((_request, response) => void response.end(body));
      const outcome = await askOnce(server.url);
      assert.ok(outcome.kind === "message", JSON.stringify(outcome));
      const [call] = outcome.message.toolCalls ?? [];
      assert.equal(call?.toolName, "look_up");
      assert.deepEqual(JSON.parse(call?.argumentsText ?? ""), { word: "roost" });
    }
  });
}

const reasons: [what: string, status: number, body: string, expected: RegExp][] = [
  ["Mistral's and vLLM's form", 400, '{"object":"error","message":"the id was odd"}', /HTTP 400: the id was odd/],
  ["a list", 400, '[{"error":{"message":"the id was odd","status":"INVALID_ARGUMENT"}}]', /the id was odd/],
  ["detail", 422, '{"detail":"the id was odd"}', /the id was odd/],
  ["a list of details", 422, '{"detail":[{"loc":["body","id"],"msg":"the id was odd"}]}', /body\.id: the id was odd/],
  ["a failure", 400, '{"status":"failure","message":"the id was odd"}', /the id was odd/],
  ["a text", 400, "the id was odd", /the id was odd/],
  ["JSON in a text", 400, '{"error":"{\\"error\\":{\\"message\\":\\"the id was odd\\"}}"}', /: the id was odd/],
  [
    "what the upstream said",
    400,
    '{"error":{"message":"Provider returned error","metadata":{"raw":"the id was odd"}}}',
    /Provider returned error: the id was odd/,
  ],
  ["a page", 502, "<html><head><title>Bad Gateway</title></head></html>", /web page \(“Bad Gateway”\)/],
  ["a page with 200", 200, "<!doctype html><title>Log in</title>", /web page \(“Log in”\)/],
  ["an error in the stream", 200, 'data: {"error":"the id was odd"}\n\n', /the id was odd/],
  ["another form in the stream", 200, 'data: {"object":"error","message":"the id was odd"}\n\n', /the id was odd/],
];
for (const [what, status, body, expected] of reasons) {
  test(`openModels() tells the reason of ${what}`, async () => {
    await using server = await serveRaw((_request, response) => {
      response.writeHead(status);
      response.end(body);
    });
    const outcome = await askOnce(server.url);
    assert.ok(outcome.kind === "failed");
    assert.match(outcome.message, expected);
  });
}
