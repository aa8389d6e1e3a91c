/** The short run: as many worlds as its time allows, the same ones in the same order each time. The long one is `npm run simulate`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openWorlds, type Worlds } from "./open-worlds.ts";
import { createPlan, type Plan } from "./plan.ts";
import { simulate } from "./simulate.ts";

const budgetMs = 20_000;
/** Also on a machine that is too busy for more. */
const seedsMin = 3;
const seedsMax = 20;

let worlds: Worlds;
before(async () => {
  worlds = await openWorlds();
});
after(async () => {
  await worlds[Symbol.asyncDispose]();
});

test("simulate() breaks no promise, whatever goes wrong", async () => {
  const untilMs = performance.now() + budgetMs;
  for (let seed = 1; seed <= seedsMin || (seed <= seedsMax && performance.now() < untilMs); seed += 1) {
    const { violation, trace } = await simulate(worlds, createPlan(seed));
    assert.equal(
      violation,
      undefined,
      `in the world of seed ${seed}; see it with: npm run simulate -- --seed ${seed}\n${trace.slice(-20).join("\n")}`,
    );
  }
});

test("simulate() lets the same happen again for the same plan", async () => {
  const whole = createPlan(31);
  const plan: Plan = { ...whole, jobCount: 1, operations: whole.operations.slice(0, 6) };
  const first = await simulate(worlds, plan);
  const second = await simulate(worlds, plan);
  assert.ok(first.faultCount > 0 && first.waitCount > 0, "a world with faults and lock waits was expected");
  assert.deepEqual(second.trace, first.trace);
});
