import assert from "node:assert/strict";
import { test } from "node:test";
import { beginStep, claimRuns, createRun, listSteps, registerWorker, tailEvents, type Kernel } from "@roost/kernel";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { createUnrecordedOutcomes } from "./unrecorded-outcomes.ts";

async function beginOne(kernel: Kernel) {
  await kernel.transact((tx) => createRun(tx, { reason: "a test", input: {} }));
  const worker = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
  const [run] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
  const owned = { runId: run!.id, epoch: run!.epoch };
  await beginStep(kernel, owned, { seq: 1, name: "one", kind: "tool", effect: "idempotent" });
  return owned;
}

test("UnrecordedOutcomes.hold() is recorded by itself when nothing follows", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const owned = await beginOne(kernel);
  const controller = new AbortController();
  const outcomes = createUnrecordedOutcomes(kernel, owned);
  outcomes.hold({ seq: 1, state: "done", output: "did it" });
  const tail = { topics: ["runs"], types: ["step.done"], after: {}, signal: controller.signal };
  for await (const event of tailEvents(kernel, tail)) {
    assert.equal(event.subject, owned.runId);
    controller.abort();
  }
  assert.equal((await listSteps(kernel.database, owned.runId))[0]?.output, "did it");
});

test("UnrecordedOutcomes.recordWith() holds on to what could not be written", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const owned = await beginOne(kernel);
  const outcomes = createUnrecordedOutcomes(kernel, owned);
  outcomes.hold({ seq: 1, state: "done", output: "did it" });
  await assert.rejects(
    outcomes.recordWith(() => Promise.reject(new Error("no database"))),
    /no database/,
  );
  // What is asked for at once is written by one of them.
  const taken = await Promise.all([
    outcomes.recordWith(async ({ finishing }) => finishing.map(({ seq }) => seq)),
    outcomes.recordWith(async ({ finishing }) => finishing.map(({ seq }) => seq)),
  ]);
  assert.deepEqual(taken, [[1], []]);
});
