/** A worker that was paused and wakes up changes nothing: every function by which an owner writes is tried with a lost epoch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { reserveSpend, settleSpend } from "../budgets/reserve-spend.ts";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import {
  assertLeaseLost,
  begin,
  claim,
  claimOne,
  done,
  end,
  fail,
  joinWorker,
  startRun,
} from "../testing/drive-runs.ts";
import { giveBackRun } from "../workers/give-back-run.ts";
import { reapWorkers } from "../workers/reap-workers.ts";
import { beginStep } from "./begin-step.ts";
import { createRun } from "./create-run.ts";
import { finishRun } from "./finish-run.ts";
import { finishStep } from "./finish-step.ts";
import { markRehearsal } from "./mark-rehearsal.ts";
import { promoteDueRuns } from "./promote-due-runs.ts";
import type { KernelTransaction } from "../transact.ts";
import type { Owned } from "./run.ts";
import { waitInRun } from "./wait-in-run.ts";

const tomorrow = new Date(Date.now() + 86_400_000);
/** Taken back with the rest. */
const lockAlongside = (tx: KernelTransaction) =>
  tx
    .query("insert into roost.serial_key (name, next_seq, priority_lent) values ('alongside', 1, 0)")
    .then(() => undefined);

const second = { seq: 2, name: "step 2", kind: "tool", effect: "unsafe", input: { seq: 2 } } as const;

const writes: [string, (kernel: Kernel, owned: Owned) => Promise<unknown>][] = [
  ["beginStep() of a new step", (kernel, owned) => begin(kernel, owned, 3)],
  ["beginStep() of a recorded step", (kernel, owned) => begin(kernel, owned, 1)],
  ["beginStep() of another step", (kernel, owned) => begin(kernel, owned, 1, { name: "other" })],
  ["beginStep() of an interrupted step", (kernel, owned) => beginStep(kernel, owned, second, { takesOver: true })],
  [
    "beginStep() with a reservation",
    (kernel, owned) => beginStep(kernel, owned, second, { takesOver: true, ask: { usd: 1, tokens: 1 } }),
  ],
  ["finishStep() as done", (kernel, owned) => done(kernel, owned, 2)],
  [
    "finishStep() as failed",
    (kernel, owned) =>
      finishStep(kernel, owned, { seq: 2, state: "failed", error: { code: "internal", message: "no" } }),
  ],
  [
    "finishStep() with something alongside",
    (kernel, owned) => finishStep(kernel, owned, { seq: 2, state: "done" }, { alongside: lockAlongside }),
  ],
  [
    "waitInRun() for a time",
    (kernel, owned) => waitInRun(kernel, owned, { seq: 3, wait: { kind: "time", until: tomorrow } }),
  ],
  [
    "waitInRun() for an event",
    (kernel, owned) => waitInRun(kernel, owned, { seq: 3, wait: { kind: "event", eventType: "notice.raised" } }),
  ],
  [
    "waitInRun() for a person",
    (kernel, owned) => waitInRun(kernel, owned, { seq: 3, wait: { kind: "person", question: { prompt: "may I?" } } }),
  ],
  ["finishRun() as done", (kernel, owned) => end(kernel, owned)],
  ["finishRun() as failed", (kernel, owned) => fail(kernel, owned)],
  [
    "finishRun() as cancelled",
    (kernel, owned) => finishRun(kernel, owned, { state: "cancelled" }, { alongside: lockAlongside }),
  ],
  [
    "createRun() of a child",
    (kernel, owned) =>
      kernel.transact((tx) => createRun(tx, { reason: "child", input: {}, parent: { ...owned, seq: 2 } })),
  ],
  ["markRehearsal()", (kernel, owned) => kernel.transact((tx) => markRehearsal(tx, owned))],
  ["giveBackRun()", (kernel, owned) => giveBackRun(kernel, owned, { reason: "a test" })],
  ["reserveSpend()", (kernel, owned) => reserveSpend(kernel, owned, { seq: 2, usd: 1, tokens: 1 })],
  ["settleSpend()", (kernel, owned) => settleSpend(kernel, owned, { seq: 2, usd: 1, tokens: 1 })],
];

