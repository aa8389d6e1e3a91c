// The contract of the provider seam: whatever stands behind openModels() behaves like this. It is run
// for both provider packages against a real HTTP server, and for a LanguageModelV4 handed in.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLogger, systemClock } from "@roost/base";
import { simulateReadableStream } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { startScriptedModelServer, type ScriptedReply, type ScriptedModelServer } from "../testing.ts";
import type { ModelDelta, ModelRequest, Models } from "./models.ts";
import { openModels } from "./open-models.ts";
import type { ProviderConfig } from "./provider-config.ts";

const lookUp = {
  name: "look_up",
  description: "Looks a word up",
  inputSchema: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
};

const request: ModelRequest = {
  sections: [{ name: "SOUL.md", text: "Be brief" }],
  messages: [{ role: "user", text: "What is a roost?" }],
  tools: [lookUp],
  outputTokensMax: 500,
};

const kinds: { kind: string; config: (server: ScriptedModelServer) => ProviderConfig }[] = [
  {
    kind: "openai-compatible",
    config: (server) => ({
      kind: "openai-compatible",
      id: "local",
      baseUrl: server.url,
      apiKey: "key-1234",
      model: "m1",
    }),
  },
  {
    kind: "openai-compatible without streaming",
    config: (server) => ({
      kind: "openai-compatible",
      id: "local",
      baseUrl: server.url,
      apiKey: "key-1234",
      model: "m1",
      streaming: false,
    }),
  },
  {
    kind: "openrouter",
    config: (server) => ({ kind: "openrouter", id: "router", baseUrl: server.url, apiKey: "key-1234", model: "m1" }),
  },
];

async function ask(models: Models, change: Partial<ModelRequest> = {}, signal = new AbortController().signal) {
  const deltas: ModelDelta[] = [];
  const outcome = await models.call(
    { ...request, ...change },
    { signal, step: "model#1", onDelta: (delta) => deltas.push(delta) },
  );
  return { outcome, deltas, text: deltas.map((delta) => (delta.type === "text" ? delta.text : "")).join("") };
}

async function open(config: (server: ScriptedModelServer) => ProviderConfig, reply: ScriptedReply) {
  const server = await startScriptedModelServer({ script: () => reply, apiKey: "key-1234" });
  const models = openModels({
    providers: [config(server)],
    clock: systemClock,
    logger: silentLogger,
    limits: { roundsMax: 1 },
  });
  return { server, models };
}

