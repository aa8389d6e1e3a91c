import assert from "node:assert/strict";
import { test } from "node:test";
import { NamedJobDefinition } from "@roost/contract/operations";
import { parseAgentFile, toTriggerJob } from "./read-agent-file.ts";

const read = (text: string, name = "poster.md") => parseAgentFile(name, text);

test("parseAgentFile() takes keys and instructions, either alone, and lines of dashes in the instructions", () => {
  const full =
    "---\ntitle: Posts\nmodel: large\ntools: [notify]\nservices: [garden]\nbudget: { usdMax: 2 }\n---\n\nPost daily.\n\n---\n\nBriefly.\n";
  assert.deepEqual(read(full), {
    id: "poster",
    definition: {
      title: "Posts",
      prompt: "Post daily.\n\n---\n\nBriefly.",
      model: "large",
      tools: ["notify"],
      services: ["garden"],
      budget: { usdMax: 2 },
    },
  });
  assert.deepEqual(read("Only words.\n").definition, { prompt: "Only words." });
  assert.deepEqual(read("---\r\nmodel: small\r\n---\r\n").definition, { model: "small" });
  assert.deepEqual(read("").definition, {});
});

test("parseAgentFile() says what is wrong, and which key was meant", () => {
  const rows: [text: string, says: RegExp, name?: string][] = [
    ["---\nmodle: large\n---\nx", /modle is not a key of an agent: did you mean model\?/],
    ["---\nbudget: { usdmax: 1 }\n---\nx", /budget\.usdmax is not a key of an agent: did you mean usdMax\?/],
    ["---\ntools: notify\n---\nx", /tools: /],
    ["---\nprompt: x\n---\ny", /the instructions stand below the keys/],
    ["---\n- a\n- b\n---\ny", /no YAML mapping/],
    ["---\nmodel: [\n---\ny", /./],
    ["x", /its name: must be 1 to 63/, "Not Fine.md"],
  ];
  for (const [text, says, name] of rows)
    assert.throws(() => read(text, name), { code: "invalid_input", message: says }, text);
});

test("toTriggerJob() makes a job of the keys of a job and of its trigger beside each other, with their plain names", () => {
  const filter = { hook: "github", timeout: "push" };
  const written = {
    kind: "event",
    eventType: "webhook.received",
    filter,
    prompt: "Look",
    timeout: "5m",
    tell: "person",
  };
  const job = toTriggerJob({ agentId: "site.clerk", name: "pushed", written });
  assert.deepEqual(job, {
    id: "site.clerk.pushed",
    agent: "site.clerk",
    prompt: "Look",
    timeoutMs: 300_000,
    tell: "person",
    trigger: { kind: "event", eventType: "webhook.received", filter },
  });
  assert.ok(NamedJobDefinition.strict().safeParse(job).success);
  const plain = toTriggerJob({ agentId: "clerk", name: "nightly", written: { kind: "every", every: "1d" } });
  assert.match(String(plain["prompt"]), /Your trigger "nightly" is due/);
});

test("toTriggerJob() says what is wrong, and no key of a trigger is one of a job", () => {
  const rows: [written: unknown, says: RegExp, name?: string][] = [
    ["0 6 * * *", /it has no keys, as in \{ kind: cron/],
    [{ kind: "cron", cron: "0 6 * * *" }, /cron is not a key of a trigger: did you mean expression\?/],
    [{ kind: "every", every: "1h", promt: "x" }, /promt is not a key of a trigger: did you mean prompt\?/],
    [{ kind: "every", every: "1h", agent: "main" }, /agent is not a key of a trigger/],
    [{ kind: "every", every: "1h", id: "mine" }, /id is not a key of a trigger/],
    [{ kind: "every", every: "1h" }, /its name must be/, "a.b"],
  ];
  for (const [written, says, name = "morning"] of rows)
    assert.throws(() => toTriggerJob({ agentId: "clerk", name, written: written as never }), { message: says });
  const { trigger, ...job } = NamedJobDefinition.shape;
  for (const { shape } of trigger.options)
    for (const key of Object.keys(shape)) assert.ok(!Object.hasOwn(job, key), `${key} would be both`);
});
