import assert from "node:assert/strict";
import { test } from "node:test";
import { applyJobs } from "./apply-jobs.ts";
import { defineJob } from "./define-job.ts";
import { getJob } from "./read-jobs.ts";
import { createTestKernel } from "./testing/create-test-kernel.ts";

test("applyJobs() with merge takes a job of events that its file alone has made as new, and no other", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const waiting = (id: string, prompt = "file") => ({
    id,
    prompt,
    trigger: { kind: "event", eventType: "run.failed" },
  });
  const source = "jobs/mail.yaml";
  const ofFile = ["paused", "changed", "twice", "elsewhere"].map((id) => waiting(id));
  await applyJobs(kernel, ofFile.slice(0, 3), { by: "home", source });
  await applyJobs(kernel, ofFile.slice(3), { by: "home", source: "jobs/other.yaml" });
  await defineJob(kernel, waiting("twice", "by command"), { by: "test", source });
  const bring = (dryRun: boolean) =>
    applyJobs(
      kernel,
      ofFile.map(({ id }) => waiting(id, id === "changed" ? "changed there" : "file")),
      {
        by: "test",
        source,
        merge: true,
        dryRun,
        paused: ["paused", "twice", "elsewhere"].map((jobId) => ({ jobId, reason: "as it was" })),
      },
    );
  const all = () =>
    Promise.all(
      ofFile.map(async ({ id }) => {
        const { state, pausedReason, definition } = await getJob(kernel, id);
        return [id, state, pausedReason, definition.prompt];
      }),
    );
  const before = await all();
  await bring(true);
  assert.deepEqual(await all(), before);
  await bring(false);
  const after = [
    ["paused", "paused", "as it was", "file"],
    ["changed", "active", null, "changed there"],
    ["twice", "active", null, "by command"],
    ["elsewhere", "active", null, "file"],
  ];
  assert.deepEqual(await all(), after);
  await bring(false);
  assert.deepEqual(await all(), after, "twice the same");
});
