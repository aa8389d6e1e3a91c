import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock, silentLogger } from "@roost/base";
import type { ProviderConfig } from "@roost/agent";
import { startScriptedModelServer } from "@roost/agent/testing";
import { until } from "@roost/base/testing/until";
import { Settings } from "@roost/memory/settings";
import { createModelsFor, preferModels } from "./choose-models.ts";

const wire = { kind: "openai-compatible" as const, baseUrl: "http://127.0.0.1:1/v1" };
const providers: ProviderConfig[] = [
  { ...wire, id: "house", model: "small", price: { inputUsd: 1, outputUsd: 2 } },
  { ...wire, id: "cloud", model: "large" },
];

test("preferModels() puts first the provider of this id or model, with the others behind it", () => {
  for (const name of ["cloud", "large"]) {
    assert.deepEqual(preferModels(providers, [name]), [providers[1], providers[0]]);
  }
  assert.deepEqual(preferModels(providers, ["small"]), providers);
});

test("preferModels() asks the providers in order for a model that none is configured with, at no known price", () => {
  const [first, second, ...others] = preferModels(providers, ["tiny"]);
  assert.deepEqual(first, { ...wire, id: "house:tiny", model: "tiny" });
  assert.deepEqual(second, { ...wire, id: "cloud:tiny", model: "tiny" });
  assert.deepEqual(others, providers);
});

test("preferModels() tries an agent's fallbacks in their order behind its model, each once, and the others behind them", async () => {
  const three: ProviderConfig[] = [...providers, { ...wire, id: "far", model: "huge" }];
  const ids = (...names: string[]) => preferModels(three, names).map(({ id }) => id);
  assert.deepEqual(ids("huge", "large"), ["far", "cloud", "house"]);
  assert.deepEqual(ids("cloud", "large", "small"), ["cloud", "house", "far"]);
  assert.deepEqual(ids("huge", "tiny"), ["far", "house:tiny", "cloud:tiny", "far:tiny", "house", "cloud"]);
  const settings = Settings.parse({});
  const modelsFor = createModelsFor({ providers: three, settings, clock: createFakeClock(0), logger: silentLogger });
  const agent = { model: "huge", fallbacks: ["large"] };
  const run = { input: {}, sessionKind: "cron" as const };
  const chosen = async (...of: Parameters<typeof modelsFor>) =>
    (await modelsFor(...of).describe()).providers.map(({ model }) => model);
  assert.deepEqual(await chosen(run, agent), ["huge", "large", "small"]);
  assert.deepEqual(await chosen({ ...run, input: { model: "small" } }, agent), ["small", "large", "huge"]);
});

test("createModelsFor() goes by the job, then the heartbeat, then the agent, then the list", async () => {
  const settings = Settings.parse({ heartbeat: { model: "tiny" } });
  const modelsFor = createModelsFor({ providers, settings, clock: createFakeClock(0), logger: silentLogger });
  const firstFor = async (...run: Parameters<typeof modelsFor>) =>
    (await modelsFor(...run).describe()).providers[0]!.model;
  const run = { input: {}, sessionKind: "cron" as const };
  const agent = { model: "large" };
  assert.equal(await firstFor(run, agent), "large");
  assert.equal(await firstFor({ ...run, input: { model: "small" } }, agent), "small");
  assert.equal(await firstFor({ ...run, sessionKind: "heartbeat" }, agent), "tiny");
  assert.equal(await firstFor(run, {}), "small");
  assert.equal(modelsFor(run, agent), modelsFor(run, agent));
});

test("createModelsFor() asks a server what it charges once, whichever models runs choose there", async () => {
  const usage = { prompt_tokens: 1_000, completion_tokens: 1, total_tokens: 1_001, cost: 0.001 };
  await using server = await startScriptedModelServer({
    script: () => ({ text: "Yes.", usage: { ...usage, prompt_tokens_details: { cached_tokens: 800 } } }),
    routes: { "/v1/models": { data: [] } },
  });
  const modelsFor = createModelsFor({
    providers: [{ kind: "openrouter", id: "or", apiKey: "k", baseUrl: server.url, model: "m1" }],
    settings: Settings.parse({}),
    clock: createFakeClock(0),
    logger: silentLogger,
  });
  const run = { input: {}, sessionKind: "cron" as const };
  const call = async (agent: Parameters<typeof modelsFor>[1]) => {
    const request = {
      sections: [],
      messages: [{ role: "user" as const, text: "Hello" }],
      tools: [],
      outputTokensMax: 9,
    };
    const outcome = await modelsFor(run, agent).call(request, {
      signal: new AbortController().signal,
      step: "model#1",
    });
    assert.equal(outcome.kind, "message");
  };
  await call({});
  await until(() => server.otherPaths.length > 0);
  for (const model of ["m2", "m3", "m2"]) await call({ model });
  assert.deepEqual(server.otherPaths, ["/v1/models"]);
});
