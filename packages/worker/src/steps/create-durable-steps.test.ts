import assert from "node:assert/strict";
import { test } from "node:test";
import type { Effect, StepOptions, StepResult } from "@roost/agent";
import {
  claimRuns,
  createRun,
  getRun,
  listSteps,
  reapWorkers,
  registerWorker,
  resolveStep,
  type ClaimedRun,
  type Kernel,
} from "@roost/kernel";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { openTelemetry } from "@roost/telemetry";
import { silentLogger } from "@roost/base";
import { createDurableSteps, type DurableSteps } from "./create-durable-steps.ts";

const signal = new AbortController().signal;

async function claimOne(kernel: Kernel): Promise<ClaimedRun> {
  const worker = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
  const [run] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
  assert.ok(run);
  return run;
}

async function stepsOf(kernel: Kernel, run: ClaimedRun, onUnknown: "tell" | "wait" = "tell"): Promise<DurableSteps> {
  const telemetry = await openTelemetry({ serviceName: "test", logger: silentLogger });
  return createDurableSteps({ kernel, run, signal, telemetry, onUnknown });
}

/** The worker is gone: its lease expires, the reaper gives the run back, another claims it. */
async function takeOver(test: Awaited<ReturnType<typeof createTestKernel>>): Promise<ClaimedRun> {
  await test.clock.advance(60_000);
  await reapWorkers(test.kernel);
  return await claimOne(test.kernel);
}

const tool = (effect: Effect, more: Partial<StepOptions<string>> = {}): StepOptions<string> => ({
  kind: "tool",
  effect,
  ...more,
});
const done = async (): Promise<StepResult<string>> => ({ state: "done", output: "did it" });
const hang = new Promise<never>(() => undefined);

async function begin(kernel: Kernel): Promise<string> {
  const { runId } = await kernel.transact((tx) => createRun(tx, { reason: "a test", input: {} }));
  return runId;
}

test("createDurableSteps() replays what is recorded without executing it", async () => {
  await using opened = await createTestKernel();
  await begin(opened.kernel);
  const first = await stepsOf(opened.kernel, await claimOne(opened.kernel));
  assert.deepEqual(await first.step("tool:a#1", tool("unsafe"), done), { state: "done", output: "did it" });
  const second = await stepsOf(opened.kernel, await takeOver(opened));
  const again = await second.step("tool:a#1", tool("unsafe"), () => assert.fail("a finished step ran again"));
  assert.deepEqual(again, { state: "done", output: "did it" });
  assert.equal(second.hasExecuted, false);
});

for (const effect of ["readonly", "idempotent"] as const) {
  test(`createDurableSteps() runs an interrupted ${effect} step again under the same key`, async () => {
    await using opened = await createTestKernel();
    await begin(opened.kernel);
    const keys: string[] = [];
    const first = await stepsOf(opened.kernel, await claimOne(opened.kernel));
    const begun = Promise.withResolvers<void>();
    void first
      .step("tool:a#1", tool(effect), async ({ idempotencyKey }) => {
        keys.push(idempotencyKey);
        begun.resolve();
        return await hang;
      })
      .catch(() => undefined);
    await begun.promise;
    const second = await stepsOf(opened.kernel, await takeOver(opened));
    const outcome = await second.step("tool:a#1", tool(effect), async ({ idempotencyKey, attempt }) => {
      keys.push(idempotencyKey);
      assert.equal(attempt, 2);
      return { state: "done", output: "did it" };
    });
    assert.deepEqual(outcome, { state: "done", output: "did it" });
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
  });
}

async function interrupted(
  opened: Awaited<ReturnType<typeof createTestKernel>>,
  options: StepOptions<string>,
): Promise<ClaimedRun> {
  await begin(opened.kernel);
  const first = await stepsOf(opened.kernel, await claimOne(opened.kernel));
  const begun = Promise.withResolvers<void>();
  void first
    .step("tool:a#1", options, async () => {
      begun.resolve();
      return await hang;
    })
    .catch(() => undefined);
  await begun.promise;
  return await takeOver(opened);
}

test("createDurableSteps() never repeats an interrupted unsafe step: the outcome is unknown", async () => {
  await using opened = await createTestKernel();
  const run = await interrupted(opened, tool("unsafe"));
  const steps = await stepsOf(opened.kernel, run);
  const outcome = await steps.step("tool:a#1", tool("unsafe"), () => assert.fail("an unsafe step ran twice"));
  assert.equal(outcome.state, "unknown");
  const [recorded] = await listSteps(opened.kernel.database, run.id);
  assert.equal(recorded?.state, "unknown");
});