/** Everything that an owner could have changed, as one text. */
async function snapshot(kernel: Kernel): Promise<string> {
  const rows = await kernel.database.query(
    `select (select jsonb_agg(to_jsonb(r) order by r.id) from roost.run r) as runs,
            (select jsonb_agg(to_jsonb(s) order by s.run_id, s.seq) from roost.step s) as steps,
            (select jsonb_agg(to_jsonb(w) order by w.run_id) from roost.wait w) as waits,
            (select jsonb_agg(to_jsonb(q) order by q.id) from roost.question q) as questions,
            (select jsonb_agg(to_jsonb(s) order by s.scope, s.time_window) from roost.spend s) as spend,
            (select jsonb_agg(to_jsonb(v) order by v.id) from roost.reservation v) as reservations,
            (select jsonb_agg(to_jsonb(l) order by l.name) from roost.serial_key l) as serial_keys,
            (select count(*) from roost.event) as events`,
  );
  return JSON.stringify(rows);
}

async function pausedOwner(kernel: Kernel, advance: (ms: number) => Promise<void>): Promise<Owned> {
  await startRun(kernel, { serialKey: "a serial key", budget: { usdMax: 100 } });
  const worker = await joinWorker(kernel, { ttlMs: 5_000 });
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await done(kernel, owned, 1);
  await begin(kernel, owned, 2);
  await reserveSpend(kernel, owned, { seq: 2, usd: 2, tokens: 20 });
  await advance(6_000);
  assert.equal(await reapWorkers(kernel), 1);
  await worker.release();
  return owned;
}

for (const [name, write] of writes) {
  test(`${name} is refused to an owner that has been replaced, and changes nothing`, async () => {
    await using test = await createTestKernel();
    const { kernel } = test;
    const owned = await pausedOwner(kernel, test.clock.advance);

    const whileReady = await snapshot(kernel);
    await assertLeaseLost(write(kernel, owned));
    assert.equal(await snapshot(kernel), whileReady, "while the run has no owner");

    await using successor = await joinWorker(kernel);
    await claimOne(kernel, successor);
    const whileOwned = await snapshot(kernel);
    await assertLeaseLost(write(kernel, owned));
    assert.equal(await snapshot(kernel), whileOwned, "while another owns the run");
  });
}

test("an owner that let its run wait is refused once another owns it", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await startRun(kernel);
  await using first = await joinWorker(kernel);
  const { owned } = await claimOne(kernel, first);
  await waitInRun(kernel, owned, { seq: 1, wait: { kind: "time", until: new Date(Date.now() + 60_000) } });
  await test.clock.advance(61_000);
  await promoteDueRuns(kernel);
  await using second = await joinWorker(kernel);
  const { owned: successor } = await claimOne(kernel, second);

  await assertLeaseLost(begin(kernel, owned, 2));
  assert.equal((await begin(kernel, successor, 2)).state, "begun");
});

test("an owner that has nothing left to record ends its run only at its epoch, alone and beside others", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const first = await joinWorker(kernel, { ttlMs: 5_000 });
  for (let count = 0; count < 3; count += 1) await startRun(kernel);
  const lost = await claim(kernel, first, 3);
  await test.clock.advance(6_000);
  assert.equal(await reapWorkers(kernel), 1);
  await first.release();
  await using second = await joinWorker(kernel);
  assert.equal((await claim(kernel, second, 3)).length, 3);
  const whileOwned = await snapshot(kernel);

  const [alone, ...others] = lost.map((run) => ({ runId: run.id, epoch: run.epoch }));
  await assertLeaseLost(end(kernel, alone!));
  await Promise.all(others.map((owned) => assertLeaseLost(end(kernel, owned))));
  assert.equal(await snapshot(kernel), whileOwned);
});