for (const { kind, config } of kinds) {
  describe(`openModels() over ${kind}`, () => {
    test("sends instructions, messages, tools and limits, and reads the reply and its usage", async () => {
      const usage = {
        prompt_tokens: 40,
        completion_tokens: 7,
        prompt_tokens_details: { cached_tokens: 12 },
        completion_tokens_details: { reasoning_tokens: 3 },
        cost: 0.00042,
      };
      const { server, models } = await open(config, { text: "A place where birds rest.", reasoning: "Birds.", usage });
      await using _ = server;
      const { outcome, text } = await ask(models);
      assert.ok(outcome.kind === "message");
      assert.equal(outcome.message.text, "A place where birds rest.");
      assert.equal(text, "A place where birds rest.");
      assert.equal(outcome.message.reasoning?.[0]?.text, "Birds.");
      assert.equal(outcome.finishReason, "stop");
      assert.deepEqual(outcome.usage, { inputTokens: 40, outputTokens: 7, cachedTokens: 12, reasoningTokens: 3 });
      assert.equal(outcome.costUsd, 0.00042);
      assert.equal(outcome.costSource, "provider");
      const [sent] = server.requests;
      assert.ok(sent !== undefined);
      assert.equal(sent.systemText, "# SOUL.md\n\nBe brief");
      assert.equal(sent.userText, "What is a roost?");
      assert.deepEqual(sent.toolNames, ["look_up"]);
      assert.equal(sent.body["max_tokens"], 500);
      assert.equal(sent.body.model, "m1");
    });

    test("reads tool calls that come in pieces, several of them", async () => {
      const toolCalls = [
        { name: "look_up", arguments: { word: "roost — a “perch”" }, id: "a" },
        { name: "look_up", arguments: { word: "nest" }, id: "b" },
      ];
      const { server, models } = await open(config, { text: "Looking it up.", toolCalls });
      await using _ = server;
      const { outcome } = await ask(models);
      assert.ok(outcome.kind === "message");
      assert.equal(outcome.finishReason, "tool_calls");
      assert.equal(outcome.message.text, "Looking it up.");
      const calls = outcome.message.toolCalls ?? [];
      assert.deepEqual(
        calls.map((call) => [call.toolCallId, call.toolName, JSON.parse(call.argumentsText)]),
        toolCalls.map((call) => [call.id, call.name, call.arguments]),
      );
    });

    test("sends a transcript with tool calls and their answers in the wire form", async () => {
      const { server, models } = await open(config, "Done.");
      await using _ = server;
      await ask(models, {
        messages: [
          { role: "user", text: "Look up roost" },
          {
            role: "assistant",
            text: "",
            toolCalls: [{ toolCallId: "a", toolName: "look_up", argumentsText: '{"word":"roost"}' }],
            provider: "x",
            model: "y",
          },
          { role: "tool", toolCallId: "a", toolName: "look_up", text: "a perch" },
        ],
      });
      const messages = server.requests[0]?.messages ?? [];
      assert.deepEqual(
        messages.map((message) => message.role),
        ["system", "user", "assistant", "tool"],
      );
      assert.equal(messages[2]?.tool_calls?.[0]?.function.arguments, '{"word":"roost"}');
      const id = messages[3]?.tool_call_id ?? "";
      // What every server takes, whichever model wrote the call.
      assert.match(id, /^[a-zA-Z0-9]{9}$/);
      assert.equal(messages[2]?.tool_calls?.[0]?.id, id);
      assert.equal(messages[3]?.content, "a perch");
    });

    test("leaves tokens and cost unknown when the server does not tell them", async () => {
      const { server, models } = await open(config, { text: "Hello.", usage: null });
      await using _ = server;
      const { outcome } = await ask(models);
      assert.ok(outcome.kind === "message");
      assert.equal(outcome.usage.inputTokens, null);
      assert.equal(outcome.usage.outputTokens, null);
      assert.equal(outcome.costUsd, null);
      assert.equal(outcome.costSource, "unknown");
    });

    test("tells a refused key as unauthenticated, without the key", async () => {
      const { server, models } = await open(
        (at) => ({ ...config(at), apiKey: "key-wrong" }) as ProviderConfig,
        "never",
      );
      await using _ = server;
      const { outcome } = await ask(models);
      assert.ok(outcome.kind === "failed");
      assert.equal(outcome.code, "unauthenticated");
      assert.equal(outcome.failedAttempts[0]?.status, 401);
      assert.ok(!JSON.stringify(outcome).includes("key-wrong"));
    });

    test("tells a request that is wrong, and does not send it again", async () => {
      const { server, models } = await open(config, { status: 400, error: { message: "tool schema is broken" } });
      await using _ = server;
      const { outcome } = await ask(models);
      assert.ok(outcome.kind === "failed");
      assert.equal(outcome.code, "invalid_input");
      assert.equal(outcome.isRetryable, false);
      assert.match(outcome.message, /tool schema is broken/);
      assert.equal(server.requests.length, 1);
    });

    test("recognises that the prompt is too long, and the size that the server names", async () => {
      const { server, models } = await open(config, {
        status: 400,
        error: {
          message: "This model's maximum context length is 8192 tokens. Please reduce the length of the messages.",
          code: "context_length_exceeded",
        },
      });
      await using _ = server;
      const { outcome } = await ask(models);
      assert.ok(outcome.kind === "context_exceeded");
      assert.equal(outcome.source, "provider");
      assert.equal(outcome.contextTokensMax, 8192);
    });

    test("closes the upstream connection when it is aborted before the headers", async () => {
      const { server, models } = await open(config, { stall: "before_headers" });
      await using _ = server;
      const abort = new AbortController();
      const pending = ask(models, {}, abort.signal);
      const sent = await server.arrived(0);
      abort.abort(new Error("cancelled by its owner"));
      await assert.rejects(pending, /cancelled by its owner/);
      await sent.aborted;
      assert.equal(server.abortedCount, 1);
    });

    test("gives up on a server that sends nothing, and closes the connection", async () => {
      const { server } = await open(config, { stall: "after_headers" });
      await using _ = server;
      const models = openModels({
        providers: [config(server)],
        clock: systemClock,
        logger: silentLogger,
        limits: { roundsMax: 1, silenceMsMax: 20 },
      });
      const { outcome } = await ask(models);
      assert.ok(outcome.kind === "failed");
      assert.equal(outcome.code, "timeout");
      await server.requests[0]?.aborted;
    });
  });
}

