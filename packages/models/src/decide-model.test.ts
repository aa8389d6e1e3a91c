import assert from "node:assert/strict";
import { test } from "node:test";
import { discoverModels, type Discovery } from "@roost/agent";
import { RoostError, silentLogger } from "@roost/base";
import { createTestKernel } from "@roost/kernel/testing";
import { decideModel, openModelDecisions } from "./decide-model.ts";

const logger = silentLogger;
const ollama: Discovery = {
  providers: [{ kind: "openai-compatible", id: "ollama", baseUrl: "http://127.0.0.1:1/v1", model: "small" }],
  source: "ollama",
  notes: ["small at Ollama"],
};

async function openDecided() {
  const opened = await createTestKernel();
  await openModelDecisions(opened.kernel);
  return opened;
}

test("decideModel() rehearses in every process of a start in which one had to, whatever the others would find", async () => {
  await using opened = await openDecided();
  const refused = async () => {
    throw new RoostError("invalid_input", "ROOST_MODEL is not set");
  };
  const first = await decideModel(opened.kernel, { config: {}, startId: "s1", logger, discover: refused });
  assert.deepEqual([first.mode, first.name], ["rehearsal", null]);
  assert.match(first.problem ?? "", /ROOST_MODEL is not set/);
  const another = await opened.openAnother();
  const second = await decideModel(another, { config: {}, startId: "s1", logger, discover: async () => ollama });
  assert.equal(second.mode, "rehearsal");
  assert.ok(second.providers.every((provider) => provider.kind === "language-model" && provider.isRehearsal === true));
});

test("decideModel() comes to one decision when processes ask at the same time", async () => {
  await using opened = await openDecided();
  const another = await opened.openAnother();
  const none = async (): Promise<Discovery> => ({ providers: [], source: "rehearsal", notes: [] });
  const decisions = await Promise.all([
    decideModel(opened.kernel, { config: {}, startId: "s1", logger, discover: async () => ollama }),
    decideModel(another, { config: {}, startId: "s1", logger, discover: none }),
  ]);
  assert.equal(decisions[0].mode, decisions[1].mode);
  assert.equal(decisions[0].name, decisions[1].name);
});

test("decideModel() decides anew at the next start, and a process without a supervisor takes the newest decision", async () => {
  await using opened = await openDecided();
  const none = async (): Promise<Discovery> => ({ providers: [], source: "rehearsal", notes: [] });
  await decideModel(opened.kernel, { config: {}, startId: "s1", logger, discover: none });
  await opened.clock.advance(1_000);
  const next = await decideModel(opened.kernel, { config: {}, startId: "s2", logger, discover: async () => ollama });
  assert.equal(next.name, "small");
  const alone = await decideModel(opened.kernel, { config: {}, startId: undefined, logger, discover: none });
  assert.equal(alone.name, "small");
});

test("decideModel() records no key, and says which one a process lacks", async () => {
  await using opened = await openDecided();
  const config = { ROOST_MODEL_URL: "http://me:secret@127.0.0.1:1/v1", ROOST_MODEL: "m", ROOST_MODEL_KEY: "secret" };
  const options = { startId: "s1", logger, discover: discoverModels };
  const { providers } = await decideModel(opened.kernel, { ...options, config });
  assert.ok(providers[0]?.kind === "openai-compatible");
  assert.deepEqual([providers[0].apiKey, providers[0].baseUrl], ["secret", "http://me:secret@127.0.0.1:1/v1"]);
  assert.doesNotMatch(JSON.stringify(await opened.database.query("select * from models.decision")), /secret/);
  const { ROOST_MODEL_KEY: _key, ...without } = config;
  await assert.rejects(decideModel(opened.kernel, { ...options, config: without }), {
    code: "invalid_input",
    message: /set ROOST_MODEL_KEY here too/,
  });
  for (const [startId, address, shown] of [
    ["s2", "localhost:8899/v1", /is "localhost:8899\/v1";.*such as http:\/\/localhost:8899\/v1$/],
    ["s3", "me:secret@attic:8899/v1?key=secret", /is "attic:8899\/v1";/],
  ] as const) {
    const decided = await decideModel(opened.kernel, { ...options, startId, config: { ROOST_MODEL_URL: address } });
    assert.match(decided.problem ?? "", shown);
    assert.doesNotMatch(decided.problem ?? "", /secret/);
  }
});