test("createDurableSteps() lets a run wait for a person when its job says so", async () => {
  await using opened = await createTestKernel();
  const run = await interrupted(opened, tool("unsafe"));
  const steps = await stepsOf(opened.kernel, run, "wait");
  await assert.rejects(
    steps.step("tool:a#1", tool("unsafe"), () => assert.fail("an unsafe step ran twice")),
    { name: "RunInterruption", kind: "suspended" },
  );
  assert.equal((await getRun(opened.kernel.database, run.id)).state, "waiting");
});

test("createDurableSteps() asks whether an interrupted queryable step happened", async () => {
  for (const found of [true, false]) {
    await using opened = await createTestKernel();
    const options = tool("queryable", { query: async () => (found ? { found, output: "it is there" } : { found }) });
    const run = await interrupted(opened, options);
    let runCount = 0;
    const outcome = await (
      await stepsOf(opened.kernel, run)
    ).step("tool:a#1", options, async () => {
      runCount += 1;
      return { state: "done", output: "did it" };
    });
    assert.deepEqual(outcome, { state: "done", output: found ? "it is there" : "did it" });
    assert.equal(runCount, found ? 0 : 1);
  }
});

test("createDurableSteps() refuses the late outcome of a worker that lost its run", async () => {
  await using opened = await createTestKernel();
  const runId = await begin(opened.kernel);
  const first = await stepsOf(opened.kernel, await claimOne(opened.kernel));
  const answer = Promise.withResolvers<StepResult<string>>();
  const begun = Promise.withResolvers<void>();
  const late = first.step("tool:a#1", tool("idempotent"), async () => {
    begun.resolve();
    return await answer.promise;
  });
  await begun.promise;
  const second = await stepsOf(opened.kernel, await takeOver(opened));
  await second.step("tool:a#1", tool("idempotent"), async () => ({ state: "done", output: "the second" }));
  await second.unrecorded.flush();
  answer.resolve({ state: "done", output: "the late first" });
  await late;
  await assert.rejects(
    first.step("tool:b#1", tool("idempotent"), () => assert.fail("it goes on without its run")),
    (error: { details?: { reason?: string } | undefined }) => error.details?.reason === "lease_lost",
  );
  const [recorded] = await listSteps(opened.kernel.database, runId);
  assert.equal(recorded?.output, "the second");
});

for (const [outcome, expected] of [
  ["done", { state: "done", output: { text: "It happened, me says: seen it", isUntrusted: false } }],
  ["not_done", { state: "done", output: "did it" }],
] as const) {
  test(`createDurableSteps() goes on with what a person found out: ${outcome}`, async () => {
    await using opened = await createTestKernel();
    const { kernel } = opened;
    const run = await interrupted(opened, tool("unsafe"));
    const first = await stepsOf(kernel, run, "wait");
    await assert.rejects(first.step("tool:a#1", tool("unsafe"), done), { kind: "suspended" });
    await resolveStep(kernel, { runId: run.id, seq: 1, outcome, note: "seen it", by: "me" });
    const second = await stepsOf(kernel, await claimOne(kernel), "wait");
    assert.deepEqual(await second.step("tool:a#1", tool("unsafe"), done), expected);
  });
}

test("createDurableSteps() waits for a person also when the worker died between the unknown outcome and the wait", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const run = await interrupted(opened, tool("unsafe"));
  // Told instead of waited for: what is recorded is the same.
  await (await stepsOf(kernel, run, "tell")).step("tool:a#1", tool("unsafe"), done);
  const steps = await stepsOf(kernel, await takeOver(opened), "wait");
  await assert.rejects(steps.step("tool:a#1", tool("unsafe"), done), { kind: "suspended" });
  assert.equal((await getRun(kernel.database, run.id)).waitingFor, "resolution");
});

test("createDurableSteps() stops a run whose replay asks for something else than is recorded", async () => {
  await using opened = await createTestKernel();
  await begin(opened.kernel);
  const first = await stepsOf(opened.kernel, await claimOne(opened.kernel));
  await first.step("tool:a#1", tool("unsafe", { input: { to: "Ada" } }), done);
  const second = await stepsOf(opened.kernel, await takeOver(opened));
  await assert.rejects(second.step("tool:a#1", tool("unsafe", { input: { to: "Bob" } }), done), /diverged/);
});
