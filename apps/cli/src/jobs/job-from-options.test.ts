import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "@roost/base";
import { NamedJobDefinition } from "@roost/contract/operations";
import { jobFromOptions } from "./job-from-options.ts";

const now = { clock: createFakeClock(Date.parse("2025-06-01T08:00:00Z")), timeZone: "Europe/Berlin" };

test("jobFromOptions() gives a definition that the contract takes, for every trigger", () => {
  const cases = [
    {
      options: { cron: "0 6 * * *", timeZone: "Europe/Berlin" },
      trigger: { kind: "cron", expression: "0 6 * * *", timeZone: "Europe/Berlin" },
    },
    { options: { every: "20m" }, trigger: { kind: "every", every: "20m" } },
    { options: { at: "20m" }, trigger: { kind: "at", at: "2025-06-01T08:20:00.000Z" } },
    { options: { at: "2025-06-01T10:30" }, trigger: { kind: "at", at: "2025-06-01T08:30:00.000Z" } },
    {
      options: { on: "run.failed", filter: ["jobId=blog", "attempt=2"] },
      trigger: { kind: "event", eventType: "run.failed", filter: { jobId: "blog", attempt: 2 } },
    },
    { options: {}, trigger: { kind: "manual" } },
  ];
  for (const { options, trigger } of cases) {
    const job = jobFromOptions("mail", { prompt: "look", ...options }, now);
    assert.deepEqual(job.trigger, trigger);
    NamedJobDefinition.strict().parse(job);
  }
});

test("jobFromOptions() takes every rule along", () => {
  const job = jobFromOptions(
    "mail",
    {
      every: "1h",
      prompt: "look",
      activeHours: "08:00-22:00",
      timeZone: "UTC",
      input: ["memory/email-state.json=30m"],
      budgetUsd: 0.5,
      attempts: 3,
      disabled: true,
      tool: ["read_file"],
      must: ["event=note.taken", "state=email:checked.at", "file=memory/mail.md", "tool=notify"],
    },
    now,
  );
  assert.deepEqual(job.activeHours, { start: "08:00", end: "22:00", timeZone: "UTC" });
  assert.deepEqual(job.inputs, [{ file: "memory/email-state.json", staleAfterMs: 1_800_000 }]);
  assert.deepEqual(
    [job.budget, job.retry, job.enabled, job.tools],
    [{ usdMax: 0.5 }, { attemptsMax: 3 }, false, ["read_file"]],
  );
  assert.deepEqual(job.postconditions, [
    { kind: "event", eventType: "note.taken" },
    { kind: "state", name: "email", key: "checked.at" },
    { kind: "file", path: "memory/mail.md" },
    { kind: "tool", name: "notify" },
  ]);
  NamedJobDefinition.strict().parse(job);
});

test("jobFromOptions() refuses options that contradict or mean nothing", () => {
  for (const options of [
    { cron: "* * * * *", every: "5m" },
    { at: "soon" },
    { at: "2025-06-01T09:59" },
    { prompt: " " },
    { filter: ["a=b"] },
    { on: "x", filter: ["a"] },
    { must: ["be good"] },
    { activeHours: "8-22" },
    { input: ["email"] },
    { timeZone: "UTC" },
  ])
    assert.throws(
      () => jobFromOptions("mail", { prompt: "look", ...options }, now),
      { code: "invalid_input" },
      JSON.stringify(options),
    );
});
