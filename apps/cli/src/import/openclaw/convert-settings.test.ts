import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSettings } from "@roost/memory/settings";
import { convertSettings } from "./convert-settings.ts";
import type { OpenClawConfig } from "./read-config.ts";

const provider = (fields: Record<string, unknown>) => ({
  models: { providers: { x: { baseUrl: "http://a/v1", ...fields } } },
});
const beat = (fields: Record<string, unknown>) => ({ agents: { defaults: { heartbeat: fields } } });
const mine = { kind: "openai-compatible", id: "x-m", model: "m", baseUrl: "http://a/v1" };
const long = "a".repeat(60);

const converted: [what: string, config: OpenClawConfig, settings: object, left?: RegExp][] = [
  ["a number of minutes", beat({ every: 45 }), { "heartbeat.every": "45m" }],
  ["half an hour", beat({ every: "0.5h" }), { "heartbeat.every": "30m" }],
  ["no duration", beat({ every: "often" }), {}, /heartbeat\.every: "often"/],
  [
    "a reference to a key",
    provider({ apiKey: { source: "env", id: "MY_KEY" }, models: ["m"] }),
    { models: [{ ...mine, apiKey: "env:MY_KEY" }] },
  ],
  [
    "a key that another program keeps",
    provider({ apiKey: { source: "exec", id: "x" }, models: ["m"] }),
    {},
    /its key stays there/,
  ],
  [
    "sizes and prices that are none",
    provider({ models: [{ id: "m", contextWindow: 0, maxTokens: -1, cost: { input: -1, output: 2 } }] }),
    { models: [mine] },
  ],
  [
    "sizes that are not whole",
    provider({ models: [{ id: "m", contextWindow: 9_000.5, maxTokens: 1e9 }] }),
    { models: [{ ...mine, contextTokensMax: 9_000, outputTokensMax: 1_000_000 }] },
  ],
  [
    "a model without an id",
    provider({ models: [{ name: "m" }, { id: "m" }] }),
    { models: [mine] },
    /one of its models has no id/,
  ],
  [
    "an address from the environment",
    provider({ baseUrl: "${HOST}/v1", models: ["m"] }),
    {},
    /its baseUrl is no address/,
  ],
];
test("convertSettings() takes what is meant, and one wrong value costs itself only", () => {
  for (const [what, config, expected, says] of converted) {
    const { settings, left } = convertSettings(config);
    assert.deepEqual(Object.fromEntries(settings.map(({ path, value }) => [path.join("."), value])), expected, what);
    assert.match(left.join("; "), says ?? /^$/, what);
  }
});

test("convertSettings() gives models whose ids would be the same ids of their own, as roost.yaml takes them", () => {
  const { settings } = convertSettings(provider({ models: ["m/1", "m-1", `${long}1`, `${long}2`, "千问"] }));
  const models = settings[0]?.value as { id: string }[];
  assert.equal(new Set(models.map(({ id }) => id)).size, 5);
  assert.equal(parseSettings(JSON.stringify({ models }), "roost.yaml").models?.length, 5);
});
