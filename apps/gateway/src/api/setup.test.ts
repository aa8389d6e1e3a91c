import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { createTestGateway } from "../testing/create-test-gateway.ts";

const yaml = `# Mine.
timeZone: Europe/Berlin # where I live
budgets:
  day: { usdMax: 2 }
`;

test("a model is found on this machine, tried, added with its key in a file of its own, and removed again", async () => {
  await using server = await startScriptedModelServer({
    script: ({ body }) => (body.model === "broken" ? { status: 401, error: { message: "bad key", code: "x" } } : "OK"),
    routes: {
      "/api/v0/models": {
        data: [
          { id: "embed", type: "embeddings", state: "loaded" },
          { id: "cold", type: "llm", state: "not-loaded" },
          { id: "warm", type: "llm", state: "loaded", loaded_context_length: 16_384 },
        ],
      },
    },
  });
  const localUrls = { lmStudio: server.url.replace("/v1", "") };
  await using gateway = await createTestGateway({ files: { "roost.yaml": yaml }, localUrls });
  const { client, homeDir } = gateway;

  const [found, ...others] = (await client.findLocalModels()).servers;
  assert.deepEqual(others, []);
  assert.deepEqual(found, {
    name: "LM Studio",
    baseUrl: server.url,
    models: [
      { name: "warm", contextTokensMax: 16_384, tools: null },
      { name: "cold", contextTokensMax: null, tools: null },
    ],
    note: null,
  });

  const secret = "sk-this-is-secret";
  const local = { kind: "openai-compatible", baseUrl: server.url, model: "warm", isFree: true } as const;
  assert.equal((await client.tryModel({ ...local, key: secret })).check.state, "answers");
  const { check } = await client.tryModel({ ...local, model: "broken", key: secret });
  assert.deepEqual(
    [check.state, /HTTP 401|key/i.test(check.text), check.text.includes(secret)],
    ["fails", true, false],
  );
  assert.deepEqual((await client.listModels()).items, [], "a test call keeps nothing");

  const { model } = await client.addModel({ ...local, key: secret, contextTokensMax: 16_384 });
  const second = await client.addModel({ ...local, model: "cold", id: "second" });
  assert.deepEqual(
    (await client.listModels()).items.map(({ id, key, isApplied }) => [id, key, isApplied]),
    [
      ["second", null, false],
      [model.id, model.key, false],
    ],
    "the newest is used first",
  );
  assert.match(model.key ?? "", new RegExp(`^file:.roost/model-${model.id}-[0-9a-f]{8}-key$`));
  const keyFile = join(homeDir, (model.key ?? "").replace("file:", ""));
  assert.deepEqual([await readFile(keyFile, "utf8"), (await stat(keyFile)).mode & 0o777], [`${secret}\n`, 0o600]);
  const text = await readFile(join(homeDir, "roost.yaml"), "utf8");
  assert.ok(text.startsWith(yaml.slice(0, 40)) && !text.includes(secret), text);
  assert.match(text, /price: \{ inputUsd: 0, outputUsd: 0 \}/);
  assert.equal(JSON.stringify([model, await client.getConfig()]).includes(secret), false);

  await assert.rejects(client.addModel({ ...local, id: "second" }), { code: "conflict" });
  await assert.rejects(client.addModel({ kind: "openrouter", model: "x/y" }), { code: "invalid_input" });
  const twice = await Promise.allSettled(["one", "two"].map((key) => client.addModel({ ...local, id: "twin", key })));
  const [kept, refused] = twice.toSorted((a, b) => a.status.localeCompare(b.status));
  assert.deepEqual([kept?.status, refused?.status], ["fulfilled", "rejected"]);
  const names = (await readdir(join(homeDir, ".roost"))).filter((name) => name.startsWith("model-twin"));
  assert.equal(names.length, 1, "of two with one id at once, one is kept, with its own key");
  const won = ["one", "two"][twice.findIndex(({ status }) => status === "fulfilled")];
  assert.equal(await readFile(join(homeDir, ".roost", names[0]!), "utf8"), `${won}\n`);
  await client.removeModel({ id: "twin" });
  await client.removeModel({ id: second.model.id });
  await client.addModel({ ...local, model: "cold", id: "third", keyRef: model.key! });
  await client.removeModel({ id: model.id });
  await assert.rejects(client.removeModel({ id: model.id }), { code: "not_found" });
  assert.equal(await readFile(keyFile, "utf8"), `${secret}\n`, "another model still names it");
  await client.removeModel({ id: "third" });
  await assert.rejects(stat(keyFile), { code: "ENOENT" });
  assert.equal(await readFile(join(homeDir, "roost.yaml"), "utf8"), yaml);

  const events = (await client.listEvents({ limit: 100, topics: ["home"] })).items;
  assert.equal(JSON.stringify(events).includes(secret), false);
});

