import assert from "node:assert/strict";
import { test } from "node:test";
import { NamedJobDefinition } from "@roost/contract/operations";
import { toTriggerJob } from "./to-trigger-job.ts";

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
