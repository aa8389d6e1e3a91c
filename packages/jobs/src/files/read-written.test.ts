import assert from "node:assert/strict";
import { test } from "node:test";
import { toJsonSchema } from "@roost/contract";
import { NamedJobDefinition } from "@roost/contract/operations";
import { asWritten, differenceAsWritten, readWritten, writtenDurations } from "./read-written.ts";

test("readWritten() takes lengths of time under plain names, and the fields in milliseconds as they are", () => {
  const trigger = { kind: "every", every: "20m" };
  assert.deepEqual(
    readWritten("job", {
      id: "a",
      trigger,
      prompt: "",
      timeout: "10m",
      jitterMs: "30s",
      delayMs: 5,
      catchUp: { policy: "last", window: "6h" },
      retry: { attemptsMax: 3, backoff: "1m", backoffMax: "1h" },
      inputs: [{ file: "memory/x-state.json", staleAfter: "2d" }],
    }),
    {
      id: "a",
      trigger,
      prompt: "",
      timeoutMs: 600_000,
      jitterMs: 30_000,
      delayMs: 5,
      catchUp: { policy: "last", windowMs: 21_600_000 },
      retry: { attemptsMax: 3, backoffMs: 60_000, backoffMsMax: 3_600_000 },
      inputs: [{ file: "memory/x-state.json", staleAfterMs: 172_800_000 }],
    },
  );
});

test("asWritten() writes a stored definition as readWritten() takes it, and differences in the same words", () => {
  const stored = {
    id: "a",
    trigger: { kind: "event", eventType: "x.y", filter: { timeoutMs: 5 } },
    prompt: "",
    timeoutMs: 5_400_000,
    retry: { attemptsMax: 3, backoffMs: 250, backoffMsMax: 3_600_000 },
    inputs: [{ file: "memory/x-state.json", staleAfterMs: 172_800_000 }],
  };
  const written = asWritten(stored);
  assert.deepEqual(written, {
    id: "a",
    trigger: { kind: "event", eventType: "x.y", filter: { timeoutMs: 5 } },
    prompt: "",
    timeout: "1h30m",
    retry: { attemptsMax: 3, backoff: "250ms", backoffMax: "1h" },
    inputs: [{ file: "memory/x-state.json", staleAfter: "2d" }],
  });
  assert.deepEqual(readWritten("job", written), stored);
  assert.deepEqual(differenceAsWritten({ path: "retry.backoffMs", before: 30_000, after: null }), {
    path: "retry.backoff",
    before: "30s",
    after: null,
  });
  assert.equal(differenceAsWritten({ path: "trigger.filter.timeoutMs", after: 5 }).path, "trigger.filter.timeoutMs");
});

test("readWritten() names every key that is none, with the one that was meant", () => {
  const rows: [job: object, says: RegExp][] = [
    [
      { id: "a", timout: "1m", promt: "x" },
      /job "a": timout is not a key of a job: did you mean timeout\?; promt .* prompt\?/,
    ],
    [{ trigger: { kind: "event", type: "x" } }, /trigger\.type is not a key/],
    [{ trigger: { kind: "cron", expresion: "x" } }, /did you mean expression\?/],
    [{ trigger: { crn: "x" } }, /trigger\.crn is not a key/],
    [{ retry: { atempts: 1 } }, /retry\.atempts .*did you mean attemptsMax\?|retry\.atempts is not a key/],
    [{ cron: "0 6 * * *" }, /cron is not a key of a job: did you mean trigger, as in trigger: /],
    [{ timeout: "soon" }, /timeout: "soon" is not a duration/],
    [{ inputs: [{ fil: "x" }] }, /inputs\.0\.fil .*file\?/],
  ];
  for (const [job, says] of rows)
    assert.throws(() => readWritten("job", job as never), { code: "invalid_input", message: says });
});

test("readWritten() knows a plain name for every field in milliseconds", () => {
  const names = [...JSON.stringify(toJsonSchema(NamedJobDefinition, { io: "input" })).matchAll(/"(\w+Ms(?:Max)?)":/g)];
  assert.deepEqual([...new Set(names.map(([, name]) => name))].toSorted(), Object.keys(writtenDurations).toSorted());
});