test("applySettings refuses what would not start, and names are written where they stand", async () => {
  const files = { "USER.md": "# User\n\n- Name: (not told yet)\n- Time zone: UTC\n", "SOUL.md": "# Soul\n\nKind.\n" };
  await using gateway = await createTestGateway({ files });
  const { client, homeDir } = gateway;
  assert.deepEqual(await client.applySettings(), { isRestarting: false });
  await writeFile(join(homeDir, "roost.yaml"), "models: 3\n");
  await assert.rejects(client.applySettings(), { code: "conflict", message: /not applied.*models/ });

  assert.deepEqual(await client.getProfile(), { name: null, agentName: null });
  const told = { name: "Eva $& Lind", agentName: "Wren" };
  assert.deepEqual(await client.setProfile(told), told);
  assert.equal(
    await readFile(join(homeDir, "USER.md"), "utf8"),
    files["USER.md"].replace("(not told yet)", () => told.name),
  );
  assert.equal(await readFile(join(homeDir, "SOUL.md"), "utf8"), "# Soul\n\nI am Wren, a personal agent.\n\nKind.\n");
  assert.equal((await client.setProfile({ agentName: "Rook" })).agentName, "Rook");
  await assert.rejects(client.setProfile({ name: "two\nlines" }), { code: "invalid_input" });
});

test("a cap of the settings is listed with what is spent, changed where it stands, and counts at once", async () => {
  await using gateway = await createTestGateway({ files: { "roost.yaml": yaml } });
  const { client, homeDir } = gateway;
  const day = { window: "day", usdMax: 3.5, tokensMax: 1_000_000, callsMax: null } as const;
  const spent = { costUsd: 0, tokens: 0, calls: 0 };
  assert.deepEqual((await client.changeBudget(day)).budget, { scope: "all", ...day, spent });
  await client.changeBudget({ window: "hour", usdMax: null, tokensMax: null, callsMax: 60 });
  assert.deepEqual(
    (await client.listBudgets()).items.map(({ window, usdMax, callsMax }) => [window, usdMax, callsMax]),
    [
      ["day", 3.5, null],
      ["hour", null, 60],
    ],
  );
  const text = await readFile(join(homeDir, "roost.yaml"), "utf8");
  assert.match(
    text,
    /where I live\nbudgets:\n  day: \{ usdMax: 3.5, tokensMax: 1000000 \}\n  hour: \{ callsMax: 60 \}\n/,
  );
  const none = { usdMax: null, tokensMax: null, callsMax: null };
  assert.equal((await client.changeBudget({ window: "hour", ...none })).budget, null);
  assert.equal((await client.listNotices()).items.length, 0, "no restart is asked for");
});

test("listExampleJobs offers jobs with what a day may cost, and says which are on", async () => {
  await using gateway = await createTestGateway();
  const { client } = gateway;
  const { items } = await client.listExampleJobs();
  assert.deepEqual(
    items.map(({ id, runsPerDay, usdPerDayMax, isOn }) => [id, runsPerDay, usdPerDayMax, isOn]),
    [
      ["evening-notes", 1, 0.05, false],
      ["morning-brief", 1, 0.1, false],
      ["weekly-review", 1, 0.2, false],
    ],
  );
  assert.ok(
    items.every(
      ({ what, text, path, id }) => what.length > 20 && text.includes(`id: ${id}`) && path === `jobs/${id}.yaml`,
    ),
  );
  await client.defineJob({ jobId: "weekly-review", trigger: { kind: "manual" }, prompt: "x" });
  assert.deepEqual(
    (await client.listExampleJobs()).items.map(({ isOn }) => isOn),
    [false, false, true],
  );
});
