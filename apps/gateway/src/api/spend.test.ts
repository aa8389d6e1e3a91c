import assert from "node:assert/strict";
import { test } from "node:test";
import { beginStep, finishRun, finishStep, retryRun, type Kernel, type Owned } from "@roost/kernel";
import { createTestGateway, type TestGateway } from "../testing/create-test-gateway.ts";
import { claimOne, joinWorker, playRun, startRun } from "../testing/drive-runs.ts";

/** A run of the job that calls a model once and fails. */
async function playJob(
  { client, kernel }: TestGateway,
  jobId: string,
  costUsd: number,
  told: { isEstimated?: true } = {},
): Promise<string> {
  await using worker = await joinWorker(kernel);
  const { tick } = await client.runJob({ jobId });
  const owned = await claimOne(kernel, worker);
  assert.equal(owned.runId, tick.runId);
  const usage = { inputTokens: 1_000, cachedTokens: 400, outputTokens: 50, savedUsd: 0.25, model: "small", ...told };
  await beginStep(kernel, owned, { seq: 1, name: "model#1", kind: "model", effect: "idempotent" });
  await finishStep(kernel, owned, { seq: 1, state: "done", output: {}, usage, costUsd });
  await finishRun(kernel, owned, { state: "failed", error: { code: "internal", message: "no", isRetryable: false } });
  return owned.runId;
}

async function finishAgain(kernel: Kernel): Promise<void> {
  await using worker = await joinWorker(kernel);
  await finishRun(kernel, await claimOne(kernel, worker), { state: "done" });
}

test("listSpend() says what calls cost by day, job, agent, model and session; what a retry took over counts once", async () => {
  await using gateway = await createTestGateway();
  const { client, kernel } = gateway;
  for (const id of ["post", "mail"])
    await client.defineJob({ jobId: id, prompt: "do", trigger: { kind: "every", every: "12h" } });
  const runId = await playJob(gateway, "post", 0.5);
  await playJob(gateway, "mail", 0.75, { isEstimated: true });
  await retryRun(kernel, { runId, reason: "a test", by: "test" });
  await finishAgain(kernel);
  await playRun(kernel, 2);
  const by = async (what: "day" | "job" | "agent" | "model" | "session") =>
    (await client.listSpend({ by: what })).items.map(({ key, costUsd }) => [key, costUsd]);
  assert.deepEqual(await by("job"), [
    ["mail", 0.75],
    ["post", 0.5],
  ]);
  const first = await client.listSpend({ by: "job", limit: 1 });
  const second = await client.listSpend({ by: "job", limit: 1, after: first.next ?? "" });
  assert.deepEqual(
    [first, second].map(({ items, total, next }) => [items.map(({ key }) => key), total.costUsd, next === null]),
    [
      [["mail"], 1.25, false],
      [["post"], 1.25, true],
    ],
  );
  assert.deepEqual([await by("agent"), await by("model")], [[["main", 1.25]], [["small", 1.25]]]);
  const days = await client.listSpend({ days: 1 });
  assert.deepEqual(days.items, [{ ...days.total, key: new Date(kernel.clock.nowMs()).toISOString().slice(0, 10) }]);
  const { key: _all, ...total } = days.total;
  const tokens = { inputTokens: 2_000, cachedTokens: 800, outputTokens: 100 };
  assert.deepEqual(total, {
    callCount: 2,
    costUsd: 1.25,
    ...tokens,
    savedUsd: 0.5,
    estimatedCount: 1,
    unknownCount: 0,
  });

  const { items: forecasts } = await client.listSpendForecasts();
  assert.deepEqual(
    forecasts.map(({ jobId, runsPerDay, usdPerDay, runCount }) => [jobId, runsPerDay, usdPerDay, runCount]),
    [
      ["mail", 2, 1.5, 1],
      ["post", 2, 1, 1],
    ],
    "a retry is no run of its own: what both cost is what a tick costs",
  );
});

/** The run calls a model once. */
async function spend(kernel: Kernel, owned: Owned, seq: number, costUsd: number | undefined): Promise<void> {
  await beginStep(kernel, owned, { seq, name: `model#${seq}`, kind: "model", effect: "idempotent" });
  const usage = { inputTokens: 10, outputTokens: 1, model: "small" };
  await finishStep(kernel, owned, { seq, state: "done", output: {}, usage, ...(costUsd !== undefined && { costUsd }) });
}

test("listSpend() and forecasts count what a run delegates for its job and its session, at any depth", async () => {
  await using gateway = await createTestGateway();
  const { client, kernel } = gateway;
  await using worker = await joinWorker(kernel);
  await client.defineJob({ jobId: "news", prompt: "read", trigger: { kind: "every", every: "12h" } });
  await client.runJob({ jobId: "news" });
  const ofJob = await claimOne(kernel, worker);
  await startRun(kernel, { sessionKey: "main", sessionKind: "main" });
  const ofMain = await claimOne(kernel, worker);
  for (const top of [ofJob, ofMain]) {
    await spend(kernel, top, 1, 0.5);
    await startRun(kernel, { parent: { ...top, seq: 2 }, agent: "reader" });
    const child = await claimOne(kernel, worker);
    await spend(kernel, child, 1, 0.25);
    await startRun(kernel, { parent: { ...child, seq: 2 }, agent: "reader" });
    const grandchild = await claimOne(kernel, worker);
    await spend(kernel, grandchild, 1, 0.125);
    for (const owned of [grandchild, child, top]) await finishRun(kernel, owned, { state: "done" });
  }
  const by = async (what: "job" | "session" | "agent") =>
    (await client.listSpend({ by: what })).items.map(({ key, costUsd }) => [key, costUsd]);
  assert.deepEqual(await by("job"), [
    ["news", 0.875],
    [null, 0.875],
  ]);
  const [job, main] = await by("session");
  assert.deepEqual([job?.[1], main], [0.875, ["main", 0.875]]);
  assert.deepEqual(await by("agent"), [
    ["main", 1],
    ["reader", 0.75],
  ]);
  const { items } = await client.listSpendForecasts();
  assert.deepEqual(
    items.map(({ jobId, usdPerRun, usdPerDay, runCount, isCostKnown }) => [
      jobId,
      usdPerRun,
      usdPerDay,
      runCount,
      isCostKnown,
    ]),
    [["news", 0.875, 1.75, 1, true]],
  );
  // One call without a price, of a run that it delegates: it costs more than is known.
  await client.runJob({ jobId: "news" });
  const again = await claimOne(kernel, worker);
  await startRun(kernel, { parent: { ...again, seq: 2 }, agent: "reader" });
  const unpriced = await claimOne(kernel, worker);
  await spend(kernel, unpriced, 1, undefined);
  for (const owned of [unpriced, again]) await finishRun(kernel, owned, { state: "done" });
  const [news] = (await client.listSpendForecasts()).items;
  assert.deepEqual([news?.usdPerRun, news?.isCostKnown], [0.4375, false]);
});

test("retryRun() takes new caps for what follows, from a person only", async () => {
  await using gateway = await createTestGateway();
  const { client, kernel } = gateway;
  await client.defineJob({
    jobId: "post",
    prompt: "do",
    trigger: { kind: "manual" },
    budget: { usdMax: 0.1, callsMax: 9 },
  });
  const runId = await playJob(gateway, "post", 0.1);
  const { run } = await client.retryRun({ runId, budget: { usdMax: 2 } });
  const [row] = await kernel.database.query("select budget from roost.run where id = $1", [run.id]);
  assert.deepEqual(row?.["budget"], { usdMax: 2, callsMax: 9 });
});
