import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import {
  begin,
  claim,
  claimOne,
  end,
  fail,
  joinWorker,
  killConnection,
  read,
  startRun,
  stateOf,
} from "../testing/drive-runs.ts";
import { reapWorkers } from "../workers/reap-workers.ts";
import { answerQuestion } from "./answer-question.ts";
import { cancelRun } from "./cancel-run.ts";
import { createRuns } from "./create-run.ts";
import { promoteDueRuns } from "./promote-due-runs.ts";
import { promoteFreeSerialKeys } from "./promote-serial-keys.ts";
import { sweepSerialKeys } from "./sweep-finished-runs.ts";
import { waitInRun } from "./wait-in-run.ts";

const serialKey = "session:main";

async function queue(kernel: Kernel, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await startRun(kernel, { serialKey, input: { n } }));
  return ids;
}

test("serial keys let one run go at a time, in the order of creation", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const ids = await queue(kernel, 4);
  const order: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    const runs = await claim(kernel, worker);
    assert.equal(runs.length, 1, "one at a time");
    order.push(runs[0]!.id);
    await end(kernel, { runId: runs[0]!.id, epoch: runs[0]!.epoch });
  }
  assert.deepEqual(order, ids);
});

test("J: eight messages are queued, their run is wedged and recovered, and all eight are answered in order", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const ids = await queue(kernel, 8);
  await using wedged = await joinWorker(kernel, { ttlMs: 5_000 });
  const stuck = await claimOne(kernel, wedged);
  await begin(kernel, stuck.owned, 1, { effect: "readonly" });
  await test.clock.advance(6_000);
  await reapWorkers(kernel);

  await using worker = await joinWorker(kernel);
  const answered: string[] = [];
  for (let n = 0; n < 8; n += 1) {
    const { owned } = await claimOne(kernel, worker);
    answered.push(owned.runId);
    await end(kernel, owned);
  }

  assert.deepEqual(answered, ids);
  assert.equal((await claim(kernel, worker)).length, 0);
});

test("serial keys keep their order while a run waits for its next attempt", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const first = await startRun(kernel, { serialKey, retry: { attemptsMax: 2, backoffMs: 1_000 } });
  const second = await startRun(kernel, { serialKey });
  await fail(kernel, (await claimOne(kernel, worker)).owned);

  assert.equal((await claim(kernel, worker)).length, 0, "the second waits for the first");
  await test.clock.advance(2_000);
  await promoteDueRuns(kernel);

  const again = await claimOne(kernel, worker);
  assert.equal(again.id, first);
  await end(kernel, again.owned);
  assert.equal((await claimOne(kernel, worker)).id, second);
});

test("serial keys go on while their holder waits for a person, and take it back at its place", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const [asking, second, third] = await queue(kernel, 3);
  const { owned } = await claimOne(kernel, worker);
  const waiting = await waitInRun(kernel, owned, {
    seq: 1,
    wait: { kind: "person", question: { prompt: "red or green?" } },
  });
  assert.ok(waiting.state === "waiting" && waiting.questionId !== undefined);

  const next = await claimOne(kernel, worker);
  assert.equal(next.id, second, "days may pass: the conversation goes on");
  await answerQuestion(kernel, { questionId: waiting.questionId, answer: "green", by: "anna" });
  assert.equal(await stateOf(kernel, asking!), "queued", "the serial key is taken");
  await end(kernel, next.owned);

  const resumed = await claimOne(kernel, worker);
  assert.equal(resumed.id, asking, "it was there before the third");
  await end(kernel, resumed.owned);
  assert.equal((await claimOne(kernel, worker)).id, third);
});

