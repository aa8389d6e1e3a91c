/** One world, always the same one; `simulate.long.test.ts` lets the next ones happen, `npm run simulate` as many as asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openWorlds } from "./open-worlds.ts";
import { createPlan } from "./plan.ts";
import { simulate } from "./simulate.ts";

const seed = 1;

test(`simulate() breaks no promise in the world of seed ${seed}, whatever goes wrong`, async () => {
  await using worlds = await openWorlds();
  const { violation, trace } = await simulate(worlds, createPlan(seed));
  assert.equal(violation, undefined, `see it with: npm run simulate -- --seed ${seed}\n${trace.slice(-20).join("\n")}`);
});
