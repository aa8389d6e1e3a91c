import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { cancelRun } from "../runs/cancel-run.ts";
import { createRun, createRuns } from "../runs/create-run.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { acquireLock, type LockRequest } from "./acquire-lock.ts";
import { listLocks } from "./list-locks.ts";
import { expireLocks, releaseLock, releaseLocksOfRun, renewLock } from "./release-lock.ts";
import { sweepCoordination } from "./sweep-coordination.ts";

const request = (holder: string, more: Partial<LockRequest> = {}): LockRequest => ({
  name: "backup",
  holder,
  ttlMs: 60_000,
  ...more,
});

async function eventsOf(kernel: { database: { query<Row>(sql: string): Promise<Row[]> } }): Promise<string[]> {
  const rows = await kernel.database.query<{ type: string; data: { holder: string } }>(
    `select type, data from roost.event where topic = 'coordination' order by "offset"`,
  );
  return rows.map((row) => `${row.type} ${row.data.holder}`);
}

test("acquireLock() gives a lock to one of many that ask at once, on several kernels", async () => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      acquireLock(kernels[index % 3] ?? opened.kernel, request(`holder ${index}`)),
    ),
  );
  const winners = answers.filter((answer) => answer.acquired);
  assert.equal(winners.length, 1);
  for (const answer of answers) assert.equal(answer.holder, winners[0]?.holder);
  assert.deepEqual(await eventsOf(opened.kernel), [`lock.acquired ${winners[0]?.holder}`]);
});

test("acquireLock() gives the same holder the lock it has, with its epoch, and emits nothing", async () => {
  await using opened = await createTestKernel();
  const first = await acquireLock(opened.kernel, request("a", { purpose: "nightly" }));
  const again = await acquireLock(opened.kernel, request("a"));
  assert.deepEqual([again.acquired, again.epoch, again.purpose], [true, first.epoch, "nightly"]);
  assert.ok(again.expiresAt >= first.expiresAt);
  assert.equal((await eventsOf(opened.kernel)).length, 1);
});

test("acquireLock() passes an expired lock on with a greater epoch, and the old holder can neither renew nor release it", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const old = await acquireLock(kernel, request("old"));
  await clock.advance(61_000);
  assert.deepEqual(await renewLock(kernel, { ...old, ttlMs: 60_000 }), {
    isHeld: false,
    holder: null,
    epoch: null,
    expiresAt: null,
  });
  const young = await acquireLock(kernel, request("young"));
  assert.ok(young.acquired && young.epoch > old.epoch);
  assert.equal((await renewLock(kernel, { ...old, ttlMs: 60_000 })).holder, "young");
  assert.deepEqual(await releaseLock(kernel, old), { released: false, holder: "young" });
  assert.equal((await renewLock(kernel, { ...young, ttlMs: 60_000 })).isHeld, true);
  assert.deepEqual(await eventsOf(kernel), ["lock.acquired old", "lock.expired old", "lock.acquired young"]);
});

test("renewLock() keeps a lock beyond its first deadline", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const lock = await acquireLock(kernel, request("a"));
  for (let count = 0; count < 3; count += 1) {
    await clock.advance(40_000);
    assert.equal((await renewLock(kernel, { ...lock, ttlMs: 60_000 })).isHeld, true);
  }
  assert.equal((await acquireLock(kernel, request("b"))).acquired, false);
});

test("acquireLock() serves waiters in the order in which they came", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const other = await opened.openAnother();
  let held = await acquireLock(kernel, request("first"));
  const served: string[] = [];
  const waiting: Promise<void>[] = [];
  for (const [index, holder] of ["w1", "w2", "w3"].entries()) {
    waiting.push(
      acquireLock(index % 2 === 0 ? other : kernel, request(holder, { waitMs: 60_000 })).then(async (lock) => {
        assert.ok(lock.acquired);
        served.push(holder);
        await releaseLock(kernel, lock);
      }),
    );
    await until(async () => (await listLocks(kernel, { limit: 10 })).locks[0]?.waitingCount === index + 1);
  }
  assert.equal((await acquireLock(kernel, request("pusher"))).acquired, false);
  assert.deepEqual(await releaseLock(kernel, held), { released: true, holder: null });
  await Promise.all(waiting);
  assert.deepEqual(served, ["w1", "w2", "w3"]);
  held = await acquireLock(kernel, request("last"));
  assert.ok(held.acquired);
});

