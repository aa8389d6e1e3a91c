import assert from "node:assert/strict";
import { test } from "node:test";
import { JobDefinition } from "@roost/contract/operations";
import { toDefinition, toDraft } from "./job-draft.ts";

const parse = (given: object) => JobDefinition.parse({ prompt: "p", trigger: { kind: "manual" }, ...given });
const definitions = [
  parse({}),
  parse({
    title: "Blog",
    trigger: { kind: "cron", expression: "0 6 * * *", timeZone: "Europe/Berlin" },
    budget: { usdMax: 0.5, callsMax: 9 },
    tools: ["read_file"],
    activeHours: { start: "08:00", end: "22:00" },
    tell: "person",
  }),
  parse({ trigger: { kind: "every", every: 1_200_000, anchor: "2025-01-01T00:00:00Z" }, timeoutMs: 90_000 }),
  parse({ trigger: { kind: "event", eventType: "hook.received", filter: { "data.kind": "x" } } }),
  parse({ trigger: { kind: "at", at: "2030-01-01T00:00:00Z" }, budget: { tokensMax: 7 } }),
];

for (const definition of definitions)
  test(`toDefinition() of an unchanged draft is the definition, with a trigger ${definition.trigger.kind}`, () => {
    const { trigger, ...rest } = toDefinition(toDraft(definition), definition);
    const { trigger: before, ...restBefore } = definition;
    assert.deepEqual(rest, restBefore);
    assert.deepEqual(trigger, before.kind === "every" ? { ...before, every: "20m" } : before);
  });

test("toDefinition() names the field that cannot be so, and takes caps away", () => {
  const [, blog] = definitions;
  const draft = toDraft(blog!);
  for (const [change, message] of [
    [{ rest: "[]" }, /^Everything else: write it as an object/],
    [{ rest: '{"prompt": "twice"}' }, /^Everything else: prompt has a field of its own/],
    [{ usdMax: "much" }, /^Dollars a run/],
    [{ timeout: "soon" }, /^Time limit/],
  ] as const)
    assert.throws(() => toDefinition({ ...draft, ...change }, blog!), { message });
  assert.deepEqual(toDefinition({ ...draft, usdMax: "" }, blog!).budget, { callsMax: 9 });
});
