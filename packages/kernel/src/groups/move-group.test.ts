import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { eventTypes } from "../testing/drive-runs.ts";
import { groupTestEvents, note } from "../testing/test-events.ts";
import { consumeGroup } from "./consume-group.ts";
import { createGroup } from "./group.ts";
import { getGroup, listGroups } from "./list-groups.ts";
import { removeGroup, resetGroup, skipEvent } from "./move-group.ts";

const group = "counters";
const by = "ann";
const earliest = { kind: "earliest" } as const;

async function open(count: number): Promise<TestKernel> {
  const t = await createTestKernel({ events: groupTestEvents });
  await t.kernel.append(Array.from({ length: count }, (_, n) => note(n, "s")));
  return t;
}

/** A reader of the group, as far as it gets. */
function readerOf(t: TestKernel, seen: number[], poison = -1): () => Promise<void> {
  const readers = createGroup(group, "stop", async (tx, events) => {
    const numbers = events.map((event) => Number(event.data["n"]));
    if (numbers.includes(poison)) throw new Error("cannot digest it");
    tx.afterCommit(() => seen.push(...numbers));
  });
  return async () => {
    while ((await consumeGroup(t.kernel, readers, { topics: ["notes"] })).isMore);
  };
}

async function placeOf(t: TestKernel) {
  return (await getGroup(t.database, group, { neededTopics: [] })).partitions.find((each) => each.head > 0)!;
}

test("skipEvent() passes over the one event that fails, and says who did it", async () => {
  await using t = await open(5);
  const seen: number[] = [];
  const read = readerOf(t, seen, 2);
  await read();
  const { topic, partition, cursor } = await placeOf(t);
  assert.equal(cursor, 2);
  const skip = { group, topic, partition, by, reason: "nonsense" };
  await assert.rejects(skipEvent(t.kernel, { ...skip, offset: 3 }), {
    code: "conflict",
    message: /is at 2 and fails there/,
  });
  const { eventId, nextOffset } = await skipEvent(t.kernel, { ...skip, offset: 2 });
  assert.equal(nextOffset, 3);
  await assert.rejects(skipEvent(t.kernel, { ...skip, offset: 2 }), { code: "conflict" }, "once");
  await read();
  assert.deepEqual(seen, [0, 1, 3, 4]);
  assert.deepEqual(await eventTypes(t.kernel, group), ["consumer.skipped"]);
  const [told] = await t.database.query<{ data: unknown; causation: string }>(
    "select data, causation from roost.event where type = 'consumer.skipped'",
  );
  assert.deepEqual(told?.data, {
    group,
    topic,
    partition,
    fromOffset: 2,
    toOffset: 3,
    by,
    eventId,
    reason: "nonsense",
  });
  assert.equal(told?.causation, eventId);
});

test("resetGroup() puts a group somewhere else while it is read, and what follows is done again from there", async () => {
  await using t = await open(5);
  const seen: number[] = [];
  const read = readerOf(t, seen);
  await read();
  const { partition } = await placeOf(t);
  const moved = await resetGroup(t.kernel, { group, to: { kind: "offset", offset: 3 }, by, partition });
  assert.deepEqual(
    moved.map(({ from, to }) => [from, to]),
    [[5, 3]],
  );
  await read();
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 3, 4]);
});

test("resetGroup() goes to the earliest, the latest, a time or an offset that there is", async () => {
  await using t = await open(3);
  await t.clock.advance(60_000);
  const since = new Date(t.kernel.clock.nowMs() - 1_000);
  await t.kernel.append([note(3, "s"), note(4, "s")]);
  const seen: number[] = [];
  await readerOf(t, seen)();
  const { partition } = await placeOf(t);
  const to = async (target: Parameters<typeof resetGroup>[1]["to"]) =>
    (await resetGroup(t.kernel, { group, to: target, by, partition }))[0]?.to;
  assert.equal(await to({ kind: "latest" }), 5);
  assert.equal(await to(earliest), 0);
  assert.equal(await to({ kind: "time", time: since }), 3);
  await assert.rejects(to({ kind: "offset", offset: 6 }), {
    code: "not_found",
    message: /offset 6 of notes\/\d is out of range: earliest is 0/,
  });
  await assert.rejects(resetGroup(t.kernel, { group: "nobody", to: earliest, by }), { code: "not_found" });
  await assert.rejects(resetGroup(t.kernel, { group: "roost.event-jobs", to: earliest, by }), {
    code: "conflict",
    message: /belongs to Roost itself/,
  });
});

test("removeGroup() forgets a group and where it was", async () => {
  await using t = await open(3);
  await readerOf(t, [])();
  assert.deepEqual(
    (await listGroups(t.database, { limit: 10, neededTopics: [] })).map((each) => each.name),
    [group],
  );
  await removeGroup(t.kernel, { group, by });
  assert.deepEqual(await listGroups(t.database, { limit: 10, neededTopics: [] }), []);
  await assert.rejects(getGroup(t.database, group, { neededTopics: [] }), { code: "not_found" });
  await assert.rejects(removeGroup(t.kernel, { group, by }), { code: "not_found" });
  await assert.rejects(removeGroup(t.kernel, { group: "roost.event-jobs", by }), { code: "conflict" });
});
