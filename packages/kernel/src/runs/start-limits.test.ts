import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import {
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
import { releaseDueRates, fillFreeSlots, readStartLimits, sweepStartLimits } from "./start-limits.ts";
import { cancelRun } from "./cancel-run.ts";
import { createRuns } from "./create-run.ts";
import { listActivity } from "./list-runs.ts";
import { promoteDueRuns } from "./promote-due-runs.ts";
import { retryRun } from "./retry-run.ts";
import type { NewRun } from "./run.ts";
import { waitInRun } from "./wait-in-run.ts";

const two = { concurrency: { key: "mail", max: 2 } };
const perMinute = (max: number, key = "api") => ({ rateLimit: { key, max, windowMs: 60_000 } });

async function startMany(kernel: Kernel, count: number, run: Partial<NewRun> | ((n: number) => Partial<NewRun>)) {
  const created = await kernel.transact((tx) =>
    createRuns(
      tx,
      Array.from({ length: count }, (_, n) => ({
        reason: "a test",
        input: { n },
        ...(typeof run === "function" ? run(n) : run),
      })),
    ),
  );
  return created.map(({ runId }) => runId);
}

async function waitingFor(kernel: Kernel, runId: string): Promise<string | null> {
  const { state, waitingFor: what } = await read(kernel, runId);
  return what ?? state;
}

/** Invariant of every test: never more than allowed hold a slot. */
async function assertSlots(opened: TestKernel): Promise<void> {
  const over = await opened.database.query(
    `select r.slot, count(*) from roost.run r join roost.start_limit g on g.name = r.slot where r.state in ('ready', 'running') group by r.slot, g.max having count(*) > g.max`,
  );
  assert.deepEqual(over, []);
}

test("concurrency: at most so many of a key go at once; the next goes as soon as one ends, by priority, then age", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  const ids = await startMany(kernel, 5, (n) => ({ ...two, priority: n === 4 ? 10 : 0 }));
  // What was created last has the highest priority, and comes when there is room.
  const first = await claim(kernel, worker);
  assert.equal(first.length, 2);
  assert.deepEqual(await Promise.all(ids.map((id) => waitingFor(kernel, id))), [
    "running",
    "slot",
    "slot",
    "slot",
    "running",
  ]);
  await end(kernel, { runId: first[0]!.id, epoch: 1 });
  const [third] = await claim(kernel, worker);
  assert.equal(third?.id, ids[1]);
  await cancelRun(kernel, { runId: ids[2]!, reason: "no", by: "test" });
  await fail(kernel, { runId: third!.id, epoch: 1 });
  assert.equal((await claimOne(kernel, worker)).id, ids[3]);
  await assertSlots(opened);
});

test("concurrency: a run that waits gives its slot to others, and comes to the start limit again", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const [a, b] = await startMany(kernel, 2, { concurrency: { key: "one", max: 1 }, timeoutMs: 60_000 });
  const first = await claimOne(kernel, worker);
  const until = new Date(kernel.clock.nowMs() + 30_000);
  await waitInRun(kernel, first.owned, { seq: 1, name: "sleep", wait: { kind: "time", until } });
  const second = await claimOne(kernel, worker);
  assert.equal(second.id, b);
  await clock.advance(31_000);
  await promoteDueRuns(kernel);
  assert.equal(await waitingFor(kernel, a!), "slot");
  // Its time limit stands still while it waits for its turn.
  assert.equal((await read(kernel, a!)).deadlineAt, null);
  await assertSlots(opened);
  await end(kernel, second.owned);
  const again = await claimOne(kernel, worker);
  assert.deepEqual([again.id, again.epoch], [a, 2]);
  assert.ok(again.deadlineAt! > new Date(kernel.clock.nowMs()));
});

