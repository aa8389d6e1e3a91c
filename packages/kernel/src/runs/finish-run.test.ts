import assert from "node:assert/strict";
import { test } from "node:test";
import { reserveSpend } from "../budgets/reserve-spend.ts";
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
  read,
  startRun,
  stateOf,
  stepOf,
} from "../testing/drive-runs.ts";
import { cancelRun } from "./cancel-run.ts";
import { createRun } from "./create-run.ts";
import { finishRun, retryDelayMs } from "./finish-run.ts";
import { finishStep } from "./finish-step.ts";
import { promoteDueRuns } from "./promote-due-runs.ts";
import { postconditionUnmet, type NewRun, type RunError } from "./run.ts";

test("finishRun() ends the run once, with its output", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);

  assert.deepEqual(await end(kernel, owned, "hello"), { state: "done" });
  assert.deepEqual(await end(kernel, owned, "hello"), { state: "done" });

  const run = await read(kernel, owned.runId);
  assert.deepEqual([run.state, run.output, run.workerId], ["done", "hello", null]);
  assert.ok(run.endedAt);
  assert.deepEqual(await eventTypes(kernel, owned.runId), ["run.created", "run.started", "run.done"]);
});

test("finishRun() commits together with what is written alongside", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);

  await assert.rejects(
    finishRun(kernel, owned, { state: "done" }, { alongside: () => Promise.reject(new Error("no")) }),
    /no/,
  );
  assert.equal(await stateOf(kernel, owned.runId), "running");
  await finishRun(
    kernel,
    owned,
    { state: "done" },
    { alongside: async (tx) => void (await createRun(tx, { reason: "next", input: {} })) },
  );

  assert.equal((await claim(kernel, worker)).length, 1);
});

test("finishRun() as failed waits for the next attempt, longer each time, and fails at last", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const runId = await startRun(kernel, { retry: { attemptsMax: 3, backoffMs: 10_000, backoffFactor: 3 } });

  const first = await claimOne(kernel, worker);
  assert.deepEqual(await fail(kernel, first.owned), { state: "waiting" });
  assert.deepEqual(await fail(kernel, first.owned), { state: "waiting" }, "the repeat of a lost answer");
  assert.equal(await promoteDueRuns(kernel), 0);
  await test.clock.advance(12_000);
  assert.equal(await promoteDueRuns(kernel), 1);
  const second = await claimOne(kernel, worker);
  assert.deepEqual([second.attempt, second.epoch], [2, 2]);
  await fail(kernel, second.owned);
  await test.clock.advance(12_000);
  assert.equal(await promoteDueRuns(kernel), 0, "30 s, varied by at most a fifth, have not passed");
  await test.clock.advance(24_000);
  await promoteDueRuns(kernel);
  const third = await claimOne(kernel, worker);
  assert.deepEqual(await fail(kernel, third.owned, "for good"), { state: "failed" });

  const run = await read(kernel, runId);
  assert.deepEqual([run.state, run.error?.message], ["failed", "for good"]);
  assert.deepEqual(
    (await eventTypes(kernel, runId)).filter((type) => type.startsWith("run.")),
    [
      "run.created",
      "run.started",
      "run.retrying",
      "run.resumed",
      "run.started",
      "run.retrying",
      "run.resumed",
      "run.started",
      "run.failed",
    ],
  );
});

test("finishRun() does not try again what is said to fail again, nor before the moment the error names", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  await startRun(kernel, { retry: { attemptsMax: 3 } });
  const hopeless = await claimOne(kernel, worker);
  const error = { code: "invalid_input", message: "wrong key", isRetryable: false };
  assert.deepEqual(await finishRun(kernel, hopeless.owned, { state: "failed", error }), { state: "failed" });

  await startRun(kernel, { retry: { attemptsMax: 3, backoffMs: 1_000 } });
  const limited = await claimOne(kernel, worker);
  const [{ at }] = (await kernel.database.query<{ at: Date }>(`select roost.now() + interval '10 minutes' as at`)) as [
    { at: Date },
  ];
  await finishRun(kernel, limited.owned, {
    state: "failed",
    error: { code: "unavailable", message: "rate limited", retryAtMs: at.getTime() },
  });
  await test.clock.advance(500_000);
  assert.equal(await promoteDueRuns(kernel), 0);
  await test.clock.advance(101_000);
  assert.equal(await promoteDueRuns(kernel), 1);
});

