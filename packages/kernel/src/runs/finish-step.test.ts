import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { interruptKernel } from "../testing/interrupt-kernel.ts";
import {
  begin,
  claimOne,
  done,
  eventTypes,
  joinWorker,
  killConnection,
  startRun,
  stepOf,
  read,
} from "../testing/drive-runs.ts";
import { reapWorkers } from "../workers/reap-workers.ts";
import { cancelRun } from "./cancel-run.ts";
import { createRun } from "./create-run.ts";
import type { KernelTransaction } from "../transact.ts";
import { finishStep } from "./finish-step.ts";
import { listRuns } from "./list-runs.ts";

test("finishStep() records the outcome together with what commits alongside", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);

  await assert.rejects(
    finishStep(kernel, owned, { seq: 1, state: "done" }, { alongside: () => Promise.reject(new Error("no")) }),
    /no/,
  );
  assert.equal((await stepOf(kernel, owned.runId, 1)).state, "intent");

  const alongside = async (tx: Parameters<typeof createRun>[0]) =>
    void (await createRun(tx, { reason: "follow-up", input: {} }));
  assert.deepEqual(await finishStep(kernel, owned, { seq: 1, state: "done", output: { n: 1 } }, { alongside }), {
    cancelRequested: false,
  });
  assert.deepEqual((await stepOf(kernel, owned.runId, 1)).output, { n: 1 });
  assert.equal((await listRuns(kernel)).length, 2);
});

test("finishStep() again with the same outcome is recognised: no second event, nothing alongside", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await test.database.query("create table public.written (n integer)");
  const outcome = {
    seq: 1,
    state: "done" as const,
    output: { text: "a\u0000b \ud800", n: [1.5] },
    costUsd: 0.25,
    tokens: 10,
  };
  const alongside = async (tx: KernelTransaction) => void (await tx.query("insert into public.written values (1)"));

  await finishStep(kernel, owned, outcome, { alongside });
  await finishStep(kernel, owned, outcome, { alongside });

  assert.deepEqual(await test.database.query("select n from public.written"), [{ n: 1 }]);
  assert.deepEqual(await eventTypes(kernel, owned.runId), ["run.created", "run.started", "step.started", "step.done"]);
  const run = await read(kernel, owned.runId);
  assert.deepEqual([run.costUsd, run.tokens], [0.25, 10]);
});

test("finishStep() survives the connection that breaks between its commit and the answer", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  // The commit happens, its answer never comes: the owner only knows that it does not know.
  const unsure = interruptKernel(kernel, async ({ before }) => {
    if (before === "answer") throw new Error("connection lost");
  });

  await assert.rejects(done(unsure, owned, 1), /connection lost/);
  assert.deepEqual(await done(kernel, owned, 1), { cancelRequested: false });

  assert.deepEqual(
    (await eventTypes(kernel, owned.runId)).filter((type) => type === "step.done"),
    ["step.done"],
  );
});

test("finishStep() never overwrites an outcome", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await done(kernel, owned, 1);

  await assert.rejects(done(kernel, owned, 1, { output: "another" }), { code: "conflict" });
  await assert.rejects(
    finishStep(kernel, owned, { seq: 1, state: "failed", error: { code: "internal", message: "no" } }),
    { code: "conflict" },
  );
  await assert.rejects(done(kernel, owned, 2), /never begun/);
  assert.equal((await stepOf(kernel, owned.runId, 1)).output, "output 1");
});

test("finishStep() says that the end of the run was asked for", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await cancelRun(kernel, { runId: owned.runId, reason: "enough", by: "anna" });

  assert.deepEqual(await done(kernel, owned, 1), { cancelRequested: true });
});

test("finishStep() counts as progress: the losses of owners before it are forgotten", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await startRun(kernel);
  await using first = await joinWorker(kernel);
  await claimOne(kernel, first);
  await killConnection(test.database, first.workerId);
  await reapWorkers(kernel);
  await using second = await joinWorker(kernel);
  const { owned, stallCount } = await claimOne(kernel, second);
  assert.equal(stallCount, 1);

  await begin(kernel, owned, 1);
  await done(kernel, owned, 1);

  assert.equal((await read(kernel, owned.runId)).stallCount, 0);
});
