import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "@roost/worker/testing";
import { createModelLoop } from "./create-model-loop.ts";

test("A model that is dead is told once when it stays away, once a day, and when it is back", async () => {
  await using t = await createTestKernel();
  let problem: string | null = "small does not answer: connection refused";
  const loop = createModelLoop(t.kernel, { findProblem: async () => problem, timeZone: "UTC" });
  const told = async () =>
    (
      await t.database.query<{ text: string }>(
        "select data ->> 'text' as text from roost.event where type = 'notice.raised' order by time, id",
      )
    ).map(({ text }) => text);
  await loop.look();
  assert.deepEqual(await told(), [], "a server that restarts is away once");
  for (let count = 0; count < 25; count += 1) {
    await t.clock.advance(3_600_000);
    await loop.look();
  }
  const [first, repeated, ...others] = await told();
  assert.match(first ?? "", /^The model failed 2 times since \w+day: small does not answer: .*See roost doctor$/);
  assert.match(repeated ?? "", /^The model failed 26 times since \w+day: /);
  assert.deepEqual(others, []);
  problem = null;
  await loop.look();
  await loop.look();
  assert.match((await told())[2] ?? "", /^The model is well again: it failed 26 times in 1d/);
  assert.equal((await told()).length, 3);
});
