import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJobs } from "../read-job-files.ts";
import { convertCronJob } from "./convert-cron-job.ts";
import type { CronJob } from "./read-cron-store.ts";

const nowMs = Date.parse("2026-03-14T12:00:00Z");
const cron = { kind: "cron", expr: "0 6 * * *" };

function convert(job: Partial<CronJob>) {
  const source = { id: "a", schedule: cron, payload: { kind: "agentTurn", message: "go" }, ...job } as CronJob;
  return convertCronJob(source, { nowMs });
}

test("convertCronJob() carries over what both know", () => {
  const { job, notes } = convert({
    id: "0b5e1f2c-7a51-4f0e-9d2a-6d1b3c1f0e55",
    name: "Blog",
    agentId: "writer",
    sessionTarget: "isolated",
    schedule: { ...cron, tz: "Europe/Berlin", staggerMs: 60_000 },
    payload: { kind: "agentTurn", message: "Write", model: "m", timeoutSeconds: 600 },
  });
  assert.deepEqual(job, {
    id: "0b5e1f2c-7a51-4f0e-9d2a-6d1b3c1f0e55",
    title: "Blog",
    agent: "writer",
    session: "cron",
    trigger: { kind: "cron", expression: "0 6 * * *", timeZone: "Europe/Berlin" },
    prompt: "Write",
    jitterMs: 60_000,
    timeoutMs: 600_000,
    model: "m",
  });
  assert.deepEqual(notes, []);
  assert.equal(parseJobs(JSON.stringify(job), "f").length, 1, "it is a job as the gateway takes it");
});

test("convertCronJob() knows every schedule, and keeps disabled what cannot run", () => {
  const trigger = (schedule: CronJob["schedule"]) => {
    const { job, notes } = convert({ schedule, createdAtMs: 1_000 });
    return [job.trigger, job.enabled ?? true, notes.length];
  };
  assert.deepEqual(trigger({ kind: "every", everyMs: 1_200_000 }), [
    { kind: "every", every: 1_200_000, anchor: "1970-01-01T00:00:01.000Z" },
    true,
    0,
  ]);
  // A moment without a zone is UTC; one that has passed must not fire at once.
  assert.deepEqual(trigger({ kind: "at", at: "2026-03-14T13:00:00" }), [
    { kind: "at", at: "2026-03-14T13:00:00.000Z" },
    true,
    0,
  ]);
  assert.deepEqual(trigger({ kind: "at", atMs: nowMs - 1 }), [
    { kind: "at", at: "2026-03-14T11:59:59.999Z" },
    false,
    1,
  ]);
  assert.deepEqual(trigger({ kind: "on-exit", command: "true" }), [{ kind: "manual" }, false, 1]);
  assert.throws(() => convert({ schedule: { kind: "at", at: "soon" } }), { code: "invalid_input", message: /"soon"/ });
});

test("convertCronJob() tells what it does not carry over", () => {
  const { job, notes } = convert({
    description: "daily",
    sessionTarget: "session:abc",
    delivery: { mode: "announce", channel: "telegram" },
    payload: { kind: "agentTurn", message: "go", thinking: "high", timeoutSeconds: 0 },
  });
  assert.equal(job.session, "cron");
  assert.equal(job.timeoutMs, 7 * 86_400_000);
  assert.deepEqual(notes.length, 4);
  assert.match(
    notes.join("\n"),
    /main's next digest[\s\S]*session:abc[\s\S]*thinking, description[\s\S]*time limit of 0 s/,
  );
  const script = convert({ payload: { kind: "script", script: "x" } });
  assert.deepEqual([script.job.enabled, script.job.prompt], [false, ""]);
});

test("convertCronJob() gives an id that is not allowed here another one, always the same and never another job's", () => {
  const ids = ["Daily Brief", "daily brief", "Täglich", "ä", "x".repeat(100)].map((id) => convert({ id }).job.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(
    ids.every((id) => /^[a-z0-9][a-z0-9._-]{0,62}$/.test(id)),
    ids.join(),
  );
  assert.deepEqual(
    ids,
    ["Daily Brief", "daily brief", "Täglich", "ä", "x".repeat(100)].map((id) => convert({ id }).job.id),
  );
});
