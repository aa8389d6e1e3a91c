import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import {
  begin,
  claim,
  claimOne,
  done,
  end,
  eventTypes,
  fail,
  joinWorker,
  killConnection,
  read,
  startRun,
  stateOf,
  stepOf,
} from "../testing/drive-runs.ts";
import { reapWorkers } from "../workers/reap-workers.ts";
import { answerQuestion } from "./answer-question.ts";
import { cancelRun } from "./cancel-run.ts";
import { createRun } from "./create-run.ts";
import { matchesFilter } from "../groups/wants-event.ts";
import { deliverEventWaits, eventWaitGroup } from "./event-waits.ts";
import { listQuestions } from "./list-runs.ts";
import { promoteDueRuns } from "./promote-due-runs.ts";
import type { Owned } from "./run.ts";
import { waitInRun } from "./wait-in-run.ts";

function inMs(ms: number): Date {
  return new Date(Date.now() + ms);
}

async function raise(kernel: Kernel, text: string, level = "info"): Promise<void> {
  await kernel.transact(
    async (tx) => void tx.emit({ type: "notice.raised", subject: text, data: { noticeId: text, level, text } }),
  );
}

async function startChild(kernel: Kernel, owned: Owned, seq: number, input = {}): Promise<string> {
  return (await kernel.transact((tx) => createRun(tx, { reason: "child", input, parent: { ...owned, seq } }))).runId;
}

test("waitInRun() for a time gives the worker back until then", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);

  assert.deepEqual(await waitInRun(kernel, owned, { seq: 1, wait: { kind: "time", until: inMs(60_000) } }), {
    state: "waiting",
  });
  assert.equal(await promoteDueRuns(kernel), 0);
  await test.clock.advance(61_000);
  assert.equal(await promoteDueRuns(kernel), 1);

  const resumed = await claimOne(kernel, worker);
  assert.deepEqual(
    resumed.steps.map((step) => [step.seq, step.state, step.output]),
    [[1, "done", { kind: "time" }]],
  );
  assert.deepEqual((await eventTypes(kernel, runId)).slice(2), [
    "run.waiting",
    "run.resumed",
    "step.done",
    "run.started",
  ]);
});

test("waitInRun() again by the same owner is recognised: its first answer got lost", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  const wait = { seq: 1, wait: { kind: "person" as const, question: { prompt: "may I?" } } };

  const first = await waitInRun(kernel, owned, wait);

  assert.deepEqual(await waitInRun(kernel, owned, wait), first);
  assert.equal((await listQuestions(kernel)).length, 1);
});

test("waitInRun() for a person goes on with the answer, once", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1, { name: "ask_person", effect: "readonly" });
  const waiting = await waitInRun(kernel, owned, {
    seq: 1,
    wait: { kind: "person", question: { prompt: "red or green?", choices: ["red", "green"] } },
  });
  assert.ok(waiting.state === "waiting" && waiting.questionId !== undefined);
  const { questionId } = waiting;

  await assert.rejects(answerQuestion(kernel, { questionId, answer: "blue", by: "anna" }), { code: "invalid_input" });
  const answered = await Promise.allSettled([
    answerQuestion(kernel, { questionId, answer: "green", by: "anna" }),
    answerQuestion(kernel, { questionId, answer: "red", by: "berta" }),
  ]);
  assert.deepEqual(answered.map((each) => each.status).toSorted(), ["fulfilled", "rejected"]);

  const resumed = await claimOne(kernel, worker);
  const [step] = resumed.steps;
  assert.equal(step!.name, "ask_person");
  const output = step!.output as { kind: string; answer: string };
  assert.equal(output.kind, "person");
  assert.ok(["red", "green"].includes(output.answer));
  assert.equal((await eventTypes(kernel, runId)).filter((type) => type === "run.resumed").length, 1);
});

test("waitInRun() for a person ends at its limit, and the question with it", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  const waiting = await waitInRun(kernel, owned, {
    seq: 1,
    wait: { kind: "person", question: { prompt: "may I?" }, until: inMs(60_000) },
  });
  await test.clock.advance(61_000);
  await promoteDueRuns(kernel);

  assert.deepEqual((await stepOf(kernel, runId, 1)).output, { kind: "timed_out", waitedFor: "person" });
  assert.ok(waiting.state === "waiting");
  await assert.rejects(answerQuestion(kernel, { questionId: waiting.questionId!, answer: "yes", by: "anna" }), {
    code: "conflict",
  });
});

