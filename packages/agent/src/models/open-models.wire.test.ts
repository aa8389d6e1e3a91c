// How requests and replies go over the wire of servers that differ from OpenAI's: each row is a kind of server that exists.

import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, systemClock } from "@roost/base";
import { startScriptedModelServer, type Script } from "../testing.ts";
import { askOnce, chunkOf, request, serveRaw } from "./ask-once.fixture.ts";
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

test("openModels() refuses a reply that is too long, plain or in one line of a stream, and says so", async () => {
  const { outcomes } = await callTwice(() => ({ text: "x".repeat(5000), ignoresStream: true }));
  // The end of its line never comes.
  await using server = await serveRaw(
    (_request, response) => void response.write(chunkOf({ content: "x".repeat(5000) }).trimEnd()),
  );
  for (const outcome of [outcomes[0], await askOnce(server.url, { bodyBytesMax: 2000 })])
    assert.match(JSON.stringify(outcome).slice(0, 2_000), /"failed".*the reply is longer than 2000 bytes/);
});

/** Longer than every limit of a reply, and no circle. */
const numbers = Array.from({ length: 30_000 }, (_, index) => (index * 7_919) % 99_991).join(" ");

test("openModels() keeps the beginning of a call that goes on past every limit, so that the model can be told", async () => {
  await using server = await serveRaw((_request, response) => {
    const call = (part: object) => chunkOf({ tool_calls: [{ index: 0, ...part }] });
    response.write(call({ id: "c1", type: "function", function: { name: "write_file", arguments: '{"text":"' } }));
    for (let at = 0; at < numbers.length; at += 8_000)
      response.write(call({ function: { arguments: numbers.slice(at, at + 8_000) } }));
    response.end(chunkOf({}, "tool_calls"));
  });
  const outcome = await askOnce(server.url);
  assert.ok(outcome.kind === "message", JSON.stringify(outcome));
  const [call] = outcome.message.toolCalls ?? [];
  assert.deepEqual([outcome.finishReason, call?.toolName, call?.argumentsText.length], ["length", "write_file", 2_000]);
});

test("openModels() keeps calls apart that are written by turns, also when they are cut off", async () => {
  await using server = await serveRaw((_request, response) => {
    const call = (index: number, part: object) => response.write(chunkOf({ tool_calls: [{ index, ...part }] }));
    for (const [index, name] of ["notify", "write_file"].entries())
      call(index, { id: `c${index}`, type: "function", function: { name, arguments: `{"text":"of ${name}: ` } });
    for (let at = 0; at < numbers.length; at += 8_000)
      for (const index of [0, 1]) call(index, { function: { arguments: numbers.slice(at, at + 8_000) } });
    response.end(chunkOf({}, "tool_calls"));
  });
  const outcome = await askOnce(server.url);
  assert.ok(outcome.kind === "message", JSON.stringify(outcome));
  const said = outcome.message.toolCalls?.map(({ argumentsText }) => argumentsText.slice(0, 40));
  assert.deepEqual(
    said,
    ["notify", "write_file"].map((name) => `{"text":"of ${name}: ${numbers}`.slice(0, 40)),
  );
});

