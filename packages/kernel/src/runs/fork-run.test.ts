import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { begin, claimOne, done, end, fail, joinWorker, read, startRun, stepOf } from "../testing/drive-runs.ts";
import { forkRun } from "./fork-run.ts";
import { listSteps } from "./list-runs.ts";
import { sweepFinishedRuns } from "./sweep-finished-runs.ts";

const why = { reason: "another way", by: "test" };

test("forkRun() takes over the steps before, which keep their keys and are not done again; later ones have keys of the fork", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, { input: { prompt: "one", model: "small" }, agent: "main", title: "It" });
  const first = await claimOne(kernel, worker);
  for (const seq of [1, 2, 3]) {
    await begin(kernel, first.owned, seq);
    await done(kernel, first.owned, seq);
  }
  await end(kernel, first.owned);

  const fork = await forkRun(kernel, { runId, fromSeq: 3, input: { model: "large" }, ...why });
  const run = await claimOne(kernel, worker);
  assert.equal(run.id, fork.runId);
  assert.deepEqual(
    [run.forkedFrom, run.forkedSeq, run.retryOf, run.input, run.title],
    [runId, 3, null, { prompt: "one", model: "large" }, "It"],
  );
  assert.deepEqual(
    run.steps.map((step) => [step.seq, step.state, step.idempotencyKey]),
    [
      [1, "done", `${runId}:1`],
      [2, "done", `${runId}:2`],
    ],
  );
  // A replay is told what is recorded, and goes on by itself from there.
  assert.deepEqual(await begin(kernel, run.owned, 2), { state: "done", output: "output 2" });
  assert.deepEqual(await begin(kernel, run.owned, 3, { input: { other: true } }), {
    state: "begun",
    attempt: 1,
    idempotencyKey: `${fork.runId}:3`,
  });
  assert.equal((await stepOf(kernel, runId, 3)).idempotencyKey, `${runId}:3`);
  const [created] = await kernel.database.query<{ causation: string; correlation: string }>(
    `select causation, correlation from roost.event where type = 'run.created' and subject = $1`,
    [fork.runId],
  );
  const original = await read(kernel, runId);
  assert.deepEqual([created?.causation, created?.correlation], [original.causeId, original.correlation]);
});

test("forkRun() forks a run that goes on, as often as asked, and one that is history", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await using worker = await joinWorker(kernel, { ttlMs: 36_000_000 });
  const runId = await startRun(kernel);
  const first = await claimOne(kernel, worker);
  await begin(kernel, first.owned, 1);
  await done(kernel, first.owned, 1);
  await begin(kernel, first.owned, 2);
  const forks = [
    await forkRun(kernel, { runId, fromSeq: 2, ...why }),
    await forkRun(kernel, { runId, fromSeq: 1, ...why }),
  ];
  assert.deepEqual(
    await Promise.all(forks.map(async (fork) => (await listSteps(kernel.database, fork.runId)).length)),
    [1, 0],
  );
  await assert.rejects(
    forkRun(kernel, { runId, fromSeq: 3, ...why }),
    /step 2 of run .* has no outcome yet \(intent\)/,
  );
  await done(kernel, first.owned, 2);
  await fail(kernel, first.owned);
  await clock.advance(7_200_000);
  assert.equal(await sweepFinishedRuns(kernel), 1);
  const late = await forkRun(kernel, { runId, fromSeq: 3, ...why });
  assert.deepEqual(
    (await listSteps(kernel.database, late.runId)).map((step) => step.idempotencyKey),
    [`${runId}:1`, `${runId}:2`],
  );
});

test("forkRun() refuses steps that the run has not come to, and runs that are not there", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const runId = await startRun(kernel);
  for (const fromSeq of [0, 2, 1.5]) {
    await assert.rejects(forkRun(kernel, { runId, fromSeq, ...why }), /recorded no step.*: give 1$/);
  }
  await assert.rejects(forkRun(kernel, { runId: kernel.createId(), fromSeq: 1, ...why }), { code: "not_found" });
});