test("concurrency: the runs of a dead worker keep their slots; a retry waits for one", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const worker = await joinWorker(kernel);
  const ids = await startMany(kernel, 2, { concurrency: { key: "one", max: 1 }, retry: { attemptsMax: 2 } });
  await claimOne(kernel, worker);
  await killConnection(opened.database, worker.workerId);
  await reapWorkers(kernel);
  await worker.release().catch(() => undefined);
  assert.equal(await waitingFor(kernel, ids[1]!), "slot");
  await using second = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const again = await claimOne(kernel, second);
  assert.equal(again.id, ids[0]);
  await fail(kernel, again.owned);
  const other = await claimOne(kernel, second);
  assert.equal(other.id, ids[1]);
  await clock.advance(60_000);
  await promoteDueRuns(kernel);
  assert.equal(await waitingFor(kernel, ids[0]!), "slot");
  await end(kernel, other.owned);
  assert.equal((await claimOne(kernel, second)).id, ids[0]);
});

test("concurrency: with a serial key the order of the serial key holds, and the serial key is kept at the start limit", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  const [a] = await startMany(kernel, 1, { concurrency: { key: "one", max: 1 } });
  const [b, c] = await startMany(kernel, 2, { concurrency: { key: "one", max: 1 }, serialKey: "l" });
  const [d] = await startMany(kernel, 1, { concurrency: { key: "one", max: 1 }, priority: 5, serialKey: "l" });
  for (const expected of [a, b, c, d]) {
    const run = await claimOne(kernel, worker);
    assert.equal(run.id, expected);
    await assertSlots(opened);
    await end(kernel, run.owned);
  }
});

test("concurrency: what a start limit allows is what the last run says, for all that wait", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  await startMany(kernel, 4, { concurrency: { key: "k", max: 1 } });
  assert.equal((await claim(kernel, worker)).length, 1);
  await startMany(kernel, 1, { concurrency: { key: "k", max: 3 } });
  assert.equal((await claim(kernel, worker)).length, 2);
});

test("rate limit: at most so many start in any window; the others wait their turn and say until when", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const ids = await startMany(kernel, 5, perMinute(2));
  assert.equal((await claim(kernel, worker)).length, 2);
  const rows = await listActivity(kernel);
  const startLimit = rows.find((row) => row.id === ids[2])?.startLimit;
  assert.deepEqual([startLimit?.kind, startLimit?.used, startLimit?.max, startLimit?.windowMs], ["rate", 2, 2, 60_000]);
  assert.ok(startLimit!.nextAt! > new Date(kernel.clock.nowMs()));
  await clock.advance(59_000);
  assert.equal(await releaseDueRates(kernel), 0);
  await clock.advance(2_000);
  // Several schedulers at once let no more through than one.
  await Promise.all([kernel, await opened.openAnother(), kernel].map((each) => releaseDueRates(each)));
  assert.deepEqual((await claim(kernel, worker)).map((run) => run.id).toSorted(), [ids[2], ids[3]]);
  await clock.advance(61_000);
  await releaseDueRates(kernel);
  assert.equal((await claimOne(kernel, worker)).id, ids[4]);
});

test("rate limit: after an outage no more start at once than before it", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await using worker = await joinWorker(kernel, { ttlMs: 36_000_000 });
  await startMany(kernel, 10, perMinute(2));
  await clock.advance(3_600_000);
  while ((await releaseDueRates(kernel)) > 0);
  assert.equal((await claim(kernel, worker)).length, 4);
});

test("rate limit: an attempt after the first, and what goes on after a wait, do not count again", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  await startMany(kernel, 1, { ...perMinute(1), retry: { attemptsMax: 2, backoffMs: 1_000 } });
  const first = await claimOne(kernel, worker);
  await fail(kernel, first.owned);
  await clock.advance(5_000);
  await promoteDueRuns(kernel);
  assert.equal((await claimOne(kernel, worker)).id, first.id);
});