test("waitInRun() for an event goes on with the first that fits and came after the wait began", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await raise(kernel, "too early", "urgent");
  await waitInRun(kernel, owned, {
    seq: 1,
    wait: { kind: "event", eventType: "notice.raised", filter: { level: "urgent" } },
  });
  await raise(kernel, "not urgent");
  assert.equal(await deliverEventWaits(kernel), 0);
  await raise(kernel, "first", "urgent");
  await raise(kernel, "second", "urgent");

  const delivered = await Promise.all([deliverEventWaits(kernel), deliverEventWaits(await test.openAnother())]);

  assert.equal(delivered[0] + delivered[1] + (await deliverEventWaits(kernel)), 1);
  const output = (await stepOf(kernel, runId, 1)).output as { kind: string; event: { data: { text: string } } };
  assert.deepEqual([output.kind, output.event.data.text], ["event", "first"]);
  assert.equal((await claim(kernel, worker)).length, 1);
});

test("waitInRun() for an event misses none that is appended while the wait begins", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const other = await test.openAnother();
  await using worker = await joinWorker(kernel);
  const patient = await startRun(kernel);
  const wait = { kind: "event" as const, eventType: "notice.raised" };
  await waitInRun(kernel, (await claimOne(kernel, worker)).owned, {
    seq: 1,
    wait: { ...wait, filter: { text: "never" } },
  });
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  // The wait has looked at the log but not committed; an event comes; the reader of waits passes by.
  const inTheMiddle = {
    ...kernel,
    transact: (work: Parameters<typeof kernel.transact>[0]) =>
      kernel.transact(async (tx) => {
        const outcome = await work(tx);
        await raise(other, "in the middle");
        assert.equal(await deliverEventWaits(other), 0);
        return outcome;
      }),
  } as typeof kernel;

  await waitInRun(inTheMiddle, owned, { seq: 1, wait });
  await deliverEventWaits(kernel);

  assert.equal(await stateOf(kernel, runId), "ready");
  assert.equal(await stateOf(kernel, patient), "waiting");
});

test("deliverEventWaits() reads nothing old when the first run in a long time waits", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  await startRun(kernel);
  const first = await claimOne(kernel, worker);
  await waitInRun(kernel, first.owned, { seq: 1, wait: { kind: "event", eventType: "notice.raised" } });
  await cancelRun(kernel, { runId: first.id, reason: "enough", by: "anna" });
  for (let n = 0; n < 20; n += 1) await raise(kernel, `old ${n}`);
  const second = await claimOne(kernel, worker);
  await waitInRun(kernel, second.owned, { seq: 1, wait: { kind: "event", eventType: "notice.raised" } });

  await deliverEventWaits(kernel);

  const rows = await kernel.database.query<{ lag: number }>(
    `select (h.next_offset - c.next_offset) as lag from roost.cursor c join roost.partition_head h using (topic, partition) where group_name = $1`,
    [eventWaitGroup.name],
  );
  assert.ok(rows.length > 0 && rows.every((row) => row.lag === 0));
  assert.equal(await stateOf(kernel, second.id), "waiting");
});

test("waitInRun() refuses an event type that is not registered", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);

  await assert.rejects(waitInRun(kernel, owned, { seq: 1, wait: { kind: "event", eventType: "nothing.known" } }), {
    code: "invalid_input",
  });
  assert.equal(await stateOf(kernel, owned.runId), "running");
});