test("openModels() takes an error in a 200 answer for a failure", async () => {
  const { outcomes } = await callTwice(() => ({
    rawBody: '{"error":{"message":"upstream is down","code":502}}',
    headers: { "content-type": "application/json" },
  }));
  assert.ok(outcomes[0]?.kind === "failed");
  assert.match(outcomes[0].message, /upstream is down/);
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
  ["texts as content", chunkOf({ content: ["Hello", " there"] }, "stop")],
  ["an error that is none", said.replaceAll('{"choices"', '{"error":null,"choices"')],
  ["an empty error", said.replaceAll('{"choices"', '{"error":{},"choices"')],
  ["no empty lines between the parts", said.replaceAll("\n\n", "\n")],
  ["the name of the field twice", `${said.replaceAll("data: ", "data: data: ")}data: data: [DONE]\n\n`],
  ["no reason to stop but [DONE]", `${chunkOf({ content: "Hello there" })}data: [DONE]\n\n`],
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

/** Calls that come in pieces of their own kind, and the calls that are read. */
const pieces: [what: string, deltas: object[], calls: [name: string, args: string][]][] = [
  [
    "a name in pieces",
    [call({ name: "look_" }), call({ name: "up", arguments: "{" }), call({ arguments: "}" })],
    [["look_up", "{}"]],
  ],
  [
    "a name in pieces before its arguments",
    [call({ name: "lo" }), call({ name: "ok_up" }), call({ arguments: "{}" })],
    [["look_up", "{}"]],
  ],
  ["a name that begins another", [call({ name: "look" }), call({ arguments: "{}" })], [["look", "{}"]]],
  ["a name that never ends", [call({ name: "look_" })], [["look_", ""]]],
  [
    "an empty object before the arguments",
    [call({ name: "look", arguments: "{}" }), call({ arguments: '{"a":1}' })],
    [["look", '{"a":1}']],
  ],
  [
    "the arguments again at the end",
    [call({ name: "look", arguments: '{"a":{"b":1}}' }), call({ arguments: '{"a":{"b":1}}' })],
    [["look", '{"a":{"b":1}}']],
  ],
  [
    "what there was so far",
    [call({ name: "look", arguments: '{"a"' }), call({ arguments: '{"a":1}' })],
    [["look", '{"a":1}']],
  ],
];
function call(fn: object, index = 0) {
  return { tool_calls: [{ index, id: "name" in fn ? "x" : undefined, type: "function", function: fn }] };
}
for (const [what, deltas, expected] of pieces) {
  test(`openModels() reads a call with ${what}`, async () => {
    const body = [...deltas.map((delta) => chunkOf(delta)), chunkOf({}, "tool_calls")].join("");
    await using server = await serveRaw((_request, response) => void response.end(body));
    const outcome = await askOnce(server.url, {}, [], { tools: ["look_up", "look"].map(tool) });
    assert.ok(outcome.kind === "message", JSON.stringify(outcome));
    assert.deepEqual(
      outcome.message.toolCalls?.map(({ toolName: name, argumentsText }) => [name, argumentsText]),
      expected,
    );
  });
}

test("openModels() gives a call back with the signature that came with it (Gemini)", async () => {
  const asked: string[] = [];
  await using server = await serveRaw((incoming, response) => {
    const call = { index: 0, id: "c1", type: "function", function: { name: "look_up", arguments: "{}" } };
    const signed = { ...call, extra_content: { google: { thought_signature: "s1gned" } } };
    response.end(chunkOf({ tool_calls: [signed] }) + chunkOf({}, "tool_calls"));
  });
  const models = openModels({
    providers: [{ kind: "openai-compatible", id: "a", baseUrl: server.url, model: "m" }],
    clock: systemClock,
    logger: silentLogger,
    fetch: async (input, init) => {
      asked.push(String(init?.body));
      return await fetch(input, init);
    },
  });
  const options = { signal: new AbortController().signal, step: "model#1" };
  const first = await models.call({ ...request, tools: [tool("look_up")] }, options);
  assert.ok(first.kind === "message", JSON.stringify(first));
  const toolCallId = first.message.toolCalls?.[0]?.toolCallId ?? "";
  const answer = { role: "tool", toolCallId, toolName: "look_up", text: "a perch" } as const;
  await models.call({ ...request, messages: [...request.messages, first.message, answer] }, options);
  assert.deepEqual(
    asked.map((body) => body.includes('"thought_signature":"s1gned"')),
    [false, true],
  );
});

function tool(name: string) {
  return { name, description: "Looks a word up", inputSchema: { type: "object", properties: {} } };
}

/** Vendors' words for the end of a reply. */
const finishes: [given: string, read: string][] = [
  ["end_turn", "stop"],
  ["eos_token", "stop"],
  ["MAX_TOKENS", "length"],
  ["model_length", "length"],
  ["SAFETY", "content_filter"],
  ["sensitive", "content_filter"],
  ["tool_use", "tool_calls"],
  ["max_output", "length"],
  ["tool-calls", "tool_calls"],
  ["something else", "other"],
];
test("openModels() knows other vendors' reasons for an end, and takes an end by failure for none", async () => {
  const endOf = async (reason: string) => {
    await using server = await serveRaw(
      (_request, response) => void response.end(chunkOf({ content: "Hello" }, reason)),
    );
    return await askOnce(server.url);
  };
  for (const [given, read] of finishes) {
    const outcome = await endOf(given);
    assert.equal(outcome.kind === "message" ? outcome.finishReason : outcome.kind, read, given);
  }
  const failures = ["error", "network_error", "insufficient_system_resource", "TIMEOUT"];
  // Gemini's words for a call that it could not write.
  for (const reason of [...failures, "function_call_filter: MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"]) {
    const outcome = await endOf(reason);
    assert.match(
      outcome.kind === "failed" ? outcome.message : outcome.kind,
      new RegExp(`ended the reply with “${reason}”`),
    );
  }
});

/** Counts that are none are unknown; Groq's old place is read. */
const counts: [usage: string, read: [number | null, number | null]][] = [
  ['"usage":null', [null, null]],
  ['"usage":{"prompt_tokens":{},"completion_tokens":-3}', [null, null]],
  ['"usage":{"prompt_tokens":"n/a","completion_tokens":"2"}', [null, 2]],
  ['"x_groq":{"usage":{"prompt_tokens":3,"completion_tokens":4}}', [3, 4]],
];
test("openModels() reads counts wherever they are, and takes none for unknown", async () => {
  for (const [usage, expected] of counts) {
    const body = `${chunkOf({ content: "Hello" }, "stop")}data: {"choices":[],${usage}}\n\n`;
    await using server = await serveRaw((_request, response) => void response.end(body));
    const outcome = await askOnce(server.url);
    assert.ok(outcome.kind === "message", JSON.stringify(outcome));
    assert.deepEqual([outcome.usage.inputTokens, outcome.usage.outputTokens], expected, usage);
  }
});

test("openModels() stops a reply that goes round in circles, and says where one was cut off early", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await serveRaw((_request, response) => {
    response.on("close", () => closed.resolve());
    response.write(chunkOf({ content: "Once upon a time." }));
    for (let count = 0; count < 1_000; count += 1) response.write(chunkOf({ content: " And again she sang." }));
  });
  const outcome = await askOnce(server.url);
  assert.ok(outcome.kind === "message", JSON.stringify(outcome));
  assert.equal(outcome.finishReason, "repetition");
  assert.match(outcome.message.text, /^Once upon a time\. And again .{0,3000}…$/);
  await closed.promise;
  await using short = await serveRaw((_request, response) => {
    const usage = 'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7}}\n\n';
    response.end(`${chunkOf({ content: "Hel" }, "length")}${usage}`);
  });
  const cut = await askOnce(short.url);
  assert.deepEqual(cut.kind === "message" && [cut.finishReason, cut.cutAt, cut.outputTokensMax], ["length", 7, 50]);
});

test("openModels() leaves the text whole when the circle is in the thinking", async () => {
  const text = Array.from({ length: 1_000 }, (_, index) => `${index} songs`).join(", ");
  await using server = await serveRaw((_request, response) => {
    response.write(chunkOf({ content: text }));
    for (let count = 0; count < 1_000; count += 1)
      response.write(chunkOf({ reasoning_content: " And again I think." }));
  });
  const outcome = await askOnce(server.url);
  assert.ok(outcome.kind === "message", JSON.stringify(outcome));
  assert.deepEqual([outcome.finishReason, outcome.message.text], ["repetition", text]);
});

test("openModels() stops a model that writes the other side's turn too", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await serveRaw((_request, response) => {
    response.on("close", () => closed.resolve());
    for (const content of ["Hello", "<|im_", "end|>", "\n", "<|im_start|>user\n", "And you?"])
      response.write(chunkOf({ content }));
  });
  const outcome = await askOnce(server.url);
  assert.ok(outcome.kind === "message", JSON.stringify(outcome));
  assert.deepEqual([outcome.message.text, outcome.finishReason], ["Hello", "stop"]);
  await closed.promise;
});

