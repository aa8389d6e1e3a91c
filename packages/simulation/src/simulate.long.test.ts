/** The long run: forty-four worlds beyond that of simulate.test.ts, always the same ones. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openWorlds, type Worlds } from "./open-worlds.ts";
import { createPlan, type Plan } from "./plan.ts";
import { simulate } from "./simulate.ts";

const firstSeed = 2;
const seedCount = 44;

let worlds: Worlds;
before(async () => {
  worlds = await openWorlds();
});
after(async () => {
  await worlds[Symbol.asyncDispose]();
});

for (let seed = firstSeed; seed < firstSeed + seedCount; seed += 1) {
  test(`simulate() breaks no promise in the world of seed ${seed}, whatever goes wrong`, async () => {
    const { violation, trace } = await simulate(worlds, createPlan(seed));
    assert.equal(
      violation,
      undefined,
      `see it with: npm run simulate -- --seed ${seed}\n${trace.slice(-20).join("\n")}`,
    );
  });
}

test("simulate() lets the same happen again for the same plan", async () => {
  const whole = createPlan(31);
  const plan: Plan = { ...whole, jobCount: 1, operations: whole.operations.slice(0, 6) };
  const first = await simulate(worlds, plan);
  const second = await simulate(worlds, plan);
  assert.ok(first.faultCount > 0 && first.waitCount > 0, "a world with faults and lock waits was expected");
  assert.deepEqual(second.trace, first.trace);
});
