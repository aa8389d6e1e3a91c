import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@roost/base";
import { startScriptedModelServer } from "../testing.ts";
import { createProbe } from "../wire/probe.ts";
import { discoverModels, type DiscoveryConfig } from "./discover-models.ts";
import { probeContexts, tellSmallContexts } from "./small-contexts.ts";

const nowhere = "http://127.0.0.1:9";

async function discover(config: DiscoveryConfig, localUrls: { ollama?: string; llamaCpp?: string } = {}) {
  const { providers, source, notes } = await discoverModels({
    config,
    localUrls: { ollama: nowhere, llamaCpp: nowhere, ...localUrls },
  });
  const [provider] = providers;
  assert.equal(providers.length, 1);
  return {
    provider: provider as {
      id: string;
      kind: string;
      model?: string;
      baseUrl?: string;
      apiKey?: string;
      contextTokensMax?: number | undefined;
      input?: string[];
    },
    source,
    notes: notes.join("; "),
  };
}

async function withServer(routes: Record<string, JsonValue>, work: (url: string, paths: string[]) => Promise<void>) {
  await using server = await startScriptedModelServer({
    script: () => "hi",
    models: ["text-embedding-3", "chat-1"],
    routes,
  });
  await work(server.url.replace("/v1", ""), server.otherPaths);
}

const ollamaModel = (name: string, modifiedAt: string) => ({
  name,
  model: name,
  modified_at: modifiedAt,
  size: 1,
  details: { family: "qwen3" },
});
const ollama = (models: JsonValue[], show: JsonValue, running: JsonValue[] = []): Record<string, JsonValue> => ({
  "/api/version": { version: "0.12.6" },
  "/api/tags": { models },
  "/api/ps": { models: running },
  "/api/show": show,
});
const ollamaOnItsPort = {
  id: "local",
  kind: "openai-compatible",
  baseUrl: "http://127.0.0.1:11434/v1",
  model: "m",
} as const;
const chats = { capabilities: ["completion", "tools"], details: {} };

test("discoverModels() takes ROOST_MODEL_URL first", async () => {
  const { provider, source } = await discover({
    ROOST_MODEL_URL: "http://127.0.0.1:1234/v1/",
    ROOST_MODEL: "m",
    ROOST_MODEL_KEY: "k",
    OPENROUTER_API_KEY: "o",
    OPENAI_API_KEY: "a",
  });
  assert.equal(source, "ROOST_MODEL_URL");
  assert.deepEqual(
    [provider.kind, provider.baseUrl, provider.model, provider.apiKey],
    ["openai-compatible", "http://127.0.0.1:1234/v1", "m", "k"],
  );
});

test("discoverModels() says whether a server lists no model or does not answer at all", async () => {
  await using empty = await startScriptedModelServer({ script: () => "hi", models: [] });
  await assert.rejects(discover({ ROOST_MODEL_URL: empty.url }), {
    code: "invalid_input",
    message: /does not list a model/,
  });
  await assert.rejects(discover({ ROOST_MODEL_URL: `${nowhere}/v1` }), {
    message: /does not answer with a list of models.*start the/,
  });
});

test("discoverModels() asks the server for its models when ROOST_MODEL is not set, and passes embeddings over", async () => {
  await withServer({}, async (url) => {
    const { provider, notes } = await discover({ ROOST_MODEL_URL: `${url}/v1` });
    assert.equal(provider.model, "chat-1");
    assert.match(notes, /chat-1 is the first of 2/);
  });
});

test("discoverModels() asks a configured server for its model's context", async () => {
  const list = (entry: object) => ({ "/v1/models": { data: [{ id: "m", ...entry }] } });
  const contextOf = async (routes: Record<string, JsonValue>) => {
    let found: number | undefined;
    await withServer(routes, async (url) => {
      const { provider } = await discover({ ROOST_MODEL_URL: `${url}/v1`, ROOST_MODEL: "m" });
      found = provider.contextTokensMax;
    });
    return found;
  };
  assert.equal(await contextOf(list({ max_model_len: 8192, owned_by: "vllm" })), 8192);
  assert.equal(await contextOf(list({ context_window: 131_072 })), 131_072);
  assert.equal(await contextOf(list({})), undefined);
  const props = { "/props": { default_generation_settings: { n_ctx: 4096 } } };
  assert.equal(await contextOf({ ...list({ owned_by: "llamacpp" }), ...props }), 4096);
  // By another name than its list has, a file of weights say: llama.cpp takes any.
  assert.equal(await contextOf({ ...list({ id: "/models/m.gguf", owned_by: "llamacpp" }), ...props }), 4096);
  const loaded = ollama([ollamaModel("m", "2026-01-01")], chats, [{ name: "m", context_length: 16_384 }]);
  assert.equal(await contextOf({ ...list({ owned_by: "library" }), ...loaded }), 16_384);
});