test("openModels() remembers the context that a server names when it refuses a prompt", async () => {
  const tooLong = {
    error: { message: "This model's maximum context length is 2048 tokens. Your messages resulted in 2100." },
  };
  await using server = await startScriptedModelServer({
    script: () => ({ status: 400, rawBody: JSON.stringify(tooLong), headers: { "content-type": "application/json" } }),
  });
  const models = openModels({
    providers: [{ kind: "openai-compatible", id: "a", baseUrl: server.url, model: "m" }],
    clock: systemClock,
    logger: silentLogger,
  });
  const options = { signal: new AbortController().signal, step: "model#1" };
  const sections = [{ name: "long", text: "word ".repeat(4_000) }];
  const sources: string[] = [];
  for (let count = 0; count < 2; count += 1) {
    const outcome = await models.call({ ...request, sections }, options);
    sources.push(outcome.kind === "context_exceeded" ? outcome.source : outcome.kind);
  }
  assert.deepEqual([sources, models.contextTokensMax, server.requests.length], [["provider", "estimate"], 2048, 1]);
});

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
  [
    "Python's print",
    400,
    "{'error': {'message': \"the id wasn't known\", 'code': None}}",
    /HTTP 400: the id wasn't known/,
  ],
  [
    "Python's print behind a proxy's words",
    400,
    JSON.stringify({
      error: { message: "OpenAIException - Error code: 400 - {'error': {'message': 'the id was odd', 'param': None}}" },
    }),
    /HTTP 400: OpenAIException - Error code: 400 - the id was odd$/,
  ],
  [
    "Python's bytes",
    400,
    JSON.stringify({ detail: 'upstream said: b\'{"error":"the id was odd"}\'' }),
    /upstream said: the id was odd$/,
  ],
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
  ["an event of its own", 200, 'event: error\ndata: {"message":"the id was odd"}\n\n', /the id was odd/],
  ["a text as an event of its own", 200, "event: error\ndata: the id was odd\n\n", /the id was odd/],
  [
    "llama.cpp's line of its own",
    200,
    `${chunkOf({ content: "Hel" })}error: {"message":"the id was odd"}\n\n`,
    /the id was odd/,
  ],
  ["a bare line among events", 200, `${chunkOf({ content: "Hel" })}{"error":"the id was odd"}\n`, /the id was odd/],
  ["AWS's form", 400, '{"Message":"the id was odd"}', /HTTP 400: the id was odd/],
  ["Baidu's form", 400, '{"error_code":336100,"error_msg":"the id was odd"}', /HTTP 400: the id was odd/],
  [
    "a gateway's form",
    400,
    '{"fault":{"faultstring":"the id was odd","detail":{"errorcode":"x"}}}',
    /HTTP 400: the id was odd/,
  ],
  ["MiniMax's form", 200, '{"base_resp":{"status_code":1000,"status_msg":"the id was odd"}}', /the id was odd/],
  ["a code and a message", 200, '{"code":20012,"message":"the id was odd","data":null}', /the id was odd/],
  ["nothing", 200, 'data: {"choices":[]}\n\ndata: [DONE]\n\n', /\(m\): the server ended the reply before it began/],
  ["half a reply", 200, chunkOf({ content: "Hel" }), /\(m\): the connection was closed before the reply was complete/],
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

