/** Long texts of contexts are kept once, shown wherever a step is read, and gone when no run names them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { begin, claimOne, end, joinWorker, startRun } from "../testing/drive-runs.ts";
import { finishStep } from "./finish-step.ts";
import { forkRun } from "./fork-run.ts";
import { listSteps } from "./list-runs.ts";
import type { Owned } from "./run.ts";
import { dropRunHistory, sweepFinishedRuns } from "./sweep-finished-runs.ts";
import type { WorkerRegistration } from "../workers/register-worker.ts";

const soul = "You are kind. ".repeat(100);
const contextWith = (memory: string) => ({
  sections: [
    { name: "SOUL.md", text: soul },
    { name: "MEMORY.md", text: memory, isUntrusted: true },
    { name: "This session", text: "This is a main session." },
  ],
  messages: [{ role: "user", text: "hello" }],
});

async function recordContext({ kernel }: TestKernel, owned: Owned, memory: string): Promise<void> {
  const request = { seq: 1, name: "context#1", kind: "context", effect: "readonly" as const };
  const output = contextWith(memory);
  const outcome = { seq: 1, state: "done" as const, output, shares: true, intent: { request, ms: 3 } };
  await finishStep(kernel, owned, outcome);
  // The answer got lost.
  await finishStep(kernel, owned, outcome);
}

async function runWith(test: TestKernel, worker: WorkerRegistration, memory: string): Promise<string> {
  const runId = await startRun(test.kernel);
  const { owned } = await claimOne(test.kernel, worker);
  await recordContext(test, owned, memory);
  await begin(test.kernel, owned, 2);
  await finishStep(test.kernel, owned, { seq: 2, state: "done" });
  await end(test.kernel, owned);
  return runId;
}

const textsOf = async ({ database }: TestKernel) =>
  (await database.query<{ text: string }>("select text from roost.text order by length(text)")).map(({ text }) => text);

test("long texts of contexts are kept once for all runs, and shown with each step, in its forks and in history", async () => {
  await using test = await createTestKernel();
  const { kernel, database } = test;
  await using worker = await joinWorker(kernel);
  const [tea, coffee] = ["likes tea ".repeat(30), "likes coffee ".repeat(30)];
  const runs = [
    await runWith(test, worker, tea),
    await runWith(test, worker, coffee),
    await runWith(test, worker, tea),
  ];

  assert.deepEqual(await textsOf(test), [tea, coffee, soul]);
  const [stored] = await database.query<{ text: string }>(
    "select max(output::text) as text from roost.step where seq = 1",
  );
  assert.ok(!stored!.text.includes("kind."));
  const fork = await forkRun(kernel, { runId: runs[0]!, fromSeq: 2, reason: "a test", by: "me" });
  await sweepFinishedRuns(kernel, { keepMs: -1 });
  for (const [runId, memory] of [...runs.map((id, index) => [id, [tea, coffee, tea][index]!]), [fork.runId, tea]]) {
    const [step] = await listSteps(database, runId!);
    assert.deepEqual(step?.output, contextWith(memory!));
  }
});

test("dropRunHistory() removes texts that no run names any more, and no other", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await test.clock.set(new Date("2026-03-02T10:00:00Z"));
  await using worker = await joinWorker(kernel, { ttlMs: 360_000_000_000 });
  const [old, kept] = ["an old fact ".repeat(30), "a fact that stays ".repeat(30)];
  await runWith(test, worker, old);
  await sweepFinishedRuns(kernel, { keepMs: -1 });
  await test.clock.set(new Date("2026-04-02T10:00:00Z"));
  await runWith(test, worker, kept);
  await sweepFinishedRuns(kernel, { keepMs: -1 });
  await test.clock.set(new Date("2026-04-20T10:00:00Z"));

  await dropRunHistory(kernel, { before: new Date("2026-04-01T00:00:00Z") });
  assert.deepEqual(await textsOf(test), [kept, soul]);
  await dropRunHistory(kernel, { before: new Date("2026-05-01T00:00:00Z") });
  assert.deepEqual(await textsOf(test), []);
});
