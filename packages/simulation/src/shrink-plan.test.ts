import assert from "node:assert/strict";
import { test } from "node:test";
import { createPlan, type Plan } from "./plan.ts";
import { shrinkPlan } from "./shrink-plan.ts";

const plan: Plan = {
  ...createPlan(1),
  workerCount: 3,
  faults: Array.from({ length: 9 }, (_, at) => ({ kind: "crash after", at, on: "", moment: "any", amount: 1 })),
};

test("shrinkPlan() keeps only what the failure needs", async () => {
  const [needed, alsoNeeded] = [plan.faults[3]!, plan.faults[7]!];
  const isBroken = async ({ faults, workerCount }: Plan) =>
    faults.includes(needed) && faults.includes(alsoNeeded) && workerCount >= 2;

  const smallest = await shrinkPlan(plan, { isBroken, attemptsMax: 500 });

  assert.deepEqual(smallest.faults, [needed, alsoNeeded]);
  assert.deepEqual([smallest.operations, smallest.workerCount, smallest.clientCount], [[], 2, 1]);
});

test("shrinkPlan() tries no more worlds than it may", async () => {
  let triedCount = 0;
  const isBroken = async () => {
    triedCount += 1;
    return true;
  };
  await shrinkPlan(plan, { isBroken, attemptsMax: 5 });
  assert.equal(triedCount, 5);
});
