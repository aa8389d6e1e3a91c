import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { claimOne, joinWorker, startRun } from "../testing/drive-runs.ts";
import { answerQuestion } from "./answer-question.ts";
import { findHoldUps } from "./find-hold-ups.ts";
import { waitInRun } from "./wait-in-run.ts";

test("findHoldUps() finds the question for which a run waits that was delegated, for its parents and for who is queued behind them", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const serialKey = "session:main";
  const first = await startRun(kernel, { serialKey });
  const parent = (await claimOne(kernel, worker)).owned;
  const behind = await startRun(kernel, { serialKey });
  const other = await startRun(kernel, { serialKey: "session:other" });
  const ids = [first, behind, other];
  const found = async () => (await findHoldUps(kernel.database, ids)).toSorted((a, b) => (a.runId < b.runId ? -1 : 1));
  assert.deepEqual(await found(), [{ runId: behind, isBehind: true, question: null }], "it only works");

  await claimOne(kernel, worker);
  const question = { prompt: "may I?", kind: "approval" } as const;
  // For this one nobody waits.
  await startRun(kernel, { parent: { ...parent, seq: 9 } });
  const aside = (await claimOne(kernel, worker)).owned;
  await waitInRun(kernel, aside, { seq: 1, wait: { kind: "person", question } });
  let above = parent;
  for (let depth = 0; depth < 2; depth += 1) {
    const runId = await startRun(kernel, { parent: { ...above, seq: 1 } });
    await waitInRun(kernel, above, { seq: 2, wait: { kind: "child", runId } });
    above = (await claimOne(kernel, worker)).owned;
  }
  const held = (question: string | null) => [
    { runId: first, isBehind: false, question },
    { runId: behind, isBehind: true, question },
  ];
  assert.deepEqual(await found(), held(null));
  const asked = await waitInRun(kernel, above, { seq: 1, wait: { kind: "person", question } });
  assert.deepEqual(await found(), held("approval"));
  assert.ok(asked.state === "waiting");
  await answerQuestion(kernel, { questionId: asked.questionId!, answer: "approve", by: "test" });
  assert.deepEqual(await found(), held(null));
});
