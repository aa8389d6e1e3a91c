import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, systemClock } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { startScriptedModelServer } from "../testing.ts";
import { request } from "./ask-once.fixture.ts";
import { createListedPrices } from "./listed-prices.ts";
import { openModels } from "./open-models.ts";

test("openModels() reckons what OpenRouter's cache saved by the price that it lists, and asks for that only where something was saved", async () => {
  const usage = { prompt_tokens: 1_000, completion_tokens: 10, total_tokens: 1_010, cost: 0.001 };
  let cached = 0;
  const pricing = { prompt: "0.000003", completion: "0.000015", input_cache_read: "0.0000003" };
  await using server = await startScriptedModelServer({
    script: () => ({ text: "Yes.", usage: { ...usage, prompt_tokens_details: { cached_tokens: cached } } }),
    routes: {
      "/v1/models": {
        data: [
          { id: "anthropic/m1", pricing },
          { id: "x/auto", pricing: { prompt: "-1", completion: "-1" } },
        ],
      },
    },
  });
  const models = openModels({
    providers: [{ kind: "openrouter", id: "or", apiKey: "k", baseUrl: server.url, model: "anthropic/m1:nitro" }],
    clock: systemClock,
    logger: silentLogger,
  });
  const savedBy = async () => {
    const outcome = await models.call(request, { signal: new AbortController().signal, step: "model#1" });
    assert.ok(outcome.kind === "message");
    return outcome.savedUsd;
  };
  assert.deepEqual([await savedBy(), server.otherPaths], [undefined, []]);
  cached = 800;
  await savedBy();
  await until(async () => (await savedBy()) !== undefined);
  assert.equal((await savedBy())?.toFixed(9), ((800 * (3 - 0.3)) / 1e6).toFixed(9));
  assert.deepEqual(server.otherPaths, ["/v1/models"], "once");
});

test("openModels() asks a server for its list once for all that share what is known of prices, also where it lists none", async () => {
  const usage = { prompt_tokens: 1_000, completion_tokens: 10, total_tokens: 1_010, cost: 0.001 };
  await using server = await startScriptedModelServer({
    script: () => ({ text: "Yes.", usage: { ...usage, prompt_tokens_details: { cached_tokens: 800 } } }),
    routes: { "/v1/models": { data: [{ id: "m1" }] } },
  });
  const listedPrices = createListedPrices();
  const open = (model: string) =>
    openModels({
      providers: [{ kind: "openrouter", id: "or", apiKey: "k", baseUrl: server.url, model }],
      clock: systemClock,
      logger: silentLogger,
      listedPrices,
    });
  const opened = [open("m1"), open("m2"), open("m1")];
  const callAll = async () => {
    for (const models of opened) await models.call(request, { signal: new AbortController().signal, step: "model#1" });
  };
  await callAll();
  await until(() => server.otherPaths.length > 0);
  await callAll();
  await callAll();
  assert.deepEqual(server.otherPaths, ["/v1/models"]);
});
