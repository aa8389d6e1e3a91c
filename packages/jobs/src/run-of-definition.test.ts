import assert from "node:assert/strict";
import { test } from "node:test";
import type { Run } from "@roost/kernel";
import type { JobDefinition } from "./job-row.ts";
import { asDefined, inputOfDefinition } from "./run-of-definition.ts";

const from = { prompt: "read the mail", agent: "main", session: "cron", model: "small", tools: ["read_file"] };
const definition = (change: object) => ({ ...from, ...change }) as unknown as JobDefinition;

test("asDefined() takes over what the definition says, and keeps what the run was given otherwise", () => {
  const input = { ...inputOfDefinition(definition({})), prompt: "given by a fork", tick: { key: "1" } };
  const run = { jobId: "mail", title: "mail", input, postconditions: null, lateMs: 3 } as unknown as Run;
  const to = definition({ title: "The mail", prompt: "read all mail", model: undefined, tools: ["list_files"] });
  const defined = asDefined(run, { from: definition({}), to });
  assert.deepEqual(defined.input, { prompt: "given by a fork", tools: ["list_files"], tick: { key: "1" } });
  assert.deepEqual(
    [defined.title, defined.sessionKey, defined.lateMs, defined.postconditions],
    ["The mail", "cron:mail", 3, null],
  );
  assert.deepEqual(asDefined(run, { from: definition({}), to: definition({}) }).input, input);
});
