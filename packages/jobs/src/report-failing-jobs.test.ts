import assert from "node:assert/strict";
import { test } from "node:test";
import { claimRuns, finishRun, registerWorker, type Kernel } from "@roost/kernel";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { createJobLoops } from "./create-job-loops.ts";
import { defineJob } from "./define-job.ts";
import { fireDueTicks } from "./fire-due-ticks.ts";
import { listFailingJobs, reportFailingJobs, reportStalledJobs } from "./report-failing-jobs.ts";
import { runJobNow } from "./run-job-now.ts";

async function openFailing() {
  const opened = await createTestKernel();
  const { kernel } = opened;
  await defineJob(kernel, { id: "backup", prompt: "", trigger: { kind: "manual" } }, { by: "test" });
  return {
    ...opened,
    /** One run of the job, to its end. */
    async end(state: "done" | "failed", message = "no disk"): Promise<void> {
      await runJobNow(kernel, "backup", { by: "test" });
      const { workerId } = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
      const [run] = await claimRuns(kernel, { workerId, queues: ["default"], limit: 1 });
      assert.ok(run);
      const owned = { runId: run.id, epoch: run.epoch };
      await finishRun(
        kernel,
        owned,
        state === "done" ? { state } : { state, error: { code: "internal", message, isRetryable: false } },
      );
      await opened.clock.advance(1_000);
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function notices(kernel: Kernel): Promise<string[]> {
  const rows = await kernel.database.query<{ text: string }>(
    "select data ->> 'text' as text from roost.event where type = 'notice.raised' order by time, id",
  );
  return rows.map(({ text }) => text);
}

test("V: reportFailingJobs() says once that a job fails, however often it does, and once that it is well again", async () => {
  await using opened = await openFailing();
  const { kernel } = opened;
  await opened.end("done");
  assert.equal(await reportFailingJobs(kernel), 0);
  for (const message of ["no disk", "still no disk", "no disk at all"]) {
    await opened.end("failed", message);
    await reportFailingJobs(kernel);
    await reportFailingJobs(kernel);
  }
  const [failing] = await listFailingJobs(kernel, { limit: 10 });
  assert.deepEqual([failing?.jobId, failing?.seenCount, failing?.reason], ["backup", 3, "no disk at all"]);
  await opened.end("done");
  assert.equal(await reportFailingJobs(kernel), 1);
  assert.equal(await reportFailingJobs(kernel), 0);
  assert.deepEqual(await listFailingJobs(kernel, { limit: 10 }), []);
  const told = await notices(kernel);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? "", /^Job backup failed: no disk\. See roost log why /);
  assert.match(told[1] ?? "", /^Job backup is well again: it failed 3 times in /);
});

test("V: reportFailingJobs() repeats once a day that a job still fails, and how often since when", async () => {
  await using opened = await openFailing();
  const { kernel } = opened;
  for (let count = 0; count < 30; count += 1) {
    await opened.end("failed");
    await reportFailingJobs(kernel);
    await opened.clock.advance(3_600_000);
  }
  const [first, repeated, ...others] = await notices(kernel);
  assert.match(first ?? "", /^Job backup failed: no disk\. See roost log why /);
  assert.match(repeated ?? "", /^Job backup failed 25 times since \w+day: no disk\. See roost log why /);
  assert.deepEqual(others, []);
});

test("V: A run that ended while no scheduler ran, or long before its next look, is told at that look", async () => {
  await using opened = await openFailing();
  const { kernel, clock } = opened;
  const loopOf = () => createJobLoops(kernel).find(({ name }) => name === "failing jobs")!;
  await opened.end("failed");
  await clock.advance(10 * 3_600_000);
  const loop = loopOf();
  while ((await loop.look()).isMore);
  await opened.end("done");
  await clock.advance(10 * 3_600_000);
  while ((await loop.look()).isMore);
  const told = await notices(kernel);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? "", /^Job backup failed: no disk/);
  assert.match(told[1] ?? "", /^Job backup is well again/);
  await loopOf().look();
  assert.equal((await notices(kernel)).length, 2);
});

test("V: reportStalledJobs() says once a day that a job fires and does not succeed, and is content with one that is slow", async () => {
  await using opened = await openFailing();
  const { kernel, clock } = opened;
  await defineJob(kernel, { id: "asks", prompt: "", trigger: { kind: "every", every: "20m" } }, { by: "test" });
  const pass = async (tickCount: number) => {
    for (let count = 0; count < tickCount; count += 1) {
      await clock.advance(1_200_000);
      await fireDueTicks(kernel);
    }
  };
  // The first run stands in the way of the next ones.
  await pass(4);
  assert.equal(await reportStalledJobs(kernel), 0);
  await pass(2);
  assert.equal(await reportStalledJobs(kernel), 1);
  assert.equal(await reportStalledJobs(kernel), 0);
  await clock.advance(86_400_001);
  assert.equal(await reportStalledJobs(kernel), 1);
  assert.equal(await reportStalledJobs(kernel), 0);
  const [failing] = await listFailingJobs(kernel, { limit: 10 });
  assert.deepEqual([failing?.jobId, failing?.runId], ["asks", null]);
  const { workerId } = await registerWorker(kernel, { kind: "worker", host: "here", pid: 2 });
  const [run] = await claimRuns(kernel, { workerId, queues: ["default"], limit: 1 });
  await finishRun(kernel, { runId: run!.id, epoch: run!.epoch }, { state: "done" });
  await reportFailingJobs(kernel);
  const told = await notices(kernel);
  assert.match(
    told[0] ?? "",
    /^Job asks failed: it has not succeeded for 5 ticks: run .* is still active .*See roost jobs show asks$/,
  );
  assert.match(told[1] ?? "", /^Job asks failed 2 times since \w+day: it has not succeeded for 5 ticks/);
  assert.match(told[2] ?? "", /^Job asks is well again/);
  assert.equal(await reportStalledJobs(kernel), 0, "it has succeeded since");
});

test("reportStalledJobs() says it of a job that fires every few minutes after an hour, when it looks at what has changed", async () => {
  await using opened = await openFailing();
  const { kernel, clock } = opened;
  const trigger = { kind: "every", every: "5m" } as const;
  for (const id of ["asks", "well"])
    await defineJob(kernel, { id, prompt: "", trigger, overlap: "skip" }, { by: "test" });
  let checkedMs = kernel.clock.nowMs();
  const reported: number[] = [];
  for (let tick = 1; tick <= 16; tick += 1) {
    await clock.advance(300_000);
    await fireDueTicks(kernel);
    const { workerId } = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
    // The first run of one of them stays as it is.
    for (const { id, epoch, jobId } of await claimRuns(kernel, { workerId, queues: ["default"], limit: 2 }))
      if (jobId === "well") await finishRun(kernel, { runId: id, epoch }, { state: "done" });
    const nowMs = kernel.clock.nowMs();
    if ((await reportStalledJobs(kernel, { checkedMs })) > 0) reported.push(tick);
    checkedMs = nowMs;
  }
  assert.deepEqual(
    [reported.length, (await listFailingJobs(kernel, { limit: 10 })).map(({ jobId }) => jobId)],
    [1, ["asks"]],
  );
  assert.ok(reported[0]! > 12, "not before an hour has passed");
  // No tick since, but an hour has passed since one.
  await defineJob(kernel, { id: "late", prompt: "", trigger }, { by: "test" });
  for (let tick = 1; tick <= 6; tick += 1) {
    await clock.advance(300_000);
    await fireDueTicks(kernel);
  }
  assert.equal(await reportStalledJobs(kernel, { checkedMs: kernel.clock.nowMs() }), 0);
  await clock.advance(3_540_000);
  await reportStalledJobs(kernel, { checkedMs: kernel.clock.nowMs() - 60_000 });
  const failing = (await listFailingJobs(kernel, { limit: 10 })).map(({ jobId }) => jobId);
  assert.deepEqual(failing.toSorted(), ["asks", "late", "well"]);
});

test("reportStalledJobs() goes on with a job that failed and is stalled now, and leaves one that fails to reportFailingJobs()", async () => {
  await using opened = await openFailing();
  const { kernel, clock } = opened;
  await defineJob(kernel, { id: "asks", prompt: "", trigger: { kind: "every", every: "20m" } }, { by: "test" });
  const tick = async () => {
    await clock.advance(1_200_000);
    await fireDueTicks(kernel);
  };
  for (let count = 0; count < 6; count += 1) {
    await tick();
    const { workerId } = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
    const [run] = await claimRuns(kernel, { workerId, queues: ["default"], limit: 1 });
    const error = { code: "internal", message: "no disk", isRetryable: false } as const;
    await finishRun(kernel, { runId: run!.id, epoch: run!.epoch }, { state: "failed", error });
    await reportFailingJobs(kernel);
  }
  await clock.advance(86_400_001);
  assert.equal(await reportStalledJobs(kernel), 0, "its last runs failed");
  for (let count = 0; count < 6; count += 1) await tick();
  assert.equal(await reportStalledJobs(kernel), 1);
  assert.equal(await reportStalledJobs(kernel), 0);
  assert.equal((await notices(kernel)).length, 2);
});

test("reportFailingJobs() of several schedulers at once tells a person once", async () => {
  await using opened = await openFailing();
  await opened.end("failed");
  const others = await Promise.all([opened.openAnother(), opened.openAnother()]);
  await Promise.all([opened.kernel, ...others].map((kernel) => reportFailingJobs(kernel)));
  assert.equal((await notices(opened.kernel)).length, 1);
});
