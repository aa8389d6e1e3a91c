import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { begin, claimOne, done, joinWorker, read, startRun } from "../testing/drive-runs.ts";
import { claimRuns } from "./claim-runs.ts";
import { endOutdatedRuns } from "./end-outdated-runs.ts";
import { forkRun } from "./fork-run.ts";
import { listSteps } from "./list-runs.ts";
import { retryRun } from "./retry-run.ts";
import { waitInRun } from "./wait-in-run.ts";

/** A run that a worker of the first loop has begun and that waits. */
async function waiting(kernel: Kernel): Promise<string> {
  await startRun(kernel);
  await using worker = await joinWorker(kernel);
  const run = await claimOne(kernel, worker);
  await begin(kernel, run.owned, 1);
  await done(kernel, run.owned, 1);
  await waitInRun(kernel, run.owned, { seq: 2, wait: { kind: "person", question: { prompt: "Shall I?" } } });
  return run.id;
}

test("claimRuns() gives a worker the journals that it can go on with, and new ones are of its last version", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  const old = await startRun(kernel);
  const claim = (loopVersions: number[]) =>
    claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 5, loopVersions });
  await kernel.database.query("update roost.run set loop_version = 1 where id = $1", [old]);
  const fresh = await startRun(kernel);
  assert.deepEqual(
    (await claim([2, 3])).map(({ id, loopVersion }) => [id, loopVersion]),
    [[fresh, 3]],
  );
  assert.deepEqual(
    (await claim([1, 2])).map(({ id, loopVersion }) => [id, loopVersion]),
    [[old, 1]],
  );
});

test("endOutdatedRuns() ends what no program goes on with, names the fork, and leaves newer runs and owned ones alone", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const old = await waiting(kernel);
  await startRun(kernel);
  await using worker = await joinWorker(kernel);
  const owned = await claimOne(kernel, worker);
  const fresh = await startRun(kernel);
  assert.equal(await endOutdatedRuns(kernel, { oldest: 1 }), 0);
  assert.equal(await endOutdatedRuns(kernel, { oldest: 2 }), 1);
  assert.equal(await endOutdatedRuns(kernel, { oldest: 2 }), 0);
  const ended = await read(kernel, old);
  assert.equal(ended.state, "outdated");
  assert.match(ended.error?.message ?? "", new RegExp(`roost run fork ${old} --from 2`));
  assert.equal((await read(kernel, owned.id)).state, "running");
  assert.equal((await read(kernel, fresh)).state, "ready");
  await assert.rejects(retryRun(kernel, { runId: old, reason: "a test", by: "test" }), /fork it/);
});

test("forkRun() of an outdated run begins with what is carried over of its steps; of another, with the steps and their version", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const old = await waiting(kernel);
  const request = { runId: old, fromSeq: 2, reason: "a test", by: "test" };
  const { runId: same } = await forkRun(kernel, { ...request, loopVersions: [1] });
  assert.deepEqual([(await read(kernel, same)).loopVersion, (await listSteps(kernel.database, same)).length], [1, 1]);
  await assert.rejects(forkRun(kernel, { ...request, loopVersions: [2, 3] }), /no program continues/);
  const { runId: carried } = await forkRun(kernel, {
    ...request,
    loopVersions: [2, 3],
    carryOver: (steps) => [{ name: "context#1", kind: "context", output: steps.map(({ name }) => name) }],
  });
  const run = await read(kernel, carried);
  assert.deepEqual([run.loopVersion, run.forkedFrom, run.forkedSeq], [null, old, 2]);
  assert.deepEqual(
    (await listSteps(kernel.database, carried)).map(({ seq, name, kind, state, output }) => [
      seq,
      name,
      kind,
      state,
      output,
    ]),
    [[1, "context#1", "context", "done", ["step 1"]]],
  );
});