test("acquireLock() that is aborted while it waits leaves the line", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await acquireLock(kernel, request("a"));
  const controller = new AbortController();
  const waiting = acquireLock(kernel, request("b", { waitMs: 60_000 }), { signal: controller.signal });
  await until(async () => (await listLocks(kernel, { limit: 1 })).locks[0]?.waitingCount === 1);
  controller.abort();
  await assert.rejects(waiting, { code: "timeout" });
  assert.equal((await listLocks(kernel, { limit: 1 })).locks[0]?.waitingCount, 0);
});

test("expireLocks() frees what was not given back, once, however many look", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const other = await opened.openAnother();
  for (const name of ["a", "b", "c"]) await acquireLock(kernel, request("holder", { name }));
  assert.equal(await expireLocks(kernel), 0);
  await clock.advance(61_000);
  const counts = await Promise.all([expireLocks(kernel), expireLocks(other), expireLocks(kernel)]);
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    3,
  );
  assert.equal((await eventsOf(kernel)).filter((event) => event.startsWith("lock.expired")).length, 3);
  assert.deepEqual((await listLocks(kernel, { limit: 10 })).locks, []);
});

test("acquireLock() for a run: the lock is free the moment its run has ended", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const { runId } = await kernel.transact((tx) => createRun(tx, { reason: "test", input: {} }));
  const lock = await acquireLock(kernel, request("the run", { runId }));
  assert.equal((await acquireLock(kernel, request("other"))).acquired, false);
  await cancelRun(kernel, { runId, reason: "over", by: "test" });
  const other = await acquireLock(kernel, request("other"));
  assert.ok(other.acquired && other.epoch > lock.epoch);
  assert.deepEqual(await eventsOf(kernel), ["lock.acquired the run", "lock.released the run", "lock.acquired other"]);
  await assert.rejects(acquireLock(kernel, request("the run", { name: "late", runId })), {
    code: "conflict",
    message: /has ended/,
  });
});

test("expireLocks() and releaseLocksOfRun() give back what an ended run held", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const created = await kernel.transact((tx) =>
    createRuns(tx, [
      { reason: "a", input: {} },
      { reason: "b", input: {} },
    ]),
  );
  for (const [index, { runId }] of created.entries()) {
    await acquireLock(kernel, request(`run ${index}`, { name: `lock ${index}`, runId }));
  }
  await kernel.transact((tx) => releaseLocksOfRun(tx, created[0]?.runId ?? ""));
  assert.deepEqual(
    (await listLocks(kernel, { limit: 10 })).locks.map((lock) => lock.name),
    ["lock 1"],
  );
  await cancelRun(kernel, { runId: created[1]?.runId ?? "", reason: "over", by: "test" });
  assert.equal(await expireLocks(kernel), 1);
  assert.deepEqual((await listLocks(kernel, { limit: 10 })).locks, []);
});

test("sweepCoordination() forgets a name long released, and its next epoch is still greater", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const lock = await acquireLock(kernel, request("a"));
  await releaseLock(kernel, lock);
  await clock.advance(8 * 86_400_000);
  assert.equal(await sweepCoordination(kernel), 1);
  assert.ok((await acquireLock(kernel, request("b"))).epoch > lock.epoch);
});

for (const [what, wrong] of [
  ["an empty name", { name: "" }],
  ["a name with a line break", { name: "a\nb" }],
  ["a deadline of nothing", { ttlMs: 0 }],
  ["a deadline of a week", { ttlMs: 7 * 86_400_000 }],
  ["a wait without end", { waitMs: 1e9 }],
] satisfies [string, Partial<LockRequest>][]) {
  test(`acquireLock() refuses ${what}`, async () => {
    await using opened = await createTestKernel();
    await assert.rejects(acquireLock(opened.kernel, request("a", wrong)), { code: "invalid_input" });
  });
}
