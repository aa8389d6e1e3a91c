import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import {
  begin,
  claimOne,
  done,
  eventTypes,
  joinWorker,
  killConnection,
  read,
  startRun,
  stateOf,
  stepOf,
} from "../testing/drive-runs.ts";
import { reapWorkers } from "../workers/reap-workers.ts";
import { beginStep } from "./begin-step.ts";
import { cancelRun } from "./cancel-run.ts";
import { finishStep } from "./finish-step.ts";
import { isDiverged } from "./lease-lost.ts";
import { runLimits } from "./run.ts";

test("beginStep() records the intent before anything happens", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);

  const begun = await begin(kernel, owned, 1);

  assert.deepEqual(begun, { state: "begun", attempt: 1, idempotencyKey: `${owned.runId}:1` });
  const step = await stepOf(kernel, owned.runId, 1);
  assert.equal(step.state, "intent");
  assert.deepEqual(step.input, { seq: 1 });
});

test("beginStep() by the same owner again is the same intent: its first answer got lost", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  const first = await begin(kernel, owned, 1);

  assert.deepEqual(await begin(kernel, owned, 1), first);
  assert.deepEqual(await eventTypes(kernel, owned.runId), ["run.created", "run.started", "step.started"]);
});

test("beginStep() returns recorded outcomes instead of beginning again, also to the next owner", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using first = await joinWorker(kernel);
  await startRun(kernel);
  const lost = await claimOne(kernel, first);
  await begin(kernel, lost.owned, 1);
  await done(kernel, lost.owned, 1);
  await begin(kernel, lost.owned, 2);
  await finishStep(kernel, lost.owned, { seq: 2, state: "failed", error: { code: "timeout", message: "too slow" } });
  await begin(kernel, lost.owned, 3);
  await finishStep(kernel, lost.owned, {
    seq: 3,
    state: "unknown",
    error: { code: "unavailable", message: "no answer" },
  });
  await killConnection(test.database, first.workerId);
  await reapWorkers(kernel);
  await using second = await joinWorker(kernel);
  const { owned, steps } = await claimOne(kernel, second);

  assert.deepEqual(
    steps.map((step) => step.state),
    ["done", "failed", "unknown"],
  );
  assert.deepEqual(await begin(kernel, owned, 1), { state: "done", output: "output 1" });
  assert.deepEqual(await begin(kernel, owned, 2), { state: "failed", error: { code: "timeout", message: "too slow" } });
  assert.deepEqual(await begin(kernel, owned, 3), {
    state: "unknown",
    error: { code: "unavailable", message: "no answer" },
  });
});

test("beginStep() tells the next owner that a step was interrupted, and begins it for that owner under the same key", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using first = await joinWorker(kernel);
  await startRun(kernel);
  const lost = await claimOne(kernel, first);
  await begin(kernel, lost.owned, 1, { effect: "idempotent" });
  await killConnection(test.database, first.workerId);
  await reapWorkers(kernel);
  await using second = await joinWorker(kernel);
  const { owned } = await claimOne(kernel, second);

  const interrupted = await begin(kernel, owned, 1, { effect: "idempotent" });
  assert.equal(interrupted.state, "interrupted");
  assert.ok(interrupted.state === "interrupted" && interrupted.effect === "idempotent" && interrupted.attempt === 1);
  const step = { seq: 1, name: "step 1", kind: "tool", effect: "idempotent" as const, input: { seq: 1 } };
  const takeOver = () => beginStep(kernel, owned, step, { takesOver: true });
  const begun = await takeOver();

  assert.deepEqual(begun, { state: "begun", attempt: 2, idempotencyKey: `${owned.runId}:1` });
  assert.deepEqual(await takeOver(), begun);
  await done(kernel, owned, 1);
  assert.equal((await takeOver()).state, "done");
  assert.deepEqual(
    (await eventTypes(kernel, owned.runId)).filter((type) => type.startsWith("step.")),
    ["step.started", "step.started", "step.done"],
  );
});

