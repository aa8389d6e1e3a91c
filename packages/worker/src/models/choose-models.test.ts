import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock, silentLogger } from "@roost/base";
import type { ProviderConfig } from "@roost/agent";
import { Settings } from "@roost/memory/settings";
import { createModelsFor, preferModel } from "./choose-models.ts";

const wire = { kind: "openai-compatible" as const, baseUrl: "http://127.0.0.1:1/v1" };
const providers: ProviderConfig[] = [
  { ...wire, id: "house", model: "small", price: { inputUsd: 1, outputUsd: 2 } },
  { ...wire, id: "cloud", model: "large" },
];

test("preferModel() puts first the provider of this id or model, with the others behind it", () => {
  for (const name of ["cloud", "large"]) {
    assert.deepEqual(preferModel(providers, name), [providers[1], providers[0]]);
  }
  assert.deepEqual(preferModel(providers, "small"), providers);
});

test("preferModel() asks the providers in order for a model that none is configured with, at no known price", () => {
  const [first, second, ...others] = preferModel(providers, "tiny");
  assert.deepEqual(first, { ...wire, id: "house:tiny", model: "tiny" });
  assert.deepEqual(second, { ...wire, id: "cloud:tiny", model: "tiny" });
  assert.deepEqual(others, providers);
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
