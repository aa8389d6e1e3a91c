import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { begin, claimOne, joinWorker, startRun } from "../testing/drive-runs.ts";
import { reserveSpend } from "../budgets/reserve-spend.ts";
import { finishStep } from "./finish-step.ts";
import { readSpendBelow } from "./read-spend-below.ts";

test("readSpendBelow() counts what children and their children spent, and caps of the parent hold them all", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  const top = await startRun(kernel, { budget: { usdMax: 1 } });
  const parents = [];
  let parent = await claimOne(kernel, worker);
  for (const usd of [0.25, 0.5]) {
    parents.push(parent);
    await startRun(kernel, { parent: { ...parent.owned, seq: 1 } });
    parent = await claimOne(kernel, worker);
    await begin(kernel, parent.owned, 1, { kind: "model", effect: "readonly" });
    assert.ok((await reserveSpend(kernel, parent.owned, { seq: 1, usd, tokens: 10 })).granted);
    await finishStep(kernel, parent.owned, { seq: 1, state: "done", output: "said", costUsd: usd, tokens: 10 });
  }
  assert.deepEqual(await readSpendBelow(kernel.database, top), { runCount: 2, costUsd: 0.75, tokens: 20 });
  const middle = parents[1]!.id;
  assert.deepEqual(await readSpendBelow(kernel.database, middle), { runCount: 1, costUsd: 0.5, tokens: 10 });
  assert.deepEqual(await readSpendBelow(kernel.database, parent.id), { runCount: 0, costUsd: 0, tokens: 0 });
  const refused = await reserveSpend(kernel, parent.owned, { seq: 2, usd: 0.5, tokens: 1 });
  assert.ok(!refused.granted && refused.cap.scope === `run:${top}`);
});
