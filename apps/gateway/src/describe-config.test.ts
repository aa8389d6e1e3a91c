import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { createTestKernel } from "@roost/worker/testing";
import { parseSettings } from "@roost/memory/settings";
import { readGatewayConfig } from "./config.ts";
import { describeConfig } from "./describe-config.ts";
import { findModel } from "./find-model.ts";

const settings = parseSettings(
  `models:
  - kind: openai-compatible
    id: mine
    model: big
    baseUrl: https://user:hunter2@models.example/v1?key=hunter2
    apiKey: env:MY_KEY
    headers: { x-key: hunter2, x-ref: "env:OTHER" }
notify: { webhook: { url: "https://hooks.example/services/hunter2?t=hunter2" } }
`,
  "roost.yaml",
);

test("describeConfig() never shows a secret, and says which are set", async () => {
  const config = readGatewayConfig({
    ROOST_HOME: "/srv/roost",
    ROOST_MODEL_KEY: "hunter2",
    OPENAI_API_KEY: "hunter2",
    DATABASE_URL: "postgresql://me:hunter2@host/db",
    ROOST_MODEL_URL: "http://me:hunter2@127.0.0.1:9/v1?k=hunter2",
    ROOST_MODEL: "small",
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://me:hunter2@otel.example",
    MY_KEY: "hunter2",
  });
  await using opened = await createTestKernel();
  const logger = silentLogger;
  const { facts: found } = await findModel(opened.kernel, config, {
    isHome: true,
    settings: parseSettings("", "roost.yaml"),
    logger,
  });
  assert.deepEqual([found.mode, found.name], ["live", "small"]);
  const recorded = await opened.database.query("select * from models.decision");
  assert.doesNotMatch(JSON.stringify(recorded), /hunter2/);
  const entries = describeConfig(config, settings, found);
  assert.doesNotMatch(JSON.stringify([entries, found]), /hunter2/);
  const valueOf = (name: string) => entries.find((entry) => entry.name === name);
  assert.deepEqual(valueOf("ROOST_MODEL_KEY"), {
    name: "ROOST_MODEL_KEY",
    value: "(not shown)",
    source: "environment",
    isSecret: true,
  });
  assert.equal(valueOf("OPENROUTER_API_KEY")?.value, null);
  assert.match(valueOf("settings.models")?.value ?? "", /"apiKey":"env:MY_KEY".*"x-ref":"env:OTHER"/);
});

test("The page of a trace at a collector is shown as it was given, and an address that names no trace, has a password, or is none at all, is refused", () => {
  const page = "https://grafana.example/explore?left={traceId}&org=1";
  const config = readGatewayConfig({ ROOST_TRACE_URL: page });
  const model = { mode: "rehearsal", provider: null, name: null, reason: null } as const;
  const entries = describeConfig(config, parseSettings("", "roost.yaml"), model);
  assert.equal(entries.find(({ name }) => name === "ROOST_TRACE_URL")?.value, page);
  const withLogins = ["https://me:hunter2@grafana.example/{traceId}", "https://token@grafana.example/{traceId}"];
  for (const wrong of ["http://127.0.0.1:16686/trace/", "javascript:alert('{traceId}')", "{traceId}", ...withLogins])
    assert.throws(() => readGatewayConfig({ ROOST_TRACE_URL: wrong }), { message: /ROOST_TRACE_URL must/ }, wrong);
});

test("describeConfig() names the home's own database, and writes durations as roost.yaml does", () => {
  const config = readGatewayConfig({ ROOST_DATABASE_URL: "postgresql://me:hunter2@host/db", ROOST_START: "s1" });
  const written = "heartbeat: { every: 1h30m }\nretention: { topics: { mail: 2d }, runs: 1500ms }\n";
  const model = { mode: "rehearsal", provider: null, name: null, reason: null } as const;
  const entries = describeConfig(config, parseSettings(written, "roost.yaml"), model);
  const valueOf = (name: string) => entries.find((entry) => entry.name === name)?.value ?? "";
  assert.equal(valueOf("ROOST_DATABASE_URL"), "embedded");
  assert.match(valueOf("settings.heartbeat"), /"every":"1h30m".*"staleAfter":"6h"/);
  assert.equal(
    valueOf("settings.retention"),
    '{"topics":{"mail":"2d"},"runs":"1s500ms","largeFiles":{"count":5,"gib":20}}',
  );
  const own = describeConfig(readGatewayConfig({ ROOST_DATABASE_URL: "x" }), parseSettings("", "roost.yaml"), model);
  assert.equal(own.find(({ name }) => name === "ROOST_DATABASE_URL")?.value, "(not shown)");
});

test("findModel() takes the settings first, and rehearses with what cannot be right", async () => {
  const config = readGatewayConfig({ ROOST_MODEL_URL: "ftp://nowhere" });
  await using opened = await createTestKernel();
  const logger = silentLogger;
  assert.deepEqual((await findModel(opened.kernel, config, { settings, logger, isHome: true })).facts, {
    mode: "live",
    provider: "mine",
    name: "big",
    reason: "set under models in roost.yaml",
  });
  const found = await findModel(opened.kernel, config, {
    isHome: true,
    settings: parseSettings("", "roost.yaml"),
    logger,
  });
  assert.equal(found.facts.mode, "rehearsal");
  assert.match(found.facts.reason ?? "", /ROOST_MODEL_URL/);
  assert.match((await found.findProblem()) ?? "", /ROOST_MODEL_URL/);
});
