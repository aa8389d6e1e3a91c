import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { rehearsalProvider, type ProviderConfig } from "@roost/agent";
import { createFakeClock } from "@roost/base";
import { createModelNames } from "./create-model-names.ts";

async function serve(context: TestContext, body: string, { status = 200, type = "application/json" } = {}) {
  const server = createServer((_request, response) => {
    asked.count += 1;
    response.writeHead(status, { "content-type": type }).end(body);
  }).listen(0, "127.0.0.1");
  const asked = { count: 0 };
  await once(server, "listening");
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const provider = {
    kind: "openai-compatible",
    id: "local",
    model: "small",
    baseUrl: `http://127.0.0.1:${port}/v1`,
  } as const;
  return { provider, asked };
}

test("createModelNames() knows what is configured and what the server lists, asked once a minute", async (context) => {
  const { provider, asked } = await serve(
    context,
    JSON.stringify({ data: [{ id: "large" }, { id: 7 }, { id: "small" }] }),
  );
  const clock = createFakeClock();
  const names = createModelNames([provider], clock);
  assert.deepEqual((await names())?.names, ["local", "small", "large"]);
  await names();
  assert.equal(asked.count, 1);
  clock.advance(60_000);
  await names();
  assert.equal(asked.count, 2);
});

test("createModelNames() knows nothing for sure in a rehearsal, and while the server gives no list", async (context) => {
  const list = JSON.stringify({ data: [{ id: "large" }] });
  const unsure = [
    await serve(context, list, { status: 401 }),
    await serve(context, list, { status: 500 }),
    await serve(context, "<html>", { type: "text/html" }),
    await serve(context, "{}"),
    await serve(context, list.padEnd(9_000_000)),
  ].map(({ provider }) => provider);
  const gone = { ...unsure[0]!, baseUrl: "http://127.0.0.1:1/v1" };
  for (const [index, provider] of [...unsure, gone, rehearsalProvider()].entries())
    assert.equal(await createModelNames([provider], createFakeClock())(), undefined, `${index}`);
});

test("createModelNames() asks OpenRouter where no other address is given", async () => {
  const asked: unknown[] = [];
  const json = async (...request: unknown[]) => {
    asked.push(request);
    return { data: [{ id: "a/large" }] };
  };
  const provider = { kind: "openrouter", id: "openrouter", model: "openrouter/auto", apiKey: "k" } as const;
  const names = await createModelNames([provider], createFakeClock(), { json })();
  assert.deepEqual(names?.names, ["openrouter", "openrouter/auto", "a/large"]);
  assert.deepEqual(asked, [["https://openrouter.ai/api/v1/models", { apiKey: "k" }]]);
});

const taken: [name: string, listed: string][] = [
  ["qwen3", "qwen3:latest"],
  ["Qwen3:latest", "qwen3:latest"],
  ["library/qwen3", "qwen3:latest"],
  ["hf.co/unsloth/Qwen3-GGUF", "hf.co/unsloth/Qwen3-GGUF:latest"],
  ["meta-llama/llama-3.3-70b:nitro", "meta-llama/llama-3.3-70b"],
  ["deepseek/deepseek-r1:floor", "deepseek/deepseek-r1:free"],
  ["deepseek/deepseek-r1:free", "deepseek/deepseek-r1:free"],
  ["gemini-2.5-flash", "models/gemini-2.5-flash"],
  ["openai/gpt-5", "openai/*"],
];
test("createModelNames() takes a name as its server would, of later providers too", async () => {
  const providers = ["first", "second"].map((id) => {
    return { kind: "openai-compatible", id, model: `${id}-model`, baseUrl: `http://${id}/v1` } as const;
  });
  const namesWith = async (entries: object[], all: ProviderConfig[] = providers) => {
    const json = async (url: string) => ({ data: url.startsWith("http://first") ? [{ id: "other" }] : entries });
    return await createModelNames(all, createFakeClock(), { json })();
  };
  for (const [name, listed] of taken) assert.equal((await namesWith([{ id: listed }]))?.takes(name), true, name);
  const names = await namesWith([{ id: "qwen3:8b" }, { id: "a/large" }, { id: "models/x" }]);
  for (const name of ["qwen3", "qwen3:4b", "large", "b/large", "a/large:8b", ""])
    assert.equal(names?.takes(name), false, name);
  for (const name of ["second", "second-model", "other"]) assert.equal(names?.takes(name), true, name);
  assert.equal(await namesWith([{ id: "x.gguf", owned_by: "llamacpp" }]), undefined, "it answers to any name");
  const azure = { ...providers[1]!, baseUrl: "https://me.openai.azure.com/openai/v1" };
  assert.equal(await namesWith([{ id: "gpt-5" }], [azure]), undefined, "deployments have names of their own");
});
