import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { countStatements, type CountedDatabase } from "@roost/database/testing";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import {
  begin,
  claim,
  claimOne,
  end,
  eventTypes,
  joinWorker,
  startRun,
  stateOf,
  stepOf,
} from "../testing/drive-runs.ts";
import type { Kernel } from "../open-kernel.ts";
import type { WorkerRegistration } from "../workers/register-worker.ts";
import { finishRun } from "./finish-run.ts";
import { isLeaseLost } from "./lease-lost.ts";
import type { ClaimedRun } from "./run.ts";

/** As many claimed runs, each with an intent at 1 that may run again. */
async function startMany(kernel: Kernel, worker: WorkerRegistration, count: number) {
  for (let n = 0; n < count; n += 1) await startRun(kernel);
  const runs = (await claim(kernel, worker, count)).map(({ id, epoch }) => ({ runId: id, epoch }));
  await Promise.all(runs.map((owned) => begin(kernel, owned, 1, { effect: "idempotent" })));
  return runs;
}

const finishing = [{ seq: 1, state: "done", output: "one" }] as const;

test("steps, ends and a claim that wait together are one statement, and each learns its own", async () => {
  let database: CountedDatabase | undefined;
  await using t = await createTestKernel({ wrap: (opened) => (database = countStatements(opened)) });
  const { kernel } = t;
  await using worker = await joinWorker(kernel);
  const [stepping, ending, stale] = await startMany(kernel, worker, 3);
  const waiting = [await startRun(kernel), await startRun(kernel), await startRun(kernel)];
  const along: ClaimedRun[] = [];
  const claimer = {
    terms: { workerId: worker.workerId, queues: ["default"] },
    roomAfter: (endedCount: number) => endedCount,
    take: (runs: ClaimedRun[]) => void along.push(...runs),
  };
  database!.reset();

  const [begun, ended, claimed, lost] = await Promise.all([
    begin(kernel, stepping!, 2),
    finishRun(kernel, ending!, { state: "done" }, { finishing: [...finishing], claimer }),
    claim(kernel, worker, 1),
    begin(kernel, { ...stale!, epoch: 7 }, 2).catch((error: unknown) => error),
  ]);

  assert.equal(
    database!.statements.filter((name) => name.startsWith("roost_run_") || name === "roost_step_move").join(),
    "roost_run_move",
  );
  assert.equal(begun.state, "begun");
  assert.deepEqual(ended, { state: "done" });
  assert.ok(isLeaseLost(lost));
  // The claim fills its room first; what an end leaves free goes to the claimer.
  assert.deepEqual(
    [...claimed, ...along].map(({ id }) => id),
    waiting.slice(0, 2),
  );
  assert.deepEqual([claimed.length, along.length], [1, 1]);
  assert.equal((await stepOf(kernel, ending!.runId, 1)).state, "done");
  assert.deepEqual(await eventTypes(kernel, ending!.runId), [
    "run.created",
    "run.started",
    "step.started",
    "step.done",
    "run.done",
  ]);
  assert.deepEqual(await eventTypes(kernel, claimed[0]!.id), ["run.created", "run.started"]);
  assert.equal(await stateOf(kernel, waiting[2]!), "ready");
});

test("an end that other moves cannot take along is made by itself", async () => {
  await using t = await createTestKernel();
  const { kernel } = t;
  await using worker = await joinWorker(kernel);
  const [stepping] = await startMany(kernel, worker, 1);
  const serial = await startRun(kernel, { serialKey: "one by one" });
  const next = await startRun(kernel, { serialKey: "one by one" });
  const { owned } = await claimOne(kernel, worker);
  await Promise.all([begin(kernel, stepping!, 2), end(kernel, owned)]);
  assert.deepEqual([await stateOf(kernel, serial), await stateOf(kernel, next)], ["done", "ready"]);
});

test("an end is done although the steps of what was taken along cannot be read, and the heartbeat tells of it", async () => {
  let isBroken = false;
  await using t = await createTestKernel({
    wrap: (opened) => ({
      ...countStatements(opened),
      query: async (text, values, options) => {
        if (isBroken && options?.name === "roost_step_of_claimed") throw new RoostError("unavailable", "no connection");
        return await opened.query(text, values, options);
      },
    }),
  });
  const { kernel } = t;
  await using worker = await joinWorker(kernel);
  const [alone, mixed, stepping, alongside] = await startMany(kernel, worker, 4);
  const taken: string[] = [];
  // Runs with a past: only theirs are read.
  const earlier = await joinWorker(kernel);
  for (let n = 0; n < 3; n += 1) taken.push(await startRun(kernel));
  await claim(kernel, earlier);
  await earlier.release();
  const claimer = {
    terms: { workerId: worker.workerId, queues: ["default"] },
    roomAfter: () => 1,
    take: (runs: ClaimedRun[]) => assert.deepEqual(runs, []),
  };
  isBroken = true;
  const options = { finishing: [...finishing], claimer };

  assert.deepEqual(await finishRun(kernel, alone!, { state: "done" }, options), { state: "done" });
  const [ended, begun] = await Promise.all([
    finishRun(kernel, mixed!, { state: "done" }, options),
    begin(kernel, stepping!, 2),
  ]);
  assert.deepEqual([ended.state, begun.state], ["done", "begun"]);
  const written = { ...options, isPlain: true, alongside: () => Promise.resolve() };
  assert.deepEqual(await finishRun(kernel, alongside!, { state: "done" }, written), { state: "done" });
  await t.clock.advance(11_000);
  const { unheld } = await worker.heartbeat({ running: [stepping!] });
  assert.deepEqual(unheld.map(({ runId }) => runId).toSorted(), taken.toSorted());
});
