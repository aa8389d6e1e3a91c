import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import {
  claimRuns,
  createRun,
  getRun,
  readSpend,
  registerWorker,
  setBudgets,
  type ClaimedRun,
  type Kernel,
  type NewRun,
} from "@roost/kernel";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { openTelemetry } from "@roost/telemetry";
import { createDurableSteps, type DurableSteps } from "./create-durable-steps.ts";

async function begin(kernel: Kernel, run: Partial<NewRun> = {}): Promise<{ run: ClaimedRun; steps: DurableSteps }> {
  await kernel.transact((tx) => createRun(tx, { reason: "a test", input: {}, ...run }));
  const worker = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
  const [claimed] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
  assert.ok(claimed);
  const telemetry = await openTelemetry({ serviceName: "test", logger: silentLogger });
  const signal = new AbortController().signal;
  return { run: claimed, steps: createDurableSteps({ kernel, run: claimed, signal, telemetry, onUnknown: "tell" }) };
}

/** What one attempt may cost at most and what it did cost. */
interface Attempt {
  max: number | null;
  actual: number | null;
  tokens?: number;
}

/** A model step of several attempts, as a call that falls back to another provider makes them; false: a cap refused it. */
async function call(
  steps: DurableSteps,
  name: string,
  attempts: Attempt[],
): Promise<{ isGranted: boolean; cap: string }> {
  let cap = "";
  const outcome = await steps.step(name, { kind: "model", effect: "readonly" }, async () => {
    for (const { max, actual, tokens = 10 } of attempts) {
      const reservation = await steps.spend.reserve({
        provider: "p",
        model: "m",
        step: name,
        inputTokens: tokens,
        outputTokens: 0,
        costUsd: max,
      });
      if (reservation.state === "refused") {
        cap = reservation.cap;
        return { state: "failed", error: { code: "limit_exceeded", message: reservation.message, isRetryable: false } };
      }
      await reservation.settle({ inputTokens: tokens, outputTokens: 0, costUsd: actual, isEstimated: false });
    }
    return { state: "done", output: "said" };
  });
  await steps.unrecorded.flush();
  return { isGranted: outcome.state === "done", cap };
}

async function spentUsd(kernel: Kernel, { run }: { run: ClaimedRun }): Promise<number> {
  return (await getRun(kernel.database, run.id)).costUsd;
}

test("createSpendLedger() stops a long run in its middle at its hard cap of $0.50 and never above it", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const begun = await begin(kernel, { budget: { usdMax: 0.5 } });
  let grantedCount = 0;
  for (let count = 1; count <= 100; count += 1) {
    const { isGranted, cap } = await call(begun.steps, `model#${count}`, [{ max: 0.03, actual: 0.02 }]);
    if (!isGranted) {
      assert.match(cap, new RegExp(`^run:${begun.run.id} .*0\\.5 usd$`));
      break;
    }
    grantedCount += 1;
  }
  // 24 × 0.02 = 0.48; one more could cost 0.03 and break the cap.
  assert.equal(grantedCount, 24);
  assert.equal(await spentUsd(kernel, begun), 0.48);
});

test("createSpendLedger() gives a step whose provider told no tokens those that its run is counted with, marked as estimated", async () => {
  await using opened = await createTestKernel();
  const begun = await begin(opened.kernel, {});
  const { steps, run } = begun;
  const told = { cachedTokens: null, reasoningTokens: null };
  for (const [name, usage] of [
    ["model#1", { inputTokens: null, outputTokens: null, ...told }],
    ["model#2", { inputTokens: 7, outputTokens: 3, ...told }],
  ] as const) {
    await steps.step(name, { kind: "model", effect: "readonly" }, async () => {
      const ask = { provider: "p", model: "m", step: name, inputTokens: 90, outputTokens: 20, costUsd: null };
      const reservation = await steps.spend.reserve(ask);
      assert.equal(reservation.state, "granted");
      const actual = { inputTokens: usage.inputTokens ?? 90, outputTokens: usage.outputTokens ?? 20, costUsd: null };
      if (reservation.state === "granted") await reservation.settle({ ...actual, isEstimated: true });
      return { state: "done", output: "said", usage };
    });
  }
  await steps.unrecorded.flush();
  const rows = await opened.kernel.database.query<{ usage: object; cost_usd: number | null }>(
    "select usage, cost_usd from roost.step where run_id = $1 order by seq",
    [run.id],
  );
  assert.deepEqual(
    rows.map(({ usage }) => usage),
    [
      { inputTokens: 90, outputTokens: 20, ...told, isEstimated: true },
      { inputTokens: 7, outputTokens: 3, ...told },
    ],
  );
  assert.deepEqual(
    rows.map((row) => row.cost_usd),
    [null, null],
    "no price is known",
  );
  const counted = await getRun(opened.kernel.database, run.id);
  assert.deepEqual([counted.tokens, counted.costUsd, counted.usdReserved], [120, 0, 0]);
});

test("createSpendLedger() holds a cap between the attempts of one call", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const begun = await begin(kernel, { budget: { usdMax: 0.05 } });
  const { isGranted } = await call(begun.steps, "model#1", [
    { max: 0.03, actual: 0.03 },
    { max: 0.03, actual: 0.03 },
  ]);
  assert.equal(isGranted, false);
  assert.equal(await spentUsd(kernel, begun), 0.03);
});

test("createSpendLedger() counts all attempts of a call that fell back to another provider", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const begun = await begin(kernel, { budget: { usdMax: 1 } });
  await call(begun.steps, "model#1", [
    { max: 0.03, actual: 0.01 },
    { max: 0.09, actual: 0.08 },
  ]);
  assert.equal(await spentUsd(kernel, begun), 0.09);
  const { usdReserved, reservationCount } = await getRun(kernel.database, begun.run.id);
  assert.deepEqual([usdReserved, reservationCount], [0, 0]);
});

test("createSpendLedger() holds a cap in tokens when no price is known", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await setBudgets(kernel, { caps: [{ scope: "all", window: "day", tokensMax: 250 }] });
  const begun = await begin(kernel);
  const granted = [];
  for (const name of ["model#1", "model#2", "model#3"]) {
    granted.push(await call(begun.steps, name, [{ max: null, actual: null, tokens: 100 }]));
  }
  assert.deepEqual(
    granted.map(({ isGranted }) => isGranted),
    [true, true, false],
  );
  assert.equal(granted[2]!.cap, "all day 250 tokens");
  const [day] = await readSpend(kernel, { scopes: ["all"], windows: ["day"] });
  assert.deepEqual([day!.tokens, day!.tokensReserved], [200, 0]);
});