test("finishRun() as failed lets the next attempt repeat the last failures and replay the rest", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, { retry: { attemptsMax: 2, backoffMs: 0 } });
  const first = await claimOne(kernel, worker);
  const error = { code: "unavailable", message: "down" };
  await begin(kernel, first.owned, 1);
  await finishStep(kernel, first.owned, { seq: 1, state: "failed", error });
  await begin(kernel, first.owned, 2);
  await done(kernel, first.owned, 2);
  await begin(kernel, first.owned, 3);
  await finishStep(kernel, first.owned, { seq: 3, state: "failed", error });
  await fail(kernel, first.owned);
  await promoteDueRuns(kernel);
  const { owned } = await claimOne(kernel, worker);

  assert.deepEqual(await begin(kernel, owned, 1), { state: "failed", error }, "step 2 was built on this failure");
  assert.equal((await begin(kernel, owned, 2)).state, "done");
  assert.deepEqual(await begin(kernel, owned, 3), { state: "begun", attempt: 2, idempotencyKey: `${runId}:3` });
  await done(kernel, owned, 3);
  assert.deepEqual(await begin(kernel, owned, 3), { state: "done", output: "output 3" });
});

test("finishRun() makes an open effect visible as unknown", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1, { effect: "readonly" });
  await begin(kernel, owned, 2, { effect: "unsafe" });

  await fail(kernel, owned);

  assert.equal((await stepOf(kernel, runId, 1)).state, "failed");
  assert.equal((await stepOf(kernel, runId, 2)).state, "unknown");
  assert.ok((await eventTypes(kernel, runId)).includes("step.unknown"));
});

test("finishRun() counts what was reserved and not settled as spent", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await reserveSpend(kernel, owned, { seq: 1, usd: 0.5, tokens: 100 });

  await end(kernel, owned);

  const run = await read(kernel, runId);
  assert.deepEqual([run.costUsd, run.usdReserved, run.tokens, run.reservationCount], [0.5, 0, 100, 0]);
});

test("finishRun() counts what its last steps cost, reserved or not", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);

  const finishing = [{ seq: 1, state: "done" as const, output: "said", costUsd: 0.5, tokens: 70 }];
  await finishRun(kernel, owned, { state: "done", output: "ended" }, { finishing });

  const run = await read(kernel, runId);
  assert.deepEqual([run.state, run.costUsd, run.tokens], ["done", 0.5, 70]);
});

test("finishRun() as failed ends as cancelled when that was asked for", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel, { retry: { attemptsMax: 5 } });
  const { owned } = await claimOne(kernel, worker);
  await cancelRun(kernel, { runId: owned.runId, reason: "enough", by: "anna" });

  assert.deepEqual(await fail(kernel, owned), { state: "cancelled" });
  assert.deepEqual(await fail(kernel, owned), { state: "cancelled" });
  const run = await read(kernel, owned.runId);
  assert.deepEqual([run.cancelReason, run.cancelBy], ["enough", "anna"]);
});

test("an ended run never changes", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await end(kernel, owned);

  await assert.rejects(
    kernel.database.query(`update roost.run set state = 'ready', ended_at = null where id = $1`, [runId]),
    /never changes/,
  );
});

test("retryDelayMs() grows to its limit and varies by at most a fifth, the same for the same run and attempt", () => {
  const retry = { attemptsMax: 10, backoffMs: 1_000, backoffFactor: 2, backoffMsMax: 20_000 };
  for (const [attempt, plain] of [
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [9, 20_000],
  ] as const) {
    for (const id of ["a", "b", "c", "d"]) {
      const ms = retryDelayMs({ id, attempt, retry });
      assert.ok(ms >= plain * 0.8 && ms <= plain * 1.2, `${ms} for ${plain}`);
      assert.equal(ms, retryDelayMs({ id, attempt, retry }));
    }
  }
});

