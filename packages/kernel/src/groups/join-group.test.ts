/** Members of one group on kernels of their own, as processes have: sharing, leaving, dying, being paused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredEvent } from "../log/event.ts";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { killConnection } from "../testing/drive-runs.ts";
import { groupTestEvents, note } from "../testing/test-events.ts";
import type { KernelTransaction } from "../transact.ts";
import { registerWorker } from "../workers/register-worker.ts";
import { isPartitionLost } from "./partition-lease.ts";
import { joinGroup, type GroupMember, type JoinGroup } from "./join-group.ts";
import { consumeBatch } from "./consume-batch.ts";

const group = "counters";
const topics = ["notes"];

/** The effect that everything here counts: a row for each event, and no key that would hide a second one. */
async function see(tx: KernelTransaction, events: StoredEvent[]): Promise<void> {
  await tx.query("insert into public.seen (n) select unnest($1::int[])", [events.map((event) => event.data["n"])]);
}

async function openTest(count: number): Promise<TestKernel> {
  const t = await createTestKernel({ events: groupTestEvents });
  await t.database.query("create table public.seen (n int)");
  await appendNotes(t.kernel, 0, count);
  return t;
}

async function appendNotes(kernel: Kernel, from: number, count: number): Promise<void> {
  if (count > 0) await kernel.append(Array.from({ length: count }, (_, n) => note(from + n)));
}

function join(kernel: Kernel, memberId: string, more: Partial<JoinGroup> = {}): Promise<GroupMember> {
  return joinGroup(kernel, { group, topics, memberId, handle: see, batchMax: 7, ...more });
}

async function consumeAll(member: GroupMember): Promise<number> {
  let total = 0;
  for (;;) {
    const { eventCount, isMore } = await member.consume();
    total += eventCount;
    if (!isMore) return total;
  }
}

async function assertSeenOnce(t: TestKernel, count: number): Promise<void> {
  const rows = await t.database.query<{ n: number }>("select n from public.seen order by n");
  assert.deepEqual(
    rows.map((row) => row.n),
    Array.from({ length: count }, (_, n) => n),
  );
}

test("joinGroup() shares partitions with a second member, and each event takes effect once", async () => {
  await using t = await openTest(200);
  await using a = await join(t.kernel, "a");
  assert.equal(a.leases.length, 4, "alone it has all of them");
  await using b = await join(await t.openAnother(), "b");
  assert.equal(b.leases.length, 0, "a live member is not robbed");
  await a.consume();
  await a.rebalance();
  await b.rebalance();
  assert.deepEqual([a.leases.length, b.leases.length], [2, 2]);
  const [ofA, ofB] = await Promise.all([consumeAll(a), consumeAll(b)]);
  assert.ok(ofA > 0 && ofB > 0, `${ofA} and ${ofB}`);
  await assertSeenOnce(t, 200);
});

test("joinGroup() members come, go and work at the same time without loss and without a double effect", async () => {
  await using t = await openTest(400);
  const kernels = [t.kernel, await t.openAnother(), await t.openAnother()];
  let round = 0;
  const live = async (kernel: Kernel, memberId: string) => {
    while ((round += 1) < 40) {
      await using member = await join(kernel, memberId);
      for (let pass = 0; pass < 3; pass += 1) {
        await member.consume();
        await member.rebalance();
      }
    }
  };
  await Promise.all(kernels.map((kernel, index) => live(kernel, `m${index}`)));
  await using last = await join(t.kernel, "last");
  await consumeAll(last);
  await assertSeenOnce(t, 400);
});

test("leave() gives the partitions to the others at once", async () => {
  await using t = await openTest(20);
  const a = await join(t.kernel, "a");
  await using b = await join(await t.openAnother(), "b");
  await a.leave();
  await b.rebalance();
  assert.equal(b.leases.length, 4);
  assert.equal(await consumeAll(b), 20);
});

