/** Scenarios L, L2 and M of docs/scenarios.md: what a model that is asked and asked again can cost, with the real loop, budgets and HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScriptedReply } from "@roost/agent/testing";
import { silentLogger } from "@roost/base";
import { defineJob, fireDueTicks, listTicks } from "@roost/jobs";
import {
  claimRuns,
  createRun,
  getRun,
  readSpend,
  registerWorker,
  retryRun,
  setBudgets,
  type NewRun,
  type Run,
} from "@roost/kernel";
import { Settings } from "@roost/memory/settings";
import { createAgentHandler } from "./create-agent-handler.ts";
import { executeRun } from "./execute-run.ts";
import { createModelsFor } from "./models/choose-models.ts";
import { openTestHome, type TestHome } from "./testing/open-test-home.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** More than a beat takes on a slow machine. */
const laterMs = 30_000;
const startMs = Date.parse("2025-11-24T00:00:00Z");

interface Scene extends AsyncDisposable {
  home: TestHome;
  /** Replies of the model so far. */
  readonly callCount: number;
  reply: (answer: ScriptedReply | ((callCount: number) => ScriptedReply)) => void;
  /** Runs all that is due at a moment to its end. */
  live(ms: number): Promise<Run[]>;
}

/** A worker whose model answers as it is told. */
async function openScene({ isPriceless = false }: { isPriceless?: boolean } = {}): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const home = opened.use(await openTestHome({ files: { "HEARTBEAT.md": "- look at the mail\n" } }));
  const { kernel, modelUrl: baseUrl } = home;
  const provider = {
    kind: "openai-compatible" as const,
    id: "scripted",
    baseUrl,
    model: "scripted",
    outputTokensMax: 4096,
  };
  const choice = { settings: Settings.parse({}), clock: kernel.clock, logger: silentLogger };
  const modelsFor = createModelsFor({ providers: [provider], ...choice });
  await home.test.clock.set(new Date(startMs));
  let callCount = 0;
  let answer: Parameters<Scene["reply"]>[0] = "HEARTBEAT_OK";
  home.setScript(() => {
    callCount += 1;
    return typeof answer === "function" ? answer(callCount) : answer;
  });
  const agent = createAgentHandler({ ...home.handlerOptions, ...(isPriceless ? { modelsFor } : {}) });
  const worker = opened.use(
    await registerWorker(kernel, { kind: "worker", host: "test", pid: process.pid, ttlMs: 30 * dayMs }),
  );
  const kept = opened.move();
  return {
    home,
    get callCount() {
      return callCount;
    },
    reply: (next) => {
      answer = next;
    },
    async live(ms) {
      await home.test.clock.set(new Date(ms));
      await fireDueTicks(kernel);
      const claimed = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 20 });
      const { signal } = new AbortController();
      for (const run of claimed) await executeRun({ kernel, handlers: { agent }, logger: silentLogger }, run, signal);
      return Promise.all(claimed.map(({ id }) => getRun(kernel.database, id)));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function defineEvery(home: TestHome, everyMs: number, more: object = {}): Promise<void> {
  const trigger = { kind: "every", every: everyMs, anchor: new Date(startMs).toISOString() };
  await defineJob(home.kernel, { id: "beat", trigger, prompt: "", ...more }, { by: "test" });
}

/** Cool-downs grow to six hours within the first day; openModels() is asked for twelve days in its own test. */
const refusedDays = 3;