test("finishRun() records the outcomes of the last steps with the end, or nothing of both", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  for (const alongside of [undefined, async () => undefined]) {
    await startRun(kernel);
    const { owned } = await claimOne(kernel, worker);
    await begin(kernel, owned, 1);
    const options = { alongside, finishing: [{ seq: 1, state: "done" as const, output: "one" }] };

    const never = { ...options, finishing: [{ seq: 2, state: "done" as const }] };
    await assert.rejects(finishRun(kernel, owned, { state: "done" }, never), { message: /was never begun/ });
    assert.equal((await read(kernel, owned.runId)).state, "running");

    assert.equal((await finishRun(kernel, owned, { state: "done" }, options)).state, "done");
    assert.equal((await finishRun(kernel, owned, { state: "done" }, options)).state, "done");
    assert.equal((await stepOf(kernel, owned.runId, 1)).output, "one");
    assert.deepEqual((await eventTypes(kernel, owned.runId)).slice(-3), ["step.started", "step.done", "run.done"]);
  }
});

const unmet: RunError = { code: postconditionUnmet, message: "the tool notify was not used", isRetryable: true };
const declared: Partial<NewRun> = { postconditions: [{ kind: "tool", name: "notify" }] };

test("finishRun() fails a run by its judge's word, with what it says of itself, and is asked twice", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, declared);
  const { owned } = await claimOne(kernel, worker);
  const done = { state: "done", output: "well done" } as const;
  await assert.rejects(finishRun(kernel, owned, done), /pass a judge/);
  const judge = async () => unmet;
  const [alone, alongside] = [
    await finishRun(kernel, owned, done, { judge }),
    await finishRun(kernel, owned, done, { judge, alongside: () => assert.fail("again") }),
  ];
  assert.deepEqual([alone, alongside.state], [{ state: "failed", unmet }, "failed"]);
  const run = await read(kernel, runId);
  assert.deepEqual([run.error, run.output], [unmet, "well done"]);
  assert.deepEqual(await eventTypes(kernel, runId), ["run.created", "run.started", "run.failed"]);
});

test("finishRun() tries a run again that has not done what it declared; its last word is said again, and knows why", async () => {
  await using test = await createTestKernel();
  const { kernel, clock } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, {
    ...declared,
    retry: { attemptsMax: 2, backoffMs: 1_000 },
  });
  const first = await claimOne(kernel, worker);
  await begin(kernel, first.owned, 1, { kind: "model", effect: "readonly", name: "model#1" });
  await done(kernel, first.owned, 1, { output: "I have told you" });
  assert.equal(
    (await finishRun(kernel, first.owned, { state: "done" }, { judge: async () => unmet })).state,
    "waiting",
  );
  assert.equal(
    (await finishRun(kernel, first.owned, { state: "done" }, { judge: async () => unmet })).state,
    "waiting",
  );
  assert.equal((await eventTypes(kernel, runId)).at(-1), "run.retrying");

  await clock.advance(10_000);
  assert.equal(await promoteDueRuns(kernel), 1);
  const second = await claimOne(kernel, worker);
  const step = await stepOf(kernel, runId, 1);
  assert.deepEqual([step.reopened, step.error?.code], [true, "postcondition_unmet"]);
  const begun = await begin(kernel, second.owned, 1, { kind: "model", effect: "readonly", name: "model#1" });
  assert.equal(begun.state, "begun");
  await done(kernel, second.owned, 1, { output: "I shall" });
  await begin(kernel, second.owned, 2, { name: "tool:notify#1" });
  await done(kernel, second.owned, 2);
  assert.deepEqual(await finishRun(kernel, second.owned, { state: "done" }, { judge: async () => undefined }), {
    state: "done",
  });
});