for (const { kind, config } of kinds.filter((entry) => !entry.kind.includes("without"))) {
  describe(`openModels() over a stream of ${kind}`, () => {
    test("closes the upstream connection when it is aborted in the middle of the reply", async () => {
      const { server, models } = await open(config, { chunks: ["One ", "two "], stall: { chunkCount: 2 } });
      await using _ = server;
      const abort = new AbortController();
      const shown: string[] = [];
      const pending = models.call(request, {
        signal: abort.signal,
        step: "model#1",
        onDelta: (delta) => {
          if (delta.type === "text") shown.push(delta.text);
          if (shown.length === 2) abort.abort(new Error("cancelled"));
        },
      });
      await assert.rejects(pending, /cancelled/);
      await server.requests[0]?.aborted;
      assert.deepEqual(shown, ["One ", "two "]);
    });

    test("gives up on a reply that stops coming", async () => {
      const { server } = await open(config, { chunks: ["One "], stall: { chunkCount: 1 } });
      await using _ = server;
      const models = openModels({
        providers: [config(server)],
        clock: systemClock,
        logger: silentLogger,
        limits: { roundsMax: 1, silenceMsMax: 500 },
      });
      const { outcome, deltas } = await ask(models);
      assert.ok(outcome.kind === "failed");
      assert.equal(outcome.code, "timeout");
      assert.equal(outcome.failedAttempts[0]?.hadDeltas, true);
      assert.equal(deltas.at(-1)?.type, "reset");
      await server.requests[0]?.aborted;
    });

    for (const how of ["cut", "error", "end"] as const) {
      test(`marks a reply that breaks off (${how}) as failed and resets what was shown`, async () => {
        const { server, models } = await open(config, {
          chunks: ["One ", "two ", "three"],
          breakAfter: { chunkCount: 2, how },
        });
        await using _ = server;
        const { outcome, deltas } = await ask(models);
        assert.ok(outcome.kind === "failed", JSON.stringify(outcome));
        assert.equal(outcome.isRetryable, true);
        assert.equal(outcome.failedAttempts[0]?.hadDeltas, true);
        assert.deepEqual(
          deltas.map((delta) => delta.type),
          ["text", "text", "reset"],
        );
      });
    }

    test("cuts a reply that never ends off, and closes the connection", async () => {
      const { server } = await open(config, {
        chunks: Array.from({ length: 50 }, () => "spam "),
        stall: { chunkCount: 50 },
      });
      await using _ = server;
      const models = openModels({
        providers: [config(server)],
        clock: systemClock,
        logger: silentLogger,
        limits: { replyCharsMax: 100 },
      });
      const { outcome } = await ask(models);
      assert.ok(outcome.kind === "message");
      assert.equal(outcome.finishReason, "length");
      assert.match(outcome.message.text, /^(spam ){21,}$/);
      assert.equal(server.requests.length, 1);
      await server.requests[0]?.aborted;
    });
  });
}

describe("openModels() over a LanguageModelV4 that is handed in", () => {
  test("reads its stream and gives it the prompt", async () => {
    const languageModel = new MockLanguageModelV4({
      modelId: "mock",
      doStream: {
        stream: simulateReadableStream({
          chunks: [
            { type: "stream-start", warnings: [] },
            { type: "text-start", id: "1" },
            { type: "text-delta", id: "1", delta: "Hi " },
            { type: "text-delta", id: "1", delta: "there" },
            { type: "text-end", id: "1" },
            {
              type: "finish",
              finishReason: { unified: "stop", raw: "stop" },
              usage: {
                inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
                outputTokens: { total: 2, text: 2, reasoning: undefined },
              },
            },
          ],
        }),
      },
    });
    const models = openModels({
      providers: [{ kind: "language-model", id: "mock", languageModel, price: { inputUsd: 1, outputUsd: 10 } }],
      clock: systemClock,
      logger: silentLogger,
    });
    const { outcome, text } = await ask(models);
    assert.ok(outcome.kind === "message");
    assert.equal(text, "Hi there");
    assert.deepEqual(outcome.usage, {
      inputTokens: 3,
      outputTokens: 2,
      cachedTokens: null,
      reasoningTokens: null,
    });
    assert.equal(outcome.costSource, "configured_price");
    assert.equal(outcome.costUsd, 23 / 1e6);
    assert.deepEqual(languageModel.doStreamCalls[0]?.prompt[0], { role: "system", content: "# SOUL.md\n\nBe brief" });
  });

  test("stops reading a model that does not heed its signal", async () => {
    const languageModel = new MockLanguageModelV4({ doStream: async () => await new Promise(() => {}) });
    const models = openModels({
      providers: [{ kind: "language-model", id: "mock", languageModel }],
      clock: systemClock,
      logger: silentLogger,
    });
    const abort = new AbortController();
    const pending = ask(models, {}, abort.signal);
    abort.abort(new Error("enough"));
    await assert.rejects(pending, /enough/);
  });
});
