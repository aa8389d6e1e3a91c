import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { begin, claimOne, done, end, eventTypes, joinWorker, read, startRun } from "../testing/drive-runs.ts";
import { cancelRun } from "./cancel-run.ts";
import { createRun } from "./create-run.ts";
import { finishStep } from "./finish-step.ts";
import { getRun, listActivity, listRuns, listSteps } from "./list-runs.ts";
import { resolveStep } from "./resolve-step.ts";
import { dropRunHistory, sweepFinishedRuns } from "./sweep-finished-runs.ts";
import { waitInRun } from "./wait-in-run.ts";

async function inHotTable(kernel: Kernel): Promise<string[]> {
  return (await kernel.database.query<{ id: string }>("select id from roost.run order by id")).map((row) => row.id);
}

test("sweepFinishedRuns() moves ended runs and their steps to history, where they are still found", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 360_000_000 });
  const ended = await startRun(kernel, { input: { n: 1 }, sessionKey: "main" });
  const first = await claimOne(kernel, worker);
  await begin(kernel, first.owned, 1);
  await done(kernel, first.owned, 1);
  await end(kernel, first.owned);
  const live = await startRun(kernel, { sessionKey: "main" });
  assert.equal(await sweepFinishedRuns(kernel), 0, "not yet");
  await test.clock.advance(2 * 3_600_000);

  assert.equal(await sweepFinishedRuns(kernel), 1);

  assert.deepEqual(await inHotTable(kernel), [live]);
  const run = await getRun(kernel.database, ended);
  assert.deepEqual([run.state, run.input, run.output], ["done", { n: 1 }, "ended"]);
  assert.equal((await listSteps(kernel.database, ended))[0]!.output, "output 1");
  assert.deepEqual(
    (await listRuns(kernel, { sessionKey: "main" })).map((each) => each.id),
    [live, ended],
  );
  assert.deepEqual(await cancelRun(kernel, { runId: ended, reason: "late", by: "anna" }), {
    outcome: "already_over",
    state: "done",
  });
});

test("sweepFinishedRuns() keeps what a person has to look at, and the children of live runs", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 360_000_000 });
  const unclear = await startRun(kernel);
  const first = await claimOne(kernel, worker);
  await begin(kernel, first.owned, 1);
  await finishStep(kernel, first.owned, { seq: 1, state: "unknown" });
  await end(kernel, first.owned);
  const parent = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  const created = await kernel.transact((tx) =>
    createRun(tx, { reason: "child", input: {}, parent: { ...owned, seq: 1 } }),
  );
  await end(kernel, (await claimOne(kernel, worker)).owned);
  await test.clock.advance(2 * 3_600_000);
  assert.equal(await sweepFinishedRuns(kernel), 0);

  await resolveStep(kernel, { runId: unclear, seq: 1, outcome: "done", note: "seen", by: "anna" });
  await end(kernel, owned);
  assert.equal(await sweepFinishedRuns(kernel, { keepMs: 0 }), 3);
  assert.deepEqual(await inHotTable(kernel), []);
  assert.equal((await read(kernel, created.runId)).parentRunId, parent);
});

test("dropRunHistory() drops whole months", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await test.clock.set(new Date("2026-01-15T12:00:00Z"));
  const ids: string[] = [];
  for (const _month of ["2026-01", "2026-02", "2026-03"]) {
    await using worker = await joinWorker(kernel);
    ids.push(await startRun(kernel));
    await end(kernel, (await claimOne(kernel, worker)).owned);
    await test.clock.advance(31 * 86_400_000);
    await sweepFinishedRuns(kernel);
  }

  assert.deepEqual(await dropRunHistory(kernel, { before: new Date("2026-03-10T00:00:00Z") }), [
    "run_history_2026_01",
    "run_history_2026_02",
  ]);

  assert.deepEqual(
    (await listRuns(kernel)).map((run) => run.id),
    [ids[2]],
  );
  assert.deepEqual(await dropRunHistory(kernel, { before: new Date("2026-03-10T00:00:00Z") }), []);
});

test("listRuns() pages through all runs, each once, and filters", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 360_000_000 });
  const ids: string[] = [];
  for (let n = 0; n < 7; n += 1) ids.push(await startRun(kernel, { agent: n % 2 === 0 ? "even" : "odd" }));
  for (let n = 0; n < 3; n += 1) await end(kernel, (await claimOne(kernel, worker)).owned);
  await sweepFinishedRuns(kernel, { keepMs: -1 });

  const seen: string[] = [];
  for (;;) {
    const page = await listRuns(kernel, { limit: 2, after: seen.length === 0 ? undefined : seen.at(-1)! });
    if (page.length === 0) break;
    seen.push(...page.map((run) => run.id));
  }
  assert.deepEqual(seen, ids.toReversed());
  assert.deepEqual(
    (await listRuns(kernel, { states: ["done"] })).map((run) => run.id),
    ids.slice(0, 3).toReversed(),
  );
  assert.equal((await listRuns(kernel, { agent: "odd" })).length, 3);
});

test("listActivity() shows everything that has not ended: what it does, what it waits for, who is before it", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const waiting = await startRun(kernel, { reason: "asks" });
  const asking = await claimOne(kernel, worker);
  await waitInRun(kernel, asking.owned, { seq: 1, wait: { kind: "person", question: { prompt: "may I?" } } });
  const running = await startRun(kernel, { reason: "a heartbeat", sessionKind: "heartbeat", serialKey: "letters" });
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1, { name: "look", kind: "model" });
  const queued = await startRun(kernel, { serialKey: "letters" });

  const activity = await listActivity(kernel);

  assert.deepEqual(
    activity.map((run) => run.id),
    [running, waiting, queued],
  );
  assert.deepEqual(
    [activity[0]!.reason, activity[0]!.step?.name, activity[0]!.step?.state],
    ["a heartbeat", "look", "intent"],
  );
  assert.ok(activity[0]!.step!.startedAt instanceof Date);
  assert.equal(activity[1]!.wait?.kind, "person");
  assert.equal(activity[2]!.aheadCount, 1);
  assert.deepEqual(await eventTypes(kernel, queued), ["run.created"]);
});
