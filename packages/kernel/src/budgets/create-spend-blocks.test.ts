/** A block is one reservation for many calls: caps hold, what was not used is given back, and a crash counts it as spent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { countStatements, type CountedDatabase } from "@roost/database/testing";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import type { Kernel } from "../open-kernel.ts";
import { createSpendBlocks, settleExpiredBlocks, type SpendBlocks } from "./create-spend-blocks.ts";
import { readSpend, setBudgets } from "./set-budgets.ts";

const scopes = ["all", "agent:proxy"];
const ask = { usd: 0.1, tokens: 1_000 };

async function dayOf(kernel: Kernel): Promise<{ usd: number; reserved: number; calls: number }> {
  const [day] = await readSpend(kernel, { scopes: ["agent:proxy"], windows: ["day"] });
  return { usd: day?.costUsd ?? 0, reserved: day?.usdReserved ?? 0, calls: day?.calls ?? 0 };
}

async function call(blocks: SpendBlocks, usd: number): Promise<boolean> {
  const taken = await blocks.take(ask);
  if (!taken.granted) return false;
  await taken.settle({ usd, tokens: 100 });
  return true;
}

test("createSpendBlocks() reserves once for many calls, and settles what they spent", async () => {
  let database: CountedDatabase | undefined;
  await using test = await createTestKernel({ wrap: (opened) => (database = countStatements(opened)) });
  const { kernel } = test;
  await setBudgets(kernel, { caps: [{ scope: "agent:proxy", window: "day", usdMax: 1_000 }] });
  const blocks = createSpendBlocks(kernel, { scopes });
  database!.reset();

  assert.deepEqual(await Promise.all(Array.from({ length: 16 }, () => call(blocks, 0.04))), Array(16).fill(true));

  assert.deepEqual([database!.statements, database!.flushCount], [["roost_spend_block_open"], 1]);
  assert.deepEqual(await dayOf(kernel), { usd: 0, reserved: 1.6, calls: 16 });

  database!.reset();
  // A block of as many calls as the first second had a minute; what they did not use serves further ones.
  for (let round = 0; round < 960; round += 1) assert.equal(await call(blocks, 0.001), true);
  assert.deepEqual(database!.statements, ["roost_spend_block_open"]);
  assert.deepEqual(await dayOf(kernel), { usd: 0, reserved: 11.6, calls: 976 });
  await blocks.sweep();
  assert.equal((await dayOf(kernel)).reserved, 11.6, "a block in use is no one else's");
  await test.clock.advance(61_000);
  await blocks.sweep();
  const spent = { usd: 1.6, reserved: 0, calls: 976 };
  assert.deepEqual(await dayOf(kernel), spent);
  await blocks[Symbol.asyncDispose]();
  assert.deepEqual(await dayOf(kernel), spent);
});

test("createSpendBlocks() never passes a cap, with several processes at once and also by their blocks", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const other = await test.openAnother();
  await setBudgets(kernel, { caps: [{ scope: "agent:proxy", window: "day", usdMax: 3 }] });
  const processes = [createSpendBlocks(kernel, { scopes }), createSpendBlocks(other, { scopes })];
  let granted = 0;
  for (let round = 0; round < 40; round += 1) {
    const answers = await Promise.all(processes.map((blocks) => call(blocks, ask.usd)));
    granted += answers.filter(Boolean).length;
    const { usd, reserved } = await dayOf(kernel);
    assert.ok(usd + reserved <= 3.000_001, `${usd} and ${reserved} reserved of 3`);
  }
  for (const blocks of processes) await blocks[Symbol.asyncDispose]();

  assert.equal(granted, 30, "every call that fits is made");
  assert.deepEqual(await dayOf(kernel), { usd: 3, reserved: 0, calls: 30 });
  const refused = await createSpendBlocks(kernel, { scopes }).take(ask);
  assert.ok(
    !refused.granted && refused.cap.scope === "agent:proxy" && refused.cap.unit === "usd" && refused.cap.used === 3,
  );
});

test("createSpendBlocks() takes a hundredth of a cap, and calls on their way open a second block", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await setBudgets(kernel, { caps: [{ scope: "agent:proxy", window: "day", usdMax: 100, callsMax: 2_000 }] });
  const blocks = createSpendBlocks(kernel, { scopes });
  const taken = [];
  for (let round = 0; round < 10; round += 1) taken.push(await blocks.take(ask));
  assert.deepEqual(await dayOf(kernel), { usd: 0, reserved: 1, calls: 16 });
  const more = await blocks.take(ask);
  assert.equal((await dayOf(kernel)).reserved, 2);
  for (const one of [...taken, more]) if (one.granted) await one.settle({ usd: 0.01, tokens: 10 });
  await blocks[Symbol.asyncDispose]();
  assert.deepEqual(await dayOf(kernel), { usd: 0.11, reserved: 0, calls: 11 });
});

test("settleExpiredBlocks() counts the block of an owner that died as spent, once", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const lost = createSpendBlocks(kernel, { scopes });
  assert.equal(await call(lost, 0.01), true);

  await settleExpiredBlocks(kernel);
  assert.deepEqual(await dayOf(kernel), { usd: 0, reserved: 1.6, calls: 16 });
  await test.clock.advance(3_600_000);
  await settleExpiredBlocks(kernel);
  await settleExpiredBlocks(kernel);
  await lost[Symbol.asyncDispose]();

  const [total] = await readSpend(kernel, { scopes: ["agent:proxy"], windows: ["total"] });
  assert.deepEqual([total!.costUsd, total!.usdReserved, total!.calls], [1.6, 0, 16]);
});
