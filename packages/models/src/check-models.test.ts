import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearsalProvider, type ProviderConfig } from "@roost/agent";
import { startScriptedModelServer, type ScriptedReply } from "@roost/agent/testing";
import { silentLogger, systemClock } from "@roost/base";
import { readSpend, setBudgets } from "@roost/kernel";
import { createTestKernel } from "@roost/kernel/testing";
import { checkModels } from "./check-models.ts";

const rows: [model: string, reply: ScriptedReply, state: string, text: RegExp][] = [
  ["small", "OK", "answers", /^answered in /],
  [
    "thinking",
    {
      status: 400,
      error: { message: "Could not finish the message because max_tokens or model output limit was reached" },
    },
    "answers",
    /^answered in /,
  ],
  [
    "wrong-key",
    { status: 401, error: { message: "Incorrect API key provided" } },
    "fails",
    /^HTTP 401: Incorrect API key.*check its key/,
  ],
  [
    "gone",
    { status: 404, error: { message: "The model `gone` does not exist" } },
    "fails",
    /HTTP 404.*check the name of the model/,
  ],
  ["loading", { stall: "before_headers" }, "silent", /sent nothing for 50ms/],
];

test("checkModels() asks each model for one token, within the caps, and says what is wrong", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using server = await startScriptedModelServer({
    script: ({ body }) => rows.find(([model]) => model === body.model)![1],
  });
  const providers = rows.map(([model]): ProviderConfig => {
    return { kind: "openai-compatible", id: model, baseUrl: server.url, model, price: { inputUsd: 1, outputUsd: 1 } };
  });
  const options = { clock: systemClock, logger: silentLogger };
  const answering = providers.slice(0, -1);
  const checked = [
    ...(await checkModels(kernel, [...answering, rehearsalProvider()], options)),
    ...(await checkModels(kernel, providers.slice(-1), { ...options, askMsMax: 50 })),
  ];
  for (const [index, [model, , state, text]] of rows.entries()) {
    const { name, ...found } = checked[index]!;
    assert.deepEqual([name, found.state], [model, state]);
    assert.match(found.text, text);
  }
  assert.equal(checked.length, rows.length);
  assert.equal(server.requests[0]?.body["max_tokens"], 1);
  const [spent] = await readSpend(kernel, { scopes: ["all"], windows: ["day"] });
  assert.ok((spent?.tokens ?? 0) > 0);

  await setBudgets(kernel, { caps: [{ scope: "all", window: "day", tokensMax: 1 }] });
  const [refused] = await checkModels(kernel, providers.slice(0, 1), options);
  assert.deepEqual([refused?.state, server.requests.length], ["fails", rows.length]);
  assert.match(refused?.text ?? "", /cap of 1 tokens/);
});
