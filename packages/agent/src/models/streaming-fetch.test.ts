import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, systemClock } from "@roost/base";
import { startScriptedModelServer, type Script } from "../testing.ts";
import type { ModelRequest } from "./models.ts";
import { openModels } from "./open-models.ts";

const request: ModelRequest = {
  sections: [],
  messages: [{ role: "user", text: "Hello" }],
  tools: [],
  outputTokensMax: 50,
};

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

test("createStreamingFetch() reads plain JSON that answers a stream request", async () => {
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

test("createStreamingFetch() asks without streaming when the server refuses it, and remembers", async () => {
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

test("createStreamingFetch() leaves stream_options out when the server does not know it, and goes on streaming", async () => {
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

test("createStreamingFetch() passes other refusals on after one request", async () => {
  const { outcomes, server } = await callTwice(() => ({
    status: 400,
    error: { message: "the model does not support tools" },
  }));
  assert.equal(outcomes[0]?.kind, "failed");
  assert.equal(server.requests.length, 2);
});

test("createStreamingFetch() refuses a plain reply that is too long", async () => {
  const { outcomes } = await callTwice(() => ({ text: "x".repeat(5000), ignoresStream: true }));
  assert.equal(outcomes[0]?.kind, "failed");
});

test("createStreamingFetch() takes an error in a 200 answer for a failure", async () => {
  const { outcomes } = await callTwice(() => ({
    rawBody: '{"error":{"message":"upstream is down","code":502}}',
    headers: { "content-type": "application/json" },
  }));
  assert.ok(outcomes[0]?.kind === "failed");
  assert.match(outcomes[0].message, /upstream is down/);
});