test("L: for days the provider answers 401 to heartbeats: it is left alone for longer and longer, nothing is spent, and it is tried again", async () => {
  await using scene = await openScene();
  const { home } = scene;
  await setBudgets(home.kernel, { caps: [{ scope: "all", window: "day", usdMax: 1 }] });
  const everyMs = 3 * hourMs;
  await defineEvery(home, everyMs, { session: "heartbeat" });
  scene.reply({ status: 401, error: { message: "Incorrect API key provided" } });
  const beatCount = (refusedDays * dayMs) / everyMs;
  const ended: Run[] = [];
  // Each some seconds later than the one before: a cool-down of hours has ended then, and nothing waits for the rest of it.
  const liveBeat = (beat: number) => scene.live(startMs + beat * everyMs + beat * laterMs);
  for (let beat = 1; beat <= beatCount; beat += 1) ended.push(...(await liveBeat(beat)));
  assert.equal(ended.length, beatCount, "every tick is on record");
  assert.ok(ended.every(({ state, error }) => state === "failed" && error?.code === "unauthenticated"));
  assert.match(
    ended.at(-1)?.error?.message ?? "",
    /Incorrect API key.*skipped for \dh \d+m after \d+ failures.*check its key/,
  );
  // Cool-downs of 5, 10, 20, … minutes first, then of six hours.
  const callsMax = 9 + (refusedDays * dayMs) / (6 * hourMs);
  assert.ok(scene.callCount <= callsMax, `${scene.callCount} calls, expected at most ${callsMax}`);
  const spends = await readSpend(home.kernel, { scopes: ["all"], windows: ["day"], isCurrent: false });
  assert.ok(spends.every(({ costUsd, usdReserved }) => costUsd === 0 && usdReserved === 0));

  scene.reply("HEARTBEAT_OK");
  const states: string[] = [];
  for (let beat = 1; beat <= 4; beat += 1) {
    for (const { state } of await liveBeat(beatCount + beat)) states.push(state);
  }
  assert.equal(states.at(-1), "done", "with the right key it goes on within a cool-down");
  const { ticks } = await listTicks(home.kernel, { jobId: "beat", limit: 500 });
  assert.ok(ticks.every(({ outcome }) => outcome === "fired"));
});

/** Looks busy: says something and looks for something else each time. $0.03 a call, in the price of the test home. */
const busy = (callCount: number): ScriptedReply => ({
  text: "Still at it, nearly there",
  toolCalls: [{ name: "search_files", arguments: { query: "x".repeat(callCount % 100) + "y" } }],
  usage: { prompt_tokens: 2_000, completion_tokens: 1_000, total_tokens: 3_000 },
});
const callUsd = 0.03;

/** One run that would go on for ever, executed until it ends. */
async function runBusily(scene: Scene, budget: NonNullable<NewRun["budget"]>): Promise<Run> {
  scene.reply(busy);
  const { kernel } = scene.home;
  const run = { reason: "a test", input: { prompt: "go on" }, sessionKind: "cron" as const, agent: "main", budget };
  const { runId } = await kernel.transact((tx) => createRun(tx, run));
  await scene.live(startMs);
  return getRun(kernel.database, runId);
}

test("L2: a hard cap of $0.50 stops one long run in its middle, at most one call above", async () => {
  await using scene = await openScene();
  const run = await runBusily(scene, { usdMax: 0.5 });
  assert.deepEqual([run.state, run.error?.code], ["failed", "limit_exceeded"]);
  assert.match(run.error?.message ?? "", /cap of \$0\.5000/);
  const spentUsd = scene.callCount * callUsd;
  assert.ok(spentUsd <= 0.5 + callUsd && spentUsd > 0.4, `${scene.callCount} calls cost $${spentUsd}`);
  assert.equal(run.costUsd.toFixed(9), spentUsd.toFixed(9), "what is recorded is what was used");
  const { text } = run.output as { text: string };
  assert.equal(text, "Still at it, nearly there", "what it had to say is kept");
});

test("A run that its cap has stopped goes on with more: no call is made or paid again, and its own cap holds what follows", async () => {
  await using scene = await openScene();
  const { kernel } = scene.home;
  const stopped = await runBusily(scene, { usdMax: 0.3 });
  const before = scene.callCount;
  const goOn = (runId: string, usdMax: number) =>
    retryRun(kernel, { runId, reason: "it is worth it", by: "owner", budget: { usdMax } });
  const { runId } = await goOn(stopped.id, 0.15);
  await scene.live(startMs);
  const more = await getRun(kernel.database, runId);
  assert.deepEqual([more.state, more.error?.code], ["failed", "limit_exceeded"]);
  const added = scene.callCount - before;
  assert.ok(added >= 3 && added * callUsd <= 0.15 + callUsd, `${added} further calls`);
  assert.equal(more.costUsd.toFixed(9), (added * callUsd).toFixed(9), "what was paid before is not paid again");
  const { runId: last } = await goOn(more.id, 1);
  scene.reply("Found it.");
  await scene.live(startMs);
  const done = await getRun(kernel.database, last);
  assert.deepEqual([done.state, (done.output as { text: string }).text], ["done", "Found it."]);
  assert.equal(scene.callCount, before + added + 1);
});

