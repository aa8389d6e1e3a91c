import assert from "node:assert/strict";
import { test } from "node:test";
import { startScriptedModelServer } from "../testing.ts";

const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "m", ...body }),
  });
const messages = [{ role: "user", content: "Hi" }];

test("startScriptedModelServer() answers without streaming, with usage", async () => {
  await using server = await startScriptedModelServer({ script: ({ userText, index }) => `${userText} ${index}` });
  const answer = (await (await post(server.url, { messages })).json()) as {
    choices: { message: { content: string } }[];
    usage: { prompt_tokens: number; total_tokens: number };
  };
  assert.equal(answer.choices[0]?.message.content, "Hi 0");
  assert.ok(answer.usage.prompt_tokens > 0);
  assert.equal(server.requests.length, 1);
});

test("startScriptedModelServer() streams pieces, the finish reason, usage when asked, and [DONE]", async () => {
  await using server = await startScriptedModelServer({ script: () => "one two" });
  const events = (
    await (await post(server.url, { messages, stream: true, stream_options: { include_usage: true } })).text()
  )
    .split("\n\n")
    .filter((event) => event !== "");
  assert.equal(events.length, 5);
  assert.match(events[0] ?? "", /"content":"one "/);
  assert.match(events[2] ?? "", /"finish_reason":"stop"/);
  assert.match(events[3] ?? "", /"usage":\{/);
  assert.equal(events[4], "data: [DONE]");
  const without = await (await post(server.url, { messages, stream: true })).text();
  assert.doesNotMatch(without, /usage/);
});

test("startScriptedModelServer() lists models, asks for the key, and fails as told", async () => {
  await using server = await startScriptedModelServer({
    script: () => ({ status: 429, headers: { "retry-after": "3" } }),
    apiKey: "k",
    models: ["a", "b"],
  });
  const list = (await (await fetch(`${server.url}/models`)).json()) as { data: { id: string }[] };
  assert.deepEqual(
    list.data.map((model) => model.id),
    ["a", "b"],
  );
  assert.equal((await post(server.url, { messages })).status, 401);
  assert.equal(server.requests.length, 0);
  const refused = await post(server.url, { messages }, { authorization: "Bearer k" });
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "3"]);
});

test("startScriptedModelServer() tells a script that throws, as a failure", async () => {
  await using server = await startScriptedModelServer({
    script: () => {
      throw new Error("no reply for this");
    },
  });
  const answer = await post(server.url, { messages });
  assert.equal(answer.status, 500);
  assert.match(await answer.text(), /no reply for this/);
});

test("startScriptedModelServer() holds a reply until it is let go, and changes its script", async () => {
  const { promise: before, resolve: release } = Promise.withResolvers<void>();
  await using server = await startScriptedModelServer({ script: () => ({ text: "late", before }) });
  const pending = post(server.url, { messages });
  await server.arrived(0);
  release();
  assert.match(await (await pending).text(), /late/);
  server.setScript(() => "new");
  assert.match(await (await post(server.url, { messages })).text(), /new/);
});

test("startScriptedModelServer() sees a client that goes away", async () => {
  await using server = await startScriptedModelServer({ script: () => ({ stall: "after_headers" }) });
  const abort = new AbortController();
  const response = await fetch(`${server.url}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m", messages, stream: true }),
    signal: abort.signal,
  });
  abort.abort();
  await response.text().catch(() => {});
  await server.requests[0]?.aborted;
  assert.equal(server.abortedCount, 1);
});
