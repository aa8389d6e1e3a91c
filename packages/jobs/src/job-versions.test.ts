import assert from "node:assert/strict";
import { test } from "node:test";
import { promoteDueRuns, reapWorkers, retryRun } from "@roost/kernel";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { claimOne, fail, joinWorker, killConnection, read } from "@roost/kernel/testing/drive-runs";
import { removeJob } from "./change-job-state.ts";
import { defineJob } from "./define-job.ts";
import { getJobVersion, listJobVersions, rollBackJob } from "./job-versions.ts";
import { getJob } from "./read-jobs.ts";
import { runJobNow } from "./run-job-now.ts";

const by = "test";
const job = (prompt: string, more: object = {}) => ({ id: "j", prompt, trigger: { kind: "manual" }, ...more });

test("listJobVersions() has every definition with what changed, also after the job was removed and came back", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await defineJob(kernel, job("one"), { by: "ann" });
  await defineJob(kernel, job("one"), { by: "nobody" });
  await defineJob(kernel, job("two", { timeoutMs: 5_000 }), { by: "ben" });
  await removeJob(kernel, "j", { by });
  await defineJob(kernel, job("three"), { by: "cem" });
  const { versions, next } = await listJobVersions(kernel, "j", { limit: 10 });
  assert.deepEqual(
    versions.map(({ version, definedBy, definition }) => [version, definedBy, definition.prompt]),
    [
      [3, "cem", "three"],
      [2, "ben", "two"],
      [1, "ann", "one"],
    ],
  );
  assert.deepEqual(
    versions[1]?.differences.map(({ path, before, after }) => [path, before, after]),
    [
      ["prompt", "one", "two"],
      ["timeoutMs", 1_800_000, 5_000],
    ],
  );
  assert.equal(next, null);
  const page = await listJobVersions(kernel, "j", { limit: 1 });
  assert.deepEqual([page.next, page.versions[0]?.differences.length], [3, 2]);
  await assert.rejects(listJobVersions(kernel, "none", { limit: 1 }), /There is no job "none"/);
  await assert.rejects(getJobVersion(kernel, "j", 9), /has no version 9/);
  await assert.rejects(getJobVersion(kernel, "j", 2 ** 31 - 1), { code: "not_found" });
});

test("rollBackJob() gives a job an earlier definition again, as a new version", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await defineJob(kernel, job("one"), { by });
  await defineJob(kernel, job("two"), { by });
  const change = await rollBackJob(kernel, "j", { version: 1, by: "ann" });
  assert.deepEqual([change.change, change.version], ["changed", 3]);
  assert.equal((await getJob(kernel, "j")).definition.prompt, "one");
  assert.equal((await rollBackJob(kernel, "j", { version: 1, by: "ann" })).change, "unchanged");
  await assert.rejects(rollBackJob(kernel, "j", { version: 2, expectedVersion: 2, by }), { code: "conflict" });
});

test("a run keeps the version of its job through a crash, its next attempt and a retry, whatever the job becomes", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const retry = { attemptsMax: 2, backoffMs: 1_000 };
  const one = job("one", { model: "small", tools: ["notify"], timeoutMs: 60_000, retry });
  await defineJob(kernel, one, { by });
  const { tick } = await runJobNow(kernel, "j", { by });
  const first = await joinWorker(kernel);
  await claimOne(kernel, first);
  await defineJob(kernel, job("two", { model: "large", timeoutMs: 1_000 }), { by });
  await killConnection(opened.database, first.workerId);
  await reapWorkers(kernel);
  await first.release().catch(() => undefined);

  await using second = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const assertFirstVersion = (run: Awaited<ReturnType<typeof claimOne>>) => {
    const { prompt, model, tools } = run.input;
    assert.deepEqual([run.jobVersion, prompt, model, tools, run.timeoutMs], [1, "one", "small", ["notify"], 60_000]);
  };
  const resumed = await claimOne(kernel, second);
  assertFirstVersion(resumed);
  assert.equal((await listJobVersions(kernel, "j", { limit: 5 })).versions.at(-1)?.liveRunCount, 1);
  await fail(kernel, resumed.owned);
  await clock.advance(5_000);
  await promoteDueRuns(kernel);
  const again = await claimOne(kernel, second);
  assertFirstVersion(again);
  await fail(kernel, again.owned);
  assert.equal((await read(kernel, tick.runId!)).state, "failed");
  await retryRun(kernel, { runId: tick.runId!, reason: "again", by });
  assertFirstVersion(await claimOne(kernel, second));
});