test("a run with both start limits passes both at once or waits at the one that refuses it", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  const both = { concurrency: { key: "c", max: 1 }, ...perMinute(2, "r") };
  const ids = await startMany(kernel, 4, both);
  const first = await claimOne(kernel, worker);
  assert.equal(await waitingFor(kernel, ids[1]!), "slot");
  await end(kernel, first.owned);
  const second = await claimOne(kernel, worker);
  await end(kernel, second.owned);
  // The slot is free: it is the rate that refuses now, and the slot has no holder meanwhile.
  assert.equal(await waitingFor(kernel, ids[2]!), "rate");
  const [free] = await startMany(kernel, 1, { concurrency: { key: "c", max: 1 } });
  assert.equal((await claimOne(kernel, worker)).id, free);
  await clock.advance(61_000);
  await releaseDueRates(kernel);
  assert.equal(await waitingFor(kernel, ids[2]!), "slot");
  await end(kernel, { runId: free!, epoch: 1 });
  assert.equal((await claimOne(kernel, worker)).id, ids[2]);
  await assertSlots(opened);
});

test("fillFreeSlots() fills a slot that was left free because the head of its queue was locked", async () => {
  await using opened = await createTestKernel();
  const { kernel, database } = opened;
  await using worker = await joinWorker(kernel);
  const [a, b] = await startMany(kernel, 2, { concurrency: { key: "one", max: 1 } });
  const run = await claimOne(kernel, worker);
  assert.equal(run.id, a);
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = database.transact(async (tx) => {
    await tx.query("select 1 from roost.run where id = $1 for update", [b]);
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  try {
    await end(kernel, run.owned);
  } finally {
    release.resolve();
    await holding;
  }
  assert.equal(await waitingFor(kernel, b!), "slot");
  assert.equal(await fillFreeSlots(kernel), 1);
  assert.equal(await stateOf(kernel, b!), "ready");
});

test("start limits hold with many workers that claim, end, fail, wait and die at once", async () => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  const { kernel } = opened;
  await startMany(kernel, 60, (n) => ({
    concurrency: { key: `k${n % 3}`, max: 1 + (n % 3) },
    ...(n % 4 === 0 ? perMinute(100, "shared") : {}),
    ...(n % 5 === 0 ? { serialKey: `l${n % 2}` } : {}),
    retry: { attemptsMax: 2, backoffMs: 0 },
  }));
  for (let round = 0; round < 60; round += 1) {
    await Promise.all(
      kernels.map(async (each, index) => {
        await using worker = await joinWorker(each);
        const runs = await claim(each, worker, 3);
        await assertSlots(opened);
        for (const [place, run] of runs.entries()) {
          const owned = { runId: run.id, epoch: run.epoch };
          if ((round + place) % 4 === 1) await fail(each, owned);
          else if ((round + index) % 5 !== 4) await end(each, owned);
        }
        // What it still owns is handed back with it.
      }),
    );
    await promoteDueRuns(kernel);
    await fillFreeSlots(kernel);
    await assertSlots(opened);
    const [left] = await opened.database.query<{ count: number }>(
      "select count(*)::int as count from roost.run where ended_at is null",
    );
    if (left!.count === 0) return;
  }
  assert.fail(
    JSON.stringify(
      await opened.database.query(
        "select state, waiting_for, slot, limits_passed from roost.run where ended_at is null",
      ),
    ),
  );
});

test("retryRun() goes through the start limits of the run it repeats", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  const [a] = await startMany(kernel, 2, { concurrency: { key: "one", max: 1 } });
  await fail(kernel, (await claimOne(kernel, worker)).owned);
  const { runId } = await retryRun(kernel, { runId: a!, reason: "again", by: "test" });
  assert.equal(await waitingFor(kernel, runId), "slot");
});

test("sweepStartLimits() removes unused start limits, and no rate that still counts", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await using worker = await joinWorker(kernel, { ttlMs: 3_600_000 });
  await startRun(kernel, two);
  await startRun(kernel, perMinute(1));
  const runs = await claim(kernel, worker);
  await sweepStartLimits(kernel);
  assert.equal((await readStartLimits(kernel.database, ["slot:mail", "rate:api"])).size, 2);
  for (const run of runs) await end(kernel, { runId: run.id, epoch: run.epoch });
  await sweepStartLimits(kernel);
  assert.deepEqual([...(await readStartLimits(kernel.database, ["slot:mail", "rate:api"])).keys()], ["rate:api"]);
  await clock.advance(61_000);
  await sweepStartLimits(kernel);
  assert.equal((await readStartLimits(kernel.database, ["rate:api"])).size, 0);
});