test("openModels() asks OpenRouter to cache what it tells Anthropic's models, reserves what that costs, and does without where it is refused", async () => {
  const server = await startScriptedModelServer({
    script: ({ body, index }) =>
      "cache_control" in body && index === 1
        ? { status: 400, error: { message: "cache_control: extra inputs are not permitted" } }
        : "ok",
  });
  const reserved: (number | null)[] = [];
  const open = (model: string) =>
    openModels({
      providers: [
        { kind: "openrouter", id: "or", apiKey: "k", baseUrl: server.url, model, price: { inputUsd: 4, outputUsd: 0 } },
      ],
      clock: systemClock,
      logger: silentLogger,
    });
  const ask = (model: string) =>
    open(model).call(request, {
      signal: new AbortController().signal,
      step: "model#1",
      reserveSpend: async ({ costUsd, inputTokens }) => {
        reserved.push(Math.round((100 * (costUsd ?? 0) * 1e6) / inputTokens) / 100);
        return { state: "granted", settle: async () => {} };
      },
    });
  for (const model of ["anthropic/claude-sonnet-5", "anthropic/claude-haiku-5", "openai/gpt-6"])
    assert.equal((await ask(model)).kind, "message");
  await server.close();
  assert.deepEqual(
    server.requests.map(({ body }) => body["cache_control"]),
    [{ type: "ephemeral" }, { type: "ephemeral" }, undefined, undefined],
  );
  assert.deepEqual(reserved, [5, 5, 4]);
});