test("discoverModels() refuses what cannot be right, and says what to do", async () => {
  for (const address of ["localhost:1234", "127.0.0.1:1234/v1", "models.example/v1"])
    await assert.rejects(discover({ ROOST_MODEL_URL: address }), {
      code: "invalid_input",
      message: `ROOST_MODEL_URL is "${address}"; it must be an http or https URL such as http://${address}`,
    });
  await assert.rejects(discover({ ROOST_MODEL_URL: "nonsense" }), /such as http:\/\/127\.0\.0\.1:11434\/v1/);
  await assert.rejects(discover({ ROOST_MODEL_URL: `${nowhere}/v1` }), /set ROOST_MODEL to the model's name/);
});

test("discoverModels() takes OPENROUTER_API_KEY before OPENAI_API_KEY, with default models that can be set", async () => {
  const router = await discover({ OPENROUTER_API_KEY: "o", OPENAI_API_KEY: "a" });
  assert.deepEqual(
    [router.source, router.provider.kind, router.provider.model],
    ["OPENROUTER_API_KEY", "openrouter", "openrouter/auto"],
  );
  const named = await discover({ OPENROUTER_API_KEY: "o", ROOST_MODEL: "x/y" });
  assert.equal(named.provider.model, "x/y");
  const openai = await discover({ OPENAI_API_KEY: "a", OPENROUTER_API_KEY: "" });
  assert.deepEqual(
    [openai.source, openai.provider.baseUrl, openai.provider.model],
    ["OPENAI_API_KEY", "https://api.openai.com/v1", "gpt-5-mini"],
  );
});

test("discoverModels() finds Ollama and chooses the newest model that calls tools", async () => {
  await withServer(
    ollama([ollamaModel("old", "2026-01-01"), ollamaModel("new", "2026-02-01")], {
      ...chats,
      parameters: "num_ctx    16384\nstop  x",
    }),
    async (url) => {
      const { provider, source } = await discover({}, { ollama: url });
      assert.equal(source, "ollama");
      assert.deepEqual([provider.model, provider.baseUrl, provider.contextTokensMax], ["new", `${url}/v1`, 16384]);
    },
  );
});

test("discoverModels() prefers the model that Ollama has loaded, with the context it was loaded with", async () => {
  const models = [ollamaModel("new", "2026-02-01"), ollamaModel("loaded", "2026-01-01")];
  await withServer(ollama(models, chats, [{ name: "loaded", context_length: 32768 }]), async (url) => {
    const { provider } = await discover({}, { ollama: url });
    assert.deepEqual([provider.model, provider.contextTokensMax], ["loaded", 32768]);
  });
});

test("discoverModels() says so when Ollama's context is small, its model cannot call tools, or the named model is missing", async () => {
  await withServer(ollama([ollamaModel("small", "2026-02-01")], { capabilities: ["completion"] }), async (url) => {
    const { provider, notes } = await discover({}, { ollama: url });
    assert.equal(provider.contextTokensMax, 4096);
    assert.deepEqual(provider.input, ["text"], "it does not see");
    assert.match(notes, /cannot call tools.*OLLAMA_CONTEXT_LENGTH/);
    const missing = await discover({ ROOST_MODEL: "other" }, { ollama: url });
    assert.equal(missing.source, "rehearsal");
    assert.match(missing.notes, /ollama pull other/);
  });
});

test("discoverModels() passes an Ollama with nothing but embeddings over", async () => {
  await withServer(ollama([ollamaModel("embed", "2026-02-01")], { capabilities: ["embedding"] }), async (url) => {
    assert.equal((await discover({}, { ollama: url })).source, "rehearsal");
  });
});

test("discoverModels() finds llama.cpp with its context", async () => {
  const routes = {
    "/props": { default_generation_settings: { n_ctx: 8192 }, modalities: { vision: true, audio: false } },
    "/v1/models": { data: [{ id: "/models/qwen.gguf", owned_by: "llamacpp" }] },
  };
  await withServer(routes, async (url) => {
    const { provider, source, notes } = await discover({}, { llamaCpp: url });
    assert.equal(source, "llama.cpp");
    assert.deepEqual([provider.model, provider.contextTokensMax], ["/models/qwen.gguf", 8192]);
    assert.deepEqual(provider.input, ["text", "image"]);
    assert.match(notes, /^qwen\.gguf at llama\.cpp/);
    assert.doesNotMatch(notes, /too little/);
    routes["/props"].default_generation_settings.n_ctx = 2048;
    const small = await discover({}, { llamaCpp: url });
    assert.match(small.notes, /its context is 2048 tokens, which is too little .* llama-server -c 32768/);
  });
});

test("discoverModels() does not take another server on these ports for one of them", async () => {
  await withServer({ "/api/version": { version: 3 }, "/api/tags": { tags: [] } }, async (url, paths) => {
    const { source } = await discover({}, { ollama: url, llamaCpp: url });
    assert.equal(source, "rehearsal");
    assert.ok(paths.includes("/props"));
  });
});

test("discoverModels() rehearses when there is nothing", async () => {
  const { provider, source, notes } = await discover({});
  assert.equal(source, "rehearsal");
  assert.equal(provider.id, "rehearsal");
  assert.match(notes, /replies are rehearsed/);
});

test("createProbe() gives up on a silent server", async () => {
  const probe = createProbe({
    timeoutMs: 5,
    fetch: (_url, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))),
  });
  // Something must keep the process alive while the unreferenced time limit runs.
  const alive = setInterval(() => {}, 1000);
  assert.equal(await probe.json("http://127.0.0.1:9/"), undefined);
  clearInterval(alive);
});

