import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import {
  begin,
  claim,
  claimOne,
  done,
  end,
  eventTypes,
  fail,
  joinWorker,
  read,
  startRun,
  stateOf,
  stepOf,
} from "../testing/drive-runs.ts";
import { answerQuestion } from "./answer-question.ts";
import { finishStep } from "./finish-step.ts";
import { listQuestions, listUnresolvedSteps } from "./list-runs.ts";
import { resolveStep } from "./resolve-step.ts";
import { retryRun } from "./retry-run.ts";
import type { Owned } from "./run.ts";
import { waitInRun } from "./wait-in-run.ts";

const unknown = { state: "unknown" as const, error: { code: "unavailable", message: "no answer" } };

async function waitForResolution(kernel: Kernel, owned: Owned): Promise<void> {
  await begin(kernel, owned, 1, { name: "send" });
  await finishStep(kernel, owned, { seq: 1, ...unknown });
  const waiting = await waitInRun(kernel, owned, {
    seq: 1,
    wait: { kind: "resolution", prompt: "was the mail sent?" },
  });
  assert.equal(waiting.state, "waiting");
}

test("resolveStep() lets a run that waits for it go on with that outcome", async () => {
  for (const outcome of ["done", "failed", "not_done"] as const) {
    await using test = await createTestKernel();
    const { kernel } = test;
    await using worker = await joinWorker(kernel);
    const runId = await startRun(kernel);
    await waitForResolution(kernel, (await claimOne(kernel, worker)).owned);
    assert.equal((await claim(kernel, worker)).length, 0);

    const step = await resolveStep(kernel, {
      runId,
      seq: 1,
      outcome,
      note: "I looked",
      by: "anna",
      output: "message 7",
    });
    await resolveStep(kernel, { runId, seq: 1, outcome, note: "I looked", by: "anna" });

    assert.equal(step.resolution?.outcome, outcome);
    const { owned } = await claimOne(kernel, worker);
    const replayed = await begin(kernel, owned, 1, { name: "send" });
    if (outcome === "done") assert.deepEqual(replayed, { state: "done", output: "message 7" });
    if (outcome === "failed") assert.equal(replayed.state, "failed");
    if (outcome === "not_done")
      assert.deepEqual(replayed, { state: "begun", attempt: 2, idempotencyKey: `${runId}:1` });
    assert.ok((await eventTypes(kernel, runId)).includes("step.resolved"));
    assert.equal((await listQuestions(kernel))[0]!.state, "answered");
  }
});

test("resolveStep() is a note where the run went on, or has ended", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await finishStep(kernel, owned, { seq: 1, ...unknown });
  assert.equal((await listUnresolvedSteps(kernel)).length, 1);
  await end(kernel, owned);

  const step = await resolveStep(kernel, { runId, seq: 1, outcome: "done", note: "it is there", by: "anna" });

  assert.deepEqual([step.state, step.resolution?.outcome], ["unknown", "done"]);
  assert.equal((await listUnresolvedSteps(kernel)).length, 0);
  await assert.rejects(resolveStep(kernel, { runId, seq: 1, outcome: "failed", note: "no", by: "berta" }), {
    code: "conflict",
  });
  await assert.rejects(resolveStep(kernel, { runId, seq: 2, outcome: "failed", note: "no", by: "berta" }), {
    code: "not_found",
  });
});

test("resolveStep() is the answer to its question: an ordinary answer is refused", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  await waitForResolution(kernel, (await claimOne(kernel, worker)).owned);
  const [question] = await listQuestions(kernel);

  await assert.rejects(
    answerQuestion(kernel, { questionId: question!.id, answer: "yes", by: "anna" }),
    /use roost run resolve/,
  );
});

