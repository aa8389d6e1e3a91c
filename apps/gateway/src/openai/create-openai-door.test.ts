/** Calls of upstream models through the door: what passes, what is tried again, what is spent, and what is refused. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { until } from "@roost/base/testing/until";
import { readSpend, readTopic } from "@roost/kernel";
import { streamText } from "ai";
import OpenAI, { AuthenticationError, NotFoundError } from "openai";
import { createTestGateway, testToken, type TestGateway } from "../testing/create-test-gateway.ts";
import {
  answerAsOpenAi,
  askDoor,
  chunksOf,
  completion,
  refuse,
  startUpstream,
  usage,
  type AskOptions,
  type FakeUpstream,
} from "./start-upstream.fixture.ts";

let first: FakeUpstream;
let second: FakeUpstream;
let gateway: TestGateway;

before(async () => {
  first = await startUpstream("first");
  second = await startUpstream("second");
  const routes = { both: ["first/large", "second"] };
  gateway = await createTestGateway({ providers: [first.provider, second.provider], routes });
});
after(async () => {
  await gateway[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});
beforeEach(() => {
  for (const upstream of [first, second]) {
    upstream.answer = answerAsOpenAi;
    upstream.calls.length = 0;
  }
});

const say = (model: string, more: object = {}) =>
  JSON.stringify({ model, messages: [{ role: "user", content: "hi" }], ...more });

const ask = (body: string, options?: AskOptions) => askDoor(gateway.url, body, options);

async function errorOf(response: Response) {
  const { error } = (await response.json()) as {
    error: { message: string; type: string; code: string | null; param: string | null };
  };
  assert.deepEqual(Object.keys(error).toSorted(), ["code", "message", "param", "type"]);
  return { status: response.status, ...error };
}

let names = 0;
async function makeKey(options: Partial<Parameters<TestGateway["client"]["createToken"]>[0]> = {}) {
  names += 1;
  const { token, text } = await gateway.client.createToken({ name: `key${names}`, ...options });
  return { id: token.id, name: token.name, text };
}

/** A call is recorded a moment after its answer. */
async function recordsOf(id: string): Promise<Record<string, unknown>[]> {
  for (let round = 0; round < 200; round += 1) {
    await gateway.flushCalls();
    const { events } = await readTopic(gateway.kernel.database, { topic: "proxy", limit: 200 });
    const own = events.filter(({ subject }) => subject === id);
    if (own.length > 0) return own.flatMap(({ data }) => data["calls"] as Record<string, unknown>[]);
  }
  return [];
}

test("a call passes with every parameter as it was written, and nothing of the caller's headers", async () => {
  const body = '{"model":"first/large" , "messages":[], "seed":12345678901234567890, "x-unknown":{"a":[1e400]}}';
  const response = await ask(body, {
    headers: {
      cookie: "a=b",
      "x-api-key": "mine",
      "x-forwarded-for": "1.2.3.4",
      "openai-organization": "o",
      "openai-beta": "b",
    },
  });
  assert.deepEqual([response.status, await response.text()], [200, completion()]);
  assert.equal(response.headers.get("set-cookie"), null);
  assert.equal(response.headers.get("x-roost-model"), "first/large");
  const [call] = first.calls;
  assert.equal(call?.path, "/v1/chat/completions");
  assert.equal(call?.text, body.replace("first/large", "large"));
  const {
    host: _host,
    "content-length": _length,
    accept: _accept,
    connection: _connection,
    ...headers
  } = call?.headers ?? {};
  assert.deepEqual(headers, {
    "content-type": "application/json",
    "user-agent": "Roost",
    authorization: "Bearer key-of-first",
    "openai-beta": "b",
  });
});

test("a stream passes as it comes, without the chunk of usage that only Roost asked for, and is booked by it", async () => {
  const { text: key, id } = await makeKey();
  const sent = chunksOf(["a", "b"], true);
  first.answer = (_call, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(sent.join(""));
  };
  const own = await (await ask(say("first", { stream: true }), { key })).text();
  assert.equal(own, chunksOf(["a", "b"], false).join(""));
  assert.match(first.calls[0]!.text, /"stream_options":\{"include_usage":true\}/);
  const asked = say("first", { stream: true, stream_options: { include_usage: true } });
  assert.equal(await (await ask(asked, { key })).text(), sent.join(""));
  assert.equal(first.calls[1]!.text, asked.replace('"first"', '"small"'));
  const records = await recordsOf(id);
  assert.deepEqual(
    records.map(({ inputTokens, outputTokens, costUsd, isEstimated }) => [
      inputTokens,
      outputTokens,
      costUsd,
      isEstimated,
    ]),
    [
      [10, 5, 1.5, undefined],
      [10, 5, 1.5, undefined],
    ],
  );
});