test("createProbe() stops reading an answer that is too long", async () => {
  let mebibyteCount = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      controller.enqueue(new Uint8Array(1024 * 1024).fill(32));
      if ((mebibyteCount += 1) === 32) controller.close();
    },
  });
  const fetch = async () => new Response(body, { headers: { "content-type": "application/json" } });
  assert.equal(await createProbe({ fetch }).json("http://127.0.0.1:9/"), undefined);
  assert.ok(mebibyteCount < 10, `${mebibyteCount} MiB`);
});

test("discoverModels() uses OpenRouter's own package for an address at OpenRouter", async () => {
  const { provider, source } = await discover({
    ROOST_MODEL_URL: "https://openrouter.ai/api/v1",
    ROOST_MODEL: "x/y",
    ROOST_MODEL_KEY: "k",
  });
  assert.deepEqual([source, provider.kind, provider.model], ["ROOST_MODEL_URL", "openrouter", "x/y"]);
});

test("probeContexts() asks models on this machine how much they read, and a small one is told whichever it is", async () => {
  const loaded = ollama([ollamaModel("m", "2026-01-01")], chats, [{ name: "m", context_length: 4096 }]);
  await withServer({ "/v1/models": { data: [{ id: "m", owned_by: "library" }] }, ...loaded }, async (url, paths) => {
    const local = { kind: "openai-compatible", baseUrl: `${url}/v1`, model: "m" } as const;
    const set = { ...local, id: "set", contextTokensMax: 16_384 };
    const far = { ...local, id: "far", baseUrl: "https://models.example/v1" };
    const providers = await probeContexts([set, { ...local, id: "second" }, far]);
    assert.deepEqual(
      providers.map(({ contextTokensMax }) => contextTokensMax),
      [16_384, 4096, undefined],
    );
    assert.equal(paths.filter((path) => path === "/api/ps").length, 1, "what is set is not asked for");
    const [told, ...more] = tellSmallContexts(providers);
    assert.match(told ?? "", /^the context of second is 4096 tokens, which is too little .*, and restart Roost$/);
    assert.deepEqual(more, []);
  });
  assert.match(
    tellSmallContexts([{ ...ollamaOnItsPort, contextTokensMax: 2048 }])[0] ?? "",
    /^its .*OLLAMA_CONTEXT_LENGTH/,
  );
});
