import assert from "node:assert/strict";
import { test } from "node:test";
import { claimRuns, finishRun, registerWorker, type Kernel } from "@roost/kernel";
import { createTestKernel } from "@roost/kernel/testing";
import { defineJob } from "./define-job.ts";
import { listFailingJobs, reportFailingJobs } from "./report-failing-jobs.ts";
import { runJobNow } from "./run-job-now.ts";

async function openFailing() {
  const opened = await createTestKernel();
  const { kernel } = opened;
  await defineJob(kernel, { id: "backup", prompt: "", trigger: { kind: "manual" } }, { by: "test" });
  const { workerId } = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
  return {
    ...opened,
    /** One run of the job, to its end. */
    async end(state: "done" | "failed", message = "no disk"): Promise<void> {
      await runJobNow(kernel, "backup", { by: "test" });
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

test("reportFailingJobs() of several schedulers at once tells a person once", async () => {
  await using opened = await openFailing();
  await opened.end("failed");
  const others = await Promise.all([opened.openAnother(), opened.openAnother()]);
  await Promise.all([opened.kernel, ...others].map((kernel) => reportFailingJobs(kernel)));
  assert.equal((await notices(opened.kernel)).length, 1);
});
