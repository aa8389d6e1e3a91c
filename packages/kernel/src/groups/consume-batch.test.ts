/** What happens when a handler fails: the failing event stands alone, is visible, is tried ever less often, and is never passed over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredEvent } from "../log/event.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { eventTypes } from "../testing/drive-runs.ts";
import { groupTestEvents, note } from "../testing/test-events.ts";
import type { KernelTransaction } from "../transact.ts";
import { joinGroup, type GroupMember } from "./join-group.ts";
import { getGroup, listLaggingPartitions, type GroupPartition } from "./list-groups.ts";

const group = "counters";
const poison = 37;

async function open(count: number): Promise<TestKernel> {
  const t = await createTestKernel({ events: groupTestEvents });
  await t.database.query("create table public.seen (n int)");
  // One subject: one partition.
  await t.kernel.append(Array.from({ length: count }, (_, n) => note(n, "s")));
  return t;
}

async function refusePoison(tx: KernelTransaction, events: StoredEvent[]): Promise<void> {
  for (const event of events) {
    if (event.data["n"] === poison) throw new Error(`cannot digest ${poison}`);
    await tx.query("insert into public.seen (n) values ($1)", [event.data["n"]]);
  }
}

async function consumeUntilIdle(member: GroupMember): Promise<void> {
  while ((await member.consume()).isMore);
}

async function seen(t: TestKernel): Promise<number[]> {
  return (await t.database.query<{ n: number }>("select n from public.seen order by n")).map((row) => row.n);
}

async function partitionOf(t: TestKernel): Promise<GroupPartition> {
  const { partitions } = await getGroup(t.database, group);
  return partitions.find((each) => each.head > 0)!;
}

test("consumeBatch() lets everything before the failing event take effect, and nothing behind it", async () => {
  await using t = await open(100);
  await using member = await joinGroup(t.kernel, { group, topics: ["notes"], handle: refusePoison, batchMax: 64 });
  await consumeUntilIdle(member);
  assert.deepEqual(
    await seen(t),
    Array.from({ length: poison }, (_, n) => n),
  );
  const place = await partitionOf(t);
  assert.deepEqual(
    [place.cursor, place.state, place.failureCount, place.lagCount, place.lastError?.message],
    [poison, "failing", 1, 63, `cannot digest ${poison}`],
  );
  assert.deepEqual(await eventTypes(t.kernel, group), ["consumer.failed"]);
});

test("consumeBatch() tries a failing event ever less often, tells of it, and goes on by itself once it succeeds", async () => {
  await using t = await open(50);
  let isBroken = true;
  await using member = await joinGroup(t.kernel, {
    group,
    topics: ["notes"],
    batchMax: 10,
    handle: async (tx, events) => {
      if (isBroken) return refusePoison(tx, events);
      await tx.query("insert into public.seen (n) select unnest($1::int[])", [events.map((event) => event.data["n"])]);
    },
  });
  await consumeUntilIdle(member);
  const pauses: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    assert.equal((await member.consume()).failureCount, 0, "not before its time");
    const { retryAt } = await partitionOf(t);
    const pauseMs = retryAt!.getTime() - t.kernel.clock.nowMs();
    pauses.push(Math.round(pauseMs / 1000));
    await t.clock.advance(pauseMs + 1_000);
    assert.equal((await member.consume()).failureCount, 1);
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
  assert.equal((await partitionOf(t)).failureCount, 9);
  assert.equal((await eventTypes(t.kernel, group)).length, 4, "told at 1, 2, 4 and 8");
  const [alarm] = await listLaggingPartitions(t.database, { lagMsMin: 1e12, failuresMin: 3, limit: 10 });
  assert.equal(alarm?.group, group);

  isBroken = false;
  await t.clock.advance(61_000);
  await consumeUntilIdle(member);
  assert.equal((await seen(t)).length, 50);
  const place = await partitionOf(t);
  assert.deepEqual([place.state, place.failureCount, place.lagCount, place.lagMs], ["current", 0, 0, null]);
  assert.equal(place.lastError?.message, `cannot digest ${poison}`, "what it last failed on stays visible");
});

test("consumeBatch() of one partition does not wait for another that fails", async () => {
  await using t = await open(0);
  await t.kernel.append(Array.from({ length: 100 }, (_, n) => note(n)));
  await using member = await joinGroup(t.kernel, { group, topics: ["notes"], handle: refusePoison, concurrency: 4 });
  await consumeUntilIdle(member);
  const { partitions } = await getGroup(t.database, group);
  assert.deepEqual(partitions.map((each) => each.state).toSorted(), ["current", "current", "current", "failing"]);
});