test("the first chunk is passed on before the second is there", async () => {
  const gate = Promise.withResolvers<void>();
  const [one, ...others] = chunksOf(["a", "b"], false);
  first.answer = (_call, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(one);
    void gate.promise.then(() => response.end(others.join("")));
  };
  const reader = (await ask(say("first", { stream: true }))).body!.getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), one);
  gate.resolve();
  const rest: Buffer[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) rest.push(Buffer.from(part.value));
  assert.equal(Buffer.concat(rest).toString(), others.join(""));
});

test("a stream that tells no usage is counted by Roost, and so is one that its caller leaves", async () => {
  const { text: key, id } = await makeKey();
  first.answer = (_call, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(chunksOf(["some words", "and more"], false).join(""));
  };
  await (await ask(say("first", { stream: true }), { key })).text();
  const [record] = await recordsOf(id);
  assert.equal(record?.["isEstimated"], true);
  assert.ok(Number(record?.["outputTokens"]) >= 4 && Number(record?.["inputTokens"]) > 0);

  const leaving = await makeKey();
  const left = Promise.withResolvers<void>();
  first.answer = (_call, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunksOf(["some words"], false)[0]);
    response.on("close", () => left.resolve());
  };
  const stop = new AbortController();
  const cut = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${leaving.text}` },
    body: say("first", { stream: true }),
    signal: stop.signal,
  });
  await cut.body!.getReader().read();
  stop.abort();
  await left.promise;
  const [cutRecord] = await recordsOf(leaving.id);
  assert.deepEqual([cutRecord?.["isCut"], cutRecord?.["isEstimated"]], [true, true]);
});

test("a server that refuses to be asked for usage is not asked again", async () => {
  second.answer = (call, response) => {
    if (call.text.includes("stream_options"))
      return refuse(400, "Unrecognized request argument: stream_options")(call, response);
    return answerAsOpenAi(call, response);
  };
  for (let round = 0; round < 2; round += 1)
    assert.equal(await (await ask(say("second", { stream: true }))).text(), chunksOf(["hel", "lo"], false).join(""));
  assert.equal(second.calls.length, 3);
});

test("a route falls back before the first byte, and a broken stream is not repeated", async () => {
  first.answer = refuse(500, "overloaded");
  const response = await ask(say("both"));
  assert.deepEqual([response.status, response.headers.get("x-roost-model")], [200, "second/small"]);
  await response.text();
  // It cools down, so the other one is asked at once.
  first.answer = answerAsOpenAi;
  await (await ask(say("both"))).text();
  assert.deepEqual([first.calls.length, second.calls.length], [1, 2]);
  // Named alone it is asked all the same, and is well again.
  assert.equal((await ask(say("first/large"))).status, 200);
  await (await ask(say("both"))).text();
  assert.equal(first.calls.length, 3);

  first.answer = (_call, answer) => {
    answer.writeHead(200, { "content-type": "text/event-stream" });
    answer.write(chunksOf(["a"], false)[0], () => answer.destroy());
  };
  const broken = await ask(say("both", { stream: true }));
  assert.equal(broken.status, 200);
  await assert.rejects(broken.text());
  assert.equal(second.calls.length, 2);
});

test("a server that fails once is asked again, and what it refuses for good is its own answer", async () => {
  let count = 0;
  second.answer = (call, response) => {
    count += 1;
    if (count === 1) return void response.destroy();
    return answerAsOpenAi(call, response);
  };
  assert.equal((await ask(say("second"))).status, 200);
  assert.equal(count, 2);
  second.answer = refuse(400, "max_tokens is too large");
  assert.deepEqual(await errorOf(await ask(say("second"))), {
    status: 400,
    message: "max_tokens is too large",
    type: "t",
    param: null,
    code: "c",
  });
  second.answer = refuse(429, "slow down", { "retry-after": "60" });
  const limited = await ask(say("second"));
  assert.deepEqual([limited.status, limited.headers.get("retry-after")], [429, "60"]);
  // The home's key is wrong, not the caller's, and what the server says of it may show it.
  second.answer = refuse(401, "Incorrect API key provided: key-of-second");
  const wrong = await errorOf(await ask(say("second")));
  assert.deepEqual([wrong.status, wrong.code], [502, "upstream_error"]);
  const { promise: left, resolve } = Promise.withResolvers<void>();
  second.answer = (_call, response) => {
    response.writeHead(400, { "content-type": "text/html" }).write("x".repeat(100_000));
    response.once("close", resolve);
  };
  const endless = await errorOf(await ask(say("second")));
  assert.deepEqual([endless.status, endless.code], [400, "upstream_error"]);
  await left;
});

test("models are listed as a key may use them, and others do not exist for it", async () => {
  const { text: key } = await makeKey({ models: ["first/*", "both"] });
  const list = (await (await ask("", { key, path: "/v1/models", method: "GET" })).json()) as { data: { id: string }[] };
  assert.deepEqual(
    list.data.map(({ id }) => id),
    ["both", "first/small", "first/large"],
  );
  const one = await ask("", { key, path: "/v1/models/first/large", method: "GET" });
  assert.equal(((await one.json()) as { id: string }).id, "first/large");
  for (const model of ["second", "second/small", "auto", "none", "roost/main"]) {
    const error = await errorOf(await ask(say(model), { key }));
    assert.deepEqual([error.status, error.code, error.param], [404, "model_not_found", "model"], model);
  }
  assert.equal((await ask("", { key, path: "/v1/models/second/small", method: "GET" })).status, 404);
  const twice = `{"model":"first","messages":[],"model":"first/large"}`;
  assert.equal((await ask(twice, { key })).status, 400);
  const { text: without } = await makeKey({ scopes: ["agents:call"] });
  assert.equal((await errorOf(await ask(say("first"), { key: without }))).status, 403);
  assert.deepEqual([first.calls.length, second.calls.length], [0, 0]);
});

test("no second spelling, no list of others and no deep or crowded body asks a server for more than was allowed", async () => {
  const { text: small } = await makeKey({ models: ["first", "roost/*"] });
  const { text: none } = await makeKey({ scopes: ["runs:read"] });
  const nested = (depth: number) => `${'{"properties":{"a":'.repeat(depth)}{}${"}}".repeat(depth)}`;
  const tool = (parameters: string) => `[{"type":"function","function":{"name":"f","parameters":${parameters}}}]`;
  const format = `{"type":"json_schema","json_schema":{"name":"x","schema":${nested(5_000)}}}`;
  const with_ = (model: string, field: string) =>
    `{"model":"${model}",${field},"messages":[{"role":"user","content":"hi"}]}`;
  const cases: [body: string, status: number, message: RegExp, key?: string][] = [
    [with_("first", '"Model":"large"'), 400, /"Model", which servers may take for "model"/],
    [with_("first", '"MAX_TOKEN\u017f":5'), 400, /may take for "max_tokens"/],
    [with_("first", '"\u017ftream":true'), 400, /may take for "stream"/],
    [with_("first", '"model":"large"'), 400, /"model" twice/],
    [with_("first", '"models":["large"]'), 400, /leave it out/, small],
    [with_("first", '"fallbacks":[{"model":"large"}]'), 400, /leave it out/, small],
    [with_("roost/writer", `"tools":${tool(nested(5_000))}`), 400, /deeper than 200 levels/],
    [with_("roost/writer", `"response_format":${format}`), 400, /deeper than 200 levels/],
    [with_("first", `"x":[${"{},".repeat(500_000)}{}]`), 400, /more than 500000 values/],
    [with_("first", '"x":1'), 403, /lacks the scope models:call/, none],
  ];
  for (const [body, status, message, key] of cases) {
    const error = await errorOf(await ask(body, key === undefined ? {} : { key }));
    assert.equal(error.status, status, error.message);
    assert.match(error.message, message);
  }
  assert.equal(first.calls.length, 0);
  assert.equal((await ask(with_("first", '"models":["large"]'))).status, 200);
});

test("embeddings, speech and responses pass through", async () => {
  first.answer = (call, response) => {
    response.setHeader("content-type", call.path.endsWith("speech") ? "audio/mpeg" : "application/json");
    if (call.path.endsWith("speech")) return response.end(Buffer.from([0, 255, 1, 254]));
    return response.end('{"object":"list","data":[],"usage":{"prompt_tokens":3,"total_tokens":3}}');
  };
  const { text: key, id } = await makeKey();
  const speech = await ask(JSON.stringify({ model: "first", input: "hi", voice: "alloy" }), {
    key,
    path: "/v1/audio/speech",
  });
  assert.deepEqual(
    [speech.headers.get("content-type"), Buffer.from(await speech.arrayBuffer())],
    ["audio/mpeg", Buffer.from([0, 255, 1, 254])],
  );
  for (const path of ["/v1/embeddings", "/v1/responses"])
    assert.equal((await ask(JSON.stringify({ model: "first", input: "hi" }), { key, path })).status, 200);
  assert.deepEqual(
    first.calls.map(({ path }) => path),
    ["/v1/audio/speech", "/v1/embeddings", "/v1/responses"],
  );
  const records = await recordsOf(id);
  assert.deepEqual(records.at(-1)?.["inputTokens"], 3);
});

test("an answer is kept for its caller where it is asked for", async () => {
  const { text: key } = await makeKey();
  const { text: other } = await makeKey();
  const cached = { "x-roost-cache": "10m" };
  const marks = [];
  for (const [asking, headers] of [
    [key, cached],
    [key, cached],
    [other, cached],
    [key, {}],
  ] as const) {
    const response = await ask(say("first"), { key: asking, headers });
    assert.equal(await response.text(), completion());
    marks.push(response.headers.get("x-roost-cache"));
  }
  assert.deepEqual(marks, ["miss", "hit", "miss", null]);
  assert.equal(first.calls.length, 3);
  assert.equal((await ask(say("first"), { headers: { "x-roost-cache": "for ever" } })).status, 400);
});

test("a key's cap is never passed by more than one call, and says so as OpenAI does", async () => {
  // Each call costs 1.5 and reserves as much as ten tokens of output and its prompt may cost.
  const { text: key, id } = await makeKey({ caps: { day: { usdMax: 20 } } });
  const statuses = [];
  for (let round = 0; round < 30; round += 1) {
    const response = await ask(say("first", { max_tokens: 10 }), { key });
    statuses.push(response.status);
    if (response.status !== 200) {
      const error = await errorOf(response);
      assert.deepEqual([error.status, error.code, error.type], [429, "insufficient_quota", "insufficient_quota"]);
      break;
    }
    await response.text();
  }
  assert.ok(statuses.length > 5 && statuses.length < 20, `${statuses.length}`);
  const [spent] = await readSpend(gateway.kernel, { scopes: [`key:${id}`], windows: ["day"] });
  assert.ok(spent!.costUsd + spent!.usdReserved <= 20, JSON.stringify(spent));
  assert.equal(first.calls.length, statuses.length - 1);
});

test("what is reserved for a call counts each prompt and each choice, and numbers as any server may read them", async () => {
  const { text: key } = await makeKey({ caps: { day: { usdMax: 20 } } });
  const path = "/v1/completions";
  // Eleven tokens of output cost more than a dollar.
  for (const more of [
    { prompt: Array(20).fill("a"), max_tokens: 11 },
    { prompt: [[1], [2]], n: 10, max_tokens: 11 },
    { prompt: "a", n: 1, best_of: 20, max_tokens: 11 },
    { prompt: "a", max_tokens: "300" },
    { prompt: "a", max_tokens: 300.5 },
    { prompt: "a", max_tokens: 1e300 },
  ])
    assert.equal((await errorOf(await ask(JSON.stringify({ model: "first", ...more }), { key, path }))).status, 429);
  assert.equal(first.calls.length, 0);
  const tokens = { model: "first", prompt: Array(30).fill(1), max_tokens: 11 };
  assert.equal((await ask(JSON.stringify(tokens), { key, path })).status, 200);
});

test("listSpend() counts calls that were passed on, by key too, and what the provider's cache saved of them", async () => {
  const { text: key, name } = await makeKey();
  for (let round = 0; round < 2; round += 1) await (await ask(say("first"), { key })).text();
  const cached = { ...usage, prompt_tokens_details: { cached_tokens: 4 } };
  first.answer = (_call, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(completion().replace(JSON.stringify(usage), JSON.stringify(cached)));
  };
  await (await ask(say("first"), { key })).text();
  first.answer = refuse(400, "no");
  await (await ask(say("first"), { key })).text();
  const found = await until(async () => {
    await gateway.flushCalls();
    const { items } = await gateway.client.listSpend({ by: "key", limit: 500 });
    return items.find((item) => item.key === `client:${name}` && item.callCount === 3);
  });
  assert.deepEqual(found, {
    key: `client:${name}`,
    callCount: 3,
    costUsd: 4.3,
    inputTokens: 30,
    cachedTokens: 4,
    outputTokens: 15,
    savedUsd: 0.2,
    estimatedCount: 0,
    unknownCount: 0,
  });
  const { items: days } = await gateway.client.listSpend({ by: "day" });
  assert.ok(days[0]!.costUsd >= 3);
});

test("what is no call is refused in OpenAI's form, and a key that was revoked at once", async () => {
  const { text: key, name } = await makeKey();
  const cases: [Response, number, RegExp][] = [
    [await ask(say("first"), { key: "sk-roost-wrong" }), 401, /not known here/],
    [await fetch(`${gateway.url}/v1/models`), 401, /didn't provide an API key/],
    [await ask("{", {}), 400, /not JSON/],
    [await ask("[]", {}), 400, /object/],
    [await ask("{}", {}), 400, /model parameter/],
    [await ask(say("first"), { headers: { "content-type": "text/plain" } }), 415, /application\/json/],
    [await ask(say("first"), { path: "/v1/files" }), 404, /Invalid URL/],
    [await ask("", { method: "GET" }), 405, /Invalid URL/],
    [await ask(say("first"), { path: `/v1/chat/completions?api_key=${key}` }), 400, /address/],
    [await ask(say("first"), { headers: { origin: "http://evil.example" } }), 403, /may not call/],
  ];
  for (const [response, status, message] of cases) {
    const error = await errorOf(response);
    assert.equal(error.status, status, error.message);
    assert.match(error.message, message);
    assert.ok(!error.message.includes(key));
  }
  assert.equal((await ask(say("first"), { key })).status, 200);
  await gateway.client.revokeToken({ token: name });
  const revoked = await errorOf(await ask(say("first"), { key }));
  assert.deepEqual([revoked.status, revoked.code], [401, "invalid_api_key"]);
  assert.equal(first.calls.length, 1);
});

test("the openai package and the AI SDK take its answers, its streams and its errors", async () => {
  const { text: apiKey } = await makeKey({ models: ["first"] });
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 });
  const messages = [{ role: "user" as const, content: "hi" }];
  const whole = await client.chat.completions.create({ model: "first", messages });
  assert.deepEqual([whole.choices[0]?.message.content, whole.usage?.total_tokens], ["hello", 15]);
  const stream = await client.chat.completions.create({ model: "first", messages, stream: true });
  let text = "";
  for await (const { choices, usage } of stream) {
    assert.ok(choices.length === 1 && usage === undefined);
    text += choices[0]?.delta.content ?? "";
  }
  assert.equal(text, "hello");
  assert.deepEqual(
    (await Array.fromAsync(client.models.list())).map(({ id }) => id),
    [],
  );
  await assert.rejects(client.chat.completions.create({ model: "second", messages }), NotFoundError);
  const wrong = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "sk-roost-wrong", maxRetries: 0 });
  await assert.rejects(wrong.models.list(), AuthenticationError);

  const provider = createOpenAICompatible({ name: "roost", baseURL: `${gateway.url}/v1`, apiKey, includeUsage: true });
  const streamed = streamText({ model: provider.chatModel("first"), prompt: "hi" });
  assert.equal(await streamed.text, "hello");
  assert.equal((await streamed.totalUsage).totalTokens, 15);
});

test("another Host, an oversized body and headers of two lines reach no model", async () => {
  const { port } = gateway;
  const status = await new Promise<number>((resolve) => {
    const headers = { host: "evil.example", "content-type": "application/json", authorization: `Bearer ${testToken}` };
    httpRequest({ port, host: "127.0.0.1", method: "POST", path: "/v1/chat/completions", headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    }).end(say("first"));
  });
  assert.equal(status, 403);
  const raw = (text: string) =>
    new Promise<string>((resolve) => {
      let answer = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(text));
      socket.on("data", (part) => {
        answer += part.toString();
        socket.end();
      });
      socket.on("close", () => resolve(answer));
      socket.on("error", () => undefined);
    });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${testToken}\r\ncontent-type: application/json\r\n`;
  assert.match(await raw(`${head}content-length: 99999999\r\n\r\n{`), /^HTTP\/1.1 413 /);
  assert.match(await raw(`${head}openai-beta: a\rx-injected: b\r\ncontent-length: 2\r\n\r\n{}`), /^HTTP\/1.1 400 /);
  assert.equal(first.calls.length, 0);
});
