/** The long run: forty-four worlds beyond that of simulate.test.ts, always the same ones. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openWorlds, type Worlds } from "./open-worlds.ts";
import { createPlan } from "./plan.ts";
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