test("beginStep() stops a run as diverged when the replay asks for another step, with the difference", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1, { name: "send", input: { to: "anna" } });
  await done(kernel, owned, 1);

  await assert.rejects(begin(kernel, owned, 1, { name: "send", input: { to: "berta" } }), (error) => {
    assert.ok(isDiverged(error));
    assert.match(error.message, /inputHash/);
    return true;
  });

  const run = await read(kernel, owned.runId);
  assert.equal(run.state, "diverged");
  const details = run.error?.details as { recorded: { input: unknown }; replayed: { input: unknown } };
  assert.deepEqual([details.recorded.input, details.replayed.input], [{ to: "anna" }, { to: "berta" }]);
  assert.equal((await eventTypes(kernel, owned.runId)).at(-1), "run.diverged");
  assert.equal((await stepOf(kernel, owned.runId, 1)).state, "done");
});

test("beginStep() sees the same input however its keys are ordered", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1, { input: { a: 1, b: { c: 2, d: [3] } } });
  await done(kernel, owned, 1);

  assert.equal((await begin(kernel, owned, 1, { input: { b: { d: [3], c: 2 }, a: 1 } })).state, "done");
});

test("beginStep() begins nothing new once the end of the run was asked for", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await done(kernel, owned, 1);
  await cancelRun(kernel, { runId: owned.runId, reason: "enough", by: "anna" });

  assert.deepEqual(await begin(kernel, owned, 2), { state: "cancel_requested", reason: "enough" });
  assert.equal((await begin(kernel, owned, 1)).state, "done");
  assert.equal(await stateOf(kernel, owned.runId), "running");
});

test("beginStep() refuses more steps than a run may have", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);

  await assert.rejects(begin(kernel, owned, runLimits.stepsMax + 1), { code: "limit_exceeded" });
  await assert.rejects(
    beginStep(kernel, owned, {
      seq: 1,
      name: "s",
      kind: "tool",
      effect: "unsafe",
      input: "x".repeat(runLimits.stepInputBytesMax),
    }),
    {
      code: "limit_exceeded",
    },
  );
});

test("beginStep() records the outcome of the step before it together with the intent", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  const step = (seq: number) => ({ seq, name: `step ${seq}`, kind: "tool", effect: "idempotent" as const });
  const outcome = { seq: 1, state: "done" as const, output: "one", costUsd: 0.5, tokens: 7 };
  await beginStep(kernel, owned, step(1));

  const begun = await beginStep(kernel, owned, step(2), { finishing: [outcome] });
  assert.deepEqual(begun, { state: "begun", attempt: 1, idempotencyKey: `${owned.runId}:2` });
  assert.equal((await stepOf(kernel, owned.runId, 1)).output, "one");
  assert.equal((await read(kernel, owned.runId)).costUsd, 0.5);
  // The answer got lost: both are recognised.
  assert.deepEqual(await beginStep(kernel, owned, step(2), { finishing: [outcome] }), begun);

  const other = { ...outcome, seq: 2, output: "two" };
  const refused = beginStep(kernel, owned, step(3), { finishing: [{ ...outcome, output: "another" }, other] });
  await assert.rejects(refused, { code: "conflict", message: /is recorded as done/ });
  assert.equal((await stepOf(kernel, owned.runId, 2)).state, "intent");

  await cancelRun(kernel, { runId: owned.runId, reason: "enough", by: "me" });
  const cancelled = await beginStep(kernel, owned, step(3), { finishing: [other] });
  assert.deepEqual(cancelled, { state: "cancel_requested", reason: "enough" });
  assert.equal((await stepOf(kernel, owned.runId, 2)).output, "two");
  assert.deepEqual(
    (await eventTypes(kernel, owned.runId)).filter((type) => type.startsWith("step.")),
    ["step.started", "step.done", "step.started", "step.done"],
  );
});

test("beginStep() with the outcome of the step before is refused to an owner that lost its run", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  const zombie = { runId: owned.runId, epoch: owned.epoch - 1 };
  const late = beginStep(
    kernel,
    zombie,
    { seq: 2, name: "step 2", kind: "tool", effect: "readonly" },
    { finishing: [{ seq: 1, state: "done" }] },
  );
  await assert.rejects(late, { code: "conflict", message: /is no longer owned at epoch/ });
  assert.equal((await stepOf(kernel, owned.runId, 1)).state, "intent");
});