test("serial keys stay with a holder that asks for it, however long it waits", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const [holder] = await queue(kernel, 2);
  const { owned } = await claimOne(kernel, worker);
  await waitInRun(kernel, owned, {
    seq: 1,
    holdsSerialKey: true,
    wait: { kind: "person", question: { prompt: "may I?" } },
  });
  await test.clock.advance(7 * 86_400_000);
  await promoteFreeSerialKeys(kernel);

  await using later = await joinWorker(kernel);
  assert.equal((await claim(kernel, later)).length, 0);
  await cancelRun(kernel, { runId: holder!, reason: "took too long", by: "anna" });
  assert.equal((await claim(kernel, later)).length, 1);
});

test("serial keys skip a queued run that is cancelled", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const [, second, third] = await queue(kernel, 3);
  const { owned } = await claimOne(kernel, worker);
  assert.deepEqual(await cancelRun(kernel, { runId: second!, reason: "not needed", by: "anna" }), {
    outcome: "cancelled",
    state: "cancelled",
  });
  await end(kernel, owned);

  assert.equal((await claimOne(kernel, worker)).id, third);
});

test("serial keys lend the priority of who waits to who holds: no inversion", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const holder = await startRun(kernel, { serialKey, priority: 0 });
  await startRun(kernel, { priority: 5 });
  const urgent = await startRun(kernel, { serialKey, priority: 9 });

  const first = await claimOne(kernel, worker);
  assert.equal(first.id, holder, "it goes first because the urgent one waits for it");
  await end(kernel, first.owned);
  assert.equal((await claimOne(kernel, worker)).id, urgent);
});

test("serial keys of a dead worker go on with the same run", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const [first] = await queue(kernel, 2);
  await claimOne(kernel, worker);
  await killConnection(test.database, worker.workerId);
  await reapWorkers(kernel);
  await using successor = await joinWorker(kernel);

  assert.equal((await claimOne(kernel, successor)).id, first);
  assert.equal((await claim(kernel, successor)).length, 0);
});

test("promoteFreeSerialKeys() goes on where a serial key was left free because its next run was locked", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const other = await test.openAnother();
  await using worker = await joinWorker(kernel);
  const [, second] = await queue(kernel, 3);
  const { owned } = await claimOne(kernel, worker);
  // Another transaction locks the second run and rolls back.
  await assert.rejects(
    other.transact(async (tx) => {
      await tx.query("select 1 from roost.run where id = $1 for update", [second]);
      await end(kernel, owned);
      throw new Error("thought better of it");
    }),
    /thought better/,
  );
  assert.equal((await claim(kernel, worker)).length, 0, "the third does not overtake it");

  await promoteFreeSerialKeys(kernel);

  assert.equal((await claimOne(kernel, worker)).id, second);
});

test("sweepSerialKeys() removes unused serial keys, and a serial key begins anew", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await queue(kernel, 1);
  await sweepSerialKeys(kernel);
  assert.equal((await kernel.database.query("select 1 from roost.serial_key")).length, 1);
  await end(kernel, (await claimOne(kernel, worker)).owned);

  await sweepSerialKeys(kernel);

  assert.equal((await kernel.database.query("select 1 from roost.serial_key")).length, 0);
  await queue(kernel, 1);
  assert.equal((await claim(kernel, worker)).length, 1);
});

test("createRuns() gives places with a serial key in the order of its input, and two at once never the same", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const other = await test.openAnother();
  const batch = (each: Kernel) =>
    each.transact((tx) =>
      createRuns(
        tx,
        ["b", "a", "b", "a"].map((name) => ({ reason: "a test", input: {}, serialKey: name })),
      ),
    );
  const created = await Promise.all([batch(kernel), batch(other), batch(kernel), batch(other)]);
  const seqs = await Promise.all(
    created.map((runs) => Promise.all(runs.map(async ({ runId }) => (await read(kernel, runId)).serialSeq!))),
  );

  for (const name of [0, 1]) {
    const places = seqs.flatMap((seq) => [seq[name]!, seq[name + 2]!]);
    assert.deepEqual(
      places.toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
  }
  assert.ok(seqs.every((seq) => seq[0]! < seq[2]! && seq[1]! < seq[3]!));
  assert.equal(created.flat().filter((run) => run.state === "ready").length, 2);
});