test("retryRun() goes on from the recorded steps in a new run, with the same keys", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, {
    title: "send the letter",
    serialKey: "letters",
    input: { to: "anna" },
    agent: "writer",
  });
  const first = await claimOne(kernel, worker);
  await begin(kernel, first.owned, 1);
  await done(kernel, first.owned, 1);
  await begin(kernel, first.owned, 2);
  await finishStep(kernel, first.owned, { seq: 2, state: "failed", error: { code: "unavailable", message: "down" } });
  await begin(kernel, first.owned, 3, { effect: "idempotent" });
  await fail(kernel, first.owned);

  const retried = await retryRun(kernel, { runId, reason: "it is up again", by: "anna" });
  assert.equal((await retryRun(kernel, { runId, reason: "again", by: "berta" })).runId, retried.runId);

  const { owned, ...run } = await claimOne(kernel, worker);
  assert.deepEqual(
    [run.id, run.retryOf, run.title, run.input, run.agent, run.serialKey],
    [retried.runId, runId, "send the letter", { to: "anna" }, "writer", "letters"],
  );
  assert.deepEqual(await begin(kernel, owned, 1), { state: "done", output: "output 1" });
  assert.equal((await begin(kernel, owned, 2)).state, "begun");
  const interrupted = await begin(kernel, owned, 3, { effect: "idempotent" });
  assert.equal(interrupted.state, "interrupted");
  assert.ok(interrupted.state === "interrupted" && interrupted.idempotencyKey === `${runId}:3`);
  assert.equal(await stateOf(kernel, runId), "failed", "what ended stays as it is");
});

test("retryRun() refuses what goes on and what is done", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const request = { runId, reason: "again", by: "anna" };
  await assert.rejects(retryRun(kernel, request), { code: "conflict" });
  await end(kernel, (await claimOne(kernel, worker)).owned);
  await assert.rejects(retryRun(kernel, request), { code: "conflict" });
  await assert.rejects(retryRun(kernel, { ...request, runId: kernel.createId() }), { code: "not_found" });
  assert.equal((await read(kernel, runId)).state, "done");
  assert.equal(await stepOf(kernel, runId, 1).catch(() => undefined), undefined);
});

test("resolveStep() as not done is asked anew when the next attempt is interrupted too", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  await waitForResolution(kernel, (await claimOne(kernel, worker)).owned);
  await resolveStep(kernel, { runId, seq: 1, outcome: "not_done", note: "no", by: "anna" });
  const { owned } = await claimOne(kernel, worker);
  assert.equal((await begin(kernel, owned, 1, { name: "send" })).state, "begun");
  await finishStep(kernel, owned, { seq: 1, ...unknown });
  await waitInRun(kernel, owned, { seq: 1, wait: { kind: "resolution", prompt: "and this time?" } });
  assert.equal((await listUnresolvedSteps(kernel)).length, 1);

  await resolveStep(kernel, { runId, seq: 1, outcome: "not_done", note: "no again", by: "anna" });

  assert.equal((await begin(kernel, (await claimOne(kernel, worker)).owned, 1, { name: "send" })).state, "begun");
});

test("retryRun() takes over what was found out about interrupted effects, and tells again what it had told", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const first = await claimOne(kernel, worker);
  await begin(kernel, first.owned, 1);
  await finishStep(kernel, first.owned, { seq: 1, ...unknown });
  for (const seq of [2, 3, 4]) await begin(kernel, first.owned, seq);
  await fail(kernel, first.owned);
  await resolveStep(kernel, { runId, seq: 1, outcome: "done", note: "it did", by: "anna", output: "late" });
  await resolveStep(kernel, { runId, seq: 2, outcome: "done", note: "it did", by: "anna", output: { id: 7 } });
  await resolveStep(kernel, { runId, seq: 3, outcome: "not_done", note: "it did not", by: "anna" });

  await retryRun(kernel, { runId, reason: "again", by: "anna" });

  const { owned } = await claimOne(kernel, worker);
  assert.equal((await begin(kernel, owned, 1)).state, "unknown", "the run had gone on with that");
  assert.deepEqual(await begin(kernel, owned, 2), { state: "done", output: { id: 7 } });
  assert.deepEqual(await begin(kernel, owned, 3), { state: "begun", attempt: 2, idempotencyKey: `${runId}:3` });
  assert.equal((await begin(kernel, owned, 4)).state, "interrupted");
});