test("rebalance() takes the partitions of a member that was killed in the middle of a batch, and what it then writes is refused", async () => {
  await using t = await openTest(40);
  const another = await t.openAnother();
  await using registration = await registerWorker(t.kernel, { kind: "consumer", host: "test", pid: 1 });
  const inBatch = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const a = await join(t.kernel, "a", { registration });
  const lease = a.leases[0]!;
  const signal = new AbortController().signal;
  const late = consumeBatch(t.kernel, lease, {
    batchMax: 7,
    signal,
    handle: async (tx, events) => {
      await see(tx, events);
      inBatch.resolve();
      await goOn.promise;
    },
  });
  await inBatch.promise;
  await killConnection(t.database, registration.workerId);
  await using b = await join(another, "b");
  assert.equal(
    b.leases.length,
    4,
    "the dead member's lock is free: its partitions are taken without waiting for its lease",
  );
  assert.equal(await consumeAll(b), 40);
  goOn.resolve();
  assert.equal((await late).state, "lost");
  await assertSeenOnce(t, 40);
});

test("consumeBatch() of a member that was paused past its lease changes nothing, not even with nothing else to stop it", async () => {
  await using t = await openTest(12);
  await using paused = await join(t.kernel, "paused", { ttlMs: 5_000 });
  const leases = [...paused.leases];
  await t.clock.advance(6_000);
  await using b = await join(await t.openAnother(), "b");
  assert.equal(b.leases.length, 4);
  const signal = new AbortController().signal;
  for (const lease of leases) {
    const outcome = await consumeBatch(t.kernel, lease, { handle: see, batchMax: 100, signal });
    assert.equal(outcome.state, "lost");
  }
  await assertSeenOnce(t, 0);
  assert.equal(await paused.rebalance(), true, "it may join again: its row was not reaped");
  assert.equal(await consumeAll(b), 12);
  await assertSeenOnce(t, 12);
});

test("consumeBatch() checks the epoch in the statement that moves the cursor", async () => {
  await using t = await openTest(8);
  await using a = await join(t.kernel, "a");
  const lease = a.leases.find((each) => each.partition === 0)!;
  const signal = new AbortController().signal;
  let stolen = false;
  const outcome = await consumeBatch(t.kernel, lease, {
    batchMax: 100,
    signal,
    handle: async (tx, events) => {
      await see(tx, events);
      // Between the read of the events and the move of the cursor.
      await t.database.query("update roost.cursor set epoch = nextval('roost.partition_epoch') where partition = 0");
      stolen = true;
    },
  });
  assert.ok(stolen);
  assert.equal(outcome.state, "lost");
  await assertSeenOnce(t, 0);
});

test("joinGroup() begins at the latest when told to, but only in topics that the group never read", async () => {
  await using t = await openTest(10);
  const latest = { startAt: "latest" } as const;
  const a = await join(t.kernel, "a", latest);
  await appendNotes(t.kernel, 0, 3);
  await a.leave();
  await using b = await join(t.kernel, "b", latest);
  assert.equal(await consumeAll(b), 3);
  await assertSeenOnce(t, 3);
});

test("joinGroup() refuses the id of a live member, and gives a dead one's to who comes next", async () => {
  await using t = await openTest(0);
  await using registration = await registerWorker(t.kernel, { kind: "consumer", host: "test", pid: 1 });
  const dying = await join(t.kernel, "a", { registration });
  await assert.rejects(join(await t.openAnother(), "a"), { code: "conflict", message: /has a live member "a"/ });
  await killConnection(t.database, registration.workerId);
  await using again = await join(await t.openAnother(), "a");
  assert.equal(again.leases.length, 4);
  assert.ok(again.leases[0]!.epoch > dying.leases[0]!.epoch);
});

test("joinGroup() names the limit that was broken", async () => {
  await using t = await openTest(0);
  await assert.rejects(join(t.kernel, "a", { group: "Counters" }), { message: /group "Counters" must be/ });
  await assert.rejects(join(t.kernel, "a", { topics: [] }), { message: /reads 0 topics/ });
  await assert.rejects(join(t.kernel, "a", { batchMax: 5000 }), { message: /batchMax 5000 .* 1000/ });
  assert.equal(isPartitionLost(new Error("anything")), false);
});