test("K: a child ends while its parent is restarted, and the parent sees the result exactly once", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using first = await joinWorker(kernel);
  await startRun(kernel);
  const parent = await claimOne(kernel, first);
  await begin(kernel, parent.owned, 1, { name: "start_child", effect: "idempotent" });
  const childId = await startChild(kernel, parent.owned, 1);
  await killConnection(test.database, first.workerId);
  await reapWorkers(kernel);

  await using second = await joinWorker(kernel);
  const claimed = await claim(kernel, second);
  const again = claimed.find((run) => run.id === parent.id)!;
  const child = claimed.find((run) => run.id === childId)!;
  const owned = { runId: again.id, epoch: again.epoch };
  await end(kernel, { runId: child.id, epoch: child.epoch }, "the answer");
  assert.equal((await begin(kernel, owned, 1, { name: "start_child", effect: "idempotent" })).state, "interrupted");
  assert.equal(await startChild(kernel, owned, 1), childId, "the same step starts it once");

  const waited = await waitInRun(kernel, owned, { seq: 2, wait: { kind: "child", runId: childId } });

  assert.deepEqual(waited, {
    state: "done",
    result: {
      kind: "child",
      run: { id: childId, state: "done", output: "the answer", error: null, labels: ["aud:main", "trust:owner"] },
    },
  });
  assert.deepEqual((await stepOf(kernel, parent.id, 2)).output, (waited as { result: unknown }).result);
});

test("waitInRun() for a child goes on when it has ended, also without success", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const parent = await claimOne(kernel, worker);
  const childId = await startChild(kernel, parent.owned, 1);
  assert.deepEqual(await waitInRun(kernel, parent.owned, { seq: 2, wait: { kind: "child", runId: childId } }), {
    state: "waiting",
  });
  const child = await claimOne(kernel, worker);
  assert.equal(child.depth, 1);

  await fail(kernel, child.owned, "no luck");

  const resumed = await claimOne(kernel, worker);
  assert.equal(resumed.id, parent.id);
  const output = resumed.steps.find((step) => step.seq === 2)!.output as {
    run: { state: string; error: { message: string } };
  };
  assert.deepEqual([output.run.state, output.run.error.message], ["failed", "no luck"]);
});

test("waitInRun() for a child loses nothing when both happen at once", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const other = await test.openAnother();
  await using worker = await joinWorker(kernel);
  for (let round = 0; round < 10; round += 1) {
    await startRun(kernel);
    const parent = await claimOne(kernel, worker);
    const childId = await startChild(kernel, parent.owned, 1);
    const child = await claimOne(kernel, worker);

    const [waited] = await Promise.all([
      waitInRun(kernel, parent.owned, { seq: 2, wait: { kind: "child", runId: childId } }),
      end(other, child.owned),
    ]);

    assert.equal((await stepOf(kernel, parent.id, 2)).state, "done");
    const goesOn = waited.state === "done" ? parent : await claimOne(kernel, worker);
    await end(kernel, { runId: goesOn.id, epoch: goesOn.epoch });
  }
});

test("waitInRun() waits for its own children only", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  const stranger = await startRun(kernel);

  await assert.rejects(waitInRun(kernel, owned, { seq: 1, wait: { kind: "child", runId: stranger } }), {
    code: "not_found",
  });
});

test("waitInRun() ends a run whose end was asked for instead of letting it wait", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await cancelRun(kernel, { runId: owned.runId, reason: "enough", by: "anna" });

  assert.deepEqual(await waitInRun(kernel, owned, { seq: 1, wait: { kind: "time", until: inMs(60_000) } }), {
    state: "cancelled",
  });
  assert.equal(await stateOf(kernel, owned.runId), "cancelled");
});

test("waitInRun() refuses a step that has another outcome, and returns a wait that ended", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await done(kernel, owned, 1);
  await begin(kernel, owned, 2);

  const wait = { kind: "time" as const, until: inMs(60_000) };
  assert.deepEqual(await waitInRun(kernel, owned, { seq: 1, wait }), { state: "done", result: "output 1" });
  await assert.rejects(
    waitInRun(kernel, owned, { seq: 2, wait: { kind: "resolution", prompt: "what became of it?" } }),
    { code: "conflict" },
  );
  assert.equal((await read(kernel, owned.runId)).state, "running");
});

test("matchesFilter() follows dotted paths and compares values", () => {
  const data = { a: { b: "x", n: 1, none: null }, list: ["x"] };
  assert.ok(matchesFilter({}, data));
  assert.ok(matchesFilter({ "a.b": "x", "a.n": 1, "a.none": null }, data));
  assert.ok(!matchesFilter({ "a.b": "y" }, data));
  assert.ok(!matchesFilter({ "a.missing": null }, data));
  assert.ok(!matchesFilter({ "list.0": "x" }, data));
  assert.ok(!matchesFilter({ "a.constructor": "x" }, data));
});