test("A run that has made all the model calls that a run may make goes on when a person retries it", async () => {
  await using scene = await openScene();
  const { kernel } = scene.home;
  const stopped = await runBusily(scene, {});
  assert.match(stopped.error?.message ?? "", /may make 40 model calls and has made them/);
  const { runId } = await retryRun(kernel, { runId: stopped.id, reason: "go on", by: "owner" });
  scene.reply((count) => (count < 45 ? busy(count) : "Found it."));
  await scene.live(startMs);
  const done = await getRun(kernel.database, runId);
  assert.deepEqual([done.state, scene.callCount], ["done", 45]);
});

test("L2: a model without a price is stopped in the middle of a run by the cap in tokens", async () => {
  await using scene = await openScene({ isPriceless: true });
  const run = await runBusily(scene, { usdMax: 0.5, tokensMax: 30_000 });
  assert.deepEqual([run.state, run.error?.code, run.costUsd], ["failed", "limit_exceeded", 0]);
  assert.match(run.error?.message ?? "", /cap of 30000 tokens/);
  assert.ok(scene.callCount >= 8 && scene.callCount <= 11, `${scene.callCount} calls of 3,000 tokens`);
  assert.equal(run.tokens, scene.callCount * 3_000);
});

/** Three hours and eleven minutes of a job that begins anew whenever it was stopped, and looks busy all the while. */
async function spiral(scene: Scene): Promise<Run[]> {
  await defineEvery(scene.home, 15 * 60_000, { overlap: "allow", retry: { attemptsMax: 5, backoffMs: 1_000 } });
  scene.reply(busy);
  const ended: Run[] = [];
  for (let ms = startMs; ms <= startMs + 191 * 60_000; ms += 15 * 60_000) ended.push(...(await scene.live(ms + 1)));
  return ended;
}

test("M: a loop that looks busy for three hours is stopped by its rate of calls", async () => {
  await using scene = await openScene();
  await setBudgets(scene.home.kernel, { caps: [{ scope: "job:beat", window: "hour", callsMax: 10 }] });
  const ended = await spiral(scene);
  assert.ok(ended.length >= 12);
  assert.ok(ended.every(({ state, error }) => state === "failed" && error?.code === "limit_exceeded"));
  assert.equal(scene.callCount, 4 * 10, "each of the four hours has its own");
  assert.match(ended.at(-1)?.error?.message ?? "", /cap of 10 calls per hour for job:beat/);
});

test("M: a loop that looks busy for three hours is stopped by its money", async () => {
  await using scene = await openScene();
  await setBudgets(scene.home.kernel, { caps: [{ scope: "all", window: "day", usdMax: 2 }] });
  const ended = await spiral(scene);
  assert.ok(ended.every(({ state }) => state === "failed"));
  assert.ok(scene.callCount * callUsd <= 2 + callUsd, `${scene.callCount} calls cost $${scene.callCount * callUsd}`);
  assert.match(ended.at(-1)?.error?.message ?? "", /cap of \$2\.0000 per day for everything/);
});

test("M: a loop is stopped by the calls that a job allows each of its runs", async () => {
  await using scene = await openScene();
  await defineEvery(scene.home, hourMs, { budget: { callsMax: 10 }, retry: { attemptsMax: 5, backoffMs: 1_000 } });
  scene.reply(busy);
  const [run] = await scene.live(startMs + hourMs + 1);
  assert.deepEqual([run?.state, scene.callCount], ["failed", 10]);
  assert.match(run?.error?.message ?? "", /cap of 10 calls for run:/);
});
