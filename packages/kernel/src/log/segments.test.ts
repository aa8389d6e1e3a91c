import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sql } from "@roost/database";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { testEvents } from "../testing/test-events.ts";
import { readEvents, readPartitions } from "./read-events.ts";
import { readLog } from "./read-log.ts";
import { maintainLog } from "./segments.ts";
import { createTopic, readTopics } from "./topics.ts";

const note = (n: number, subject = "s") => ({ type: "note.written", subject, data: { n } });
const range = (from: number, until: number) => Array.from({ length: until - from }, (_, n) => from + n);
const small = { name: "notes", partitionCount: 1, segmentSize: 16 };

/** A kernel whose topic "notes" has one partition in segments of 16 offsets. */
async function createSmallSegments(retentionMs?: number) {
  const t = await createTestKernel({ events: [] });
  await createTopic(t.database, { ...small, ...(retentionMs !== undefined && { retentionMs }) });
  await t.kernel.registry.register(testEvents);
  return t;
}

test("Kernel.append() goes on over the ends of segments", async () => {
  await using t = await createSmallSegments();
  for (const n of range(0, 20)) await t.kernel.append(range(n * 5, n * 5 + 5).map((k) => note(k)));
  const events = await readEvents(t.database, { topic: "notes", partition: 0, offset: 0, limit: 1000 });
  assert.deepEqual(
    events.map((event) => [event.offset, event.data["n"]]),
    range(0, 100).map((n) => [n, n]),
  );
  const [counted] = await t.database.query("select count(distinct tableoid)::int as segments from roost.event");
  assert.deepEqual(counted, { segments: 7 });
});

test("Kernel.append() makes as many segments as one batch needs", async () => {
  await using t = await createSmallSegments();
  await t.kernel.append(range(0, 100).map((n) => note(n)));
  assert.equal((await readEvents(t.database, { topic: "notes", partition: 0, offset: 0, limit: 1000 })).length, 100);
});

test("Kernel.append() loses nothing when many processes need the next segment at once", async () => {
  await using t = await createTestKernel({ events: [] });
  await createTopic(t.database, { ...small, partitionCount: 4 });
  await t.kernel.registry.register(testEvents);
  const kernels = [t.kernel, await t.openAnother(), await t.openAnother()];
  await Promise.all(kernels.map((kernel) => kernel.registry.register(testEvents)));
  await Promise.all(
    kernels.flatMap((kernel) =>
      range(0, 3).map(async (writer) => {
        for (const n of range(0, 20))
          await kernel.transact(async (tx) => void range(0, 4).map((k) => tx.emit(note(n, `${writer} ${k}`))));
      }),
    ),
  );
  const ranges = await readPartitions(t.database, ["notes"]);
  assert.equal(
    ranges.reduce((sum, each) => sum + each.nextOffset, 0),
    3 * 3 * 20 * 4,
  );
  for (const each of ranges) {
    const events = await readEvents(t.database, { ...each, offset: 0, limit: 1000 });
    assert.deepEqual(
      events.map((event) => event.offset),
      range(0, each.nextOffset),
    );
  }
});

test("Kernel.append() goes on in a transaction that rolls its new segment back", async () => {
  await using t = await createSmallSegments();
  const failing = t.kernel.transact(async (tx) => {
    range(0, 20).map((n) => tx.emit(note(n)));
    await tx.query("create table public.pair (n int primary key deferrable initially deferred)");
    await tx.query("insert into public.pair values (1), (1)");
  });
  await assert.rejects(failing, { code: "conflict" });
  assert.equal((await readTopics(t.database)).get("notes")?.offsetsUntil, 16);
  const [position] = await t.kernel.append(range(0, 20).map((n) => note(n)));
  assert.equal(position?.offset, 0);
});

test("Kernel makes the next segment when half of the newest is used", async () => {
  await using t = await createSmallSegments();
  for (const count of [1, 8]) {
    const another = await t.openAnother();
    await another.append(range(0, count).map((n) => note(n)));
    // Closing waits for what is done in the background.
    await another[Symbol.asyncDispose]();
  }
  assert.equal((await readTopics(t.database)).get("notes")?.offsetsUntil, 32);
});

test("Kernel makes no segment ahead of need, however many processes start", async () => {
  await using t = await createSmallSegments();
  for (const n of range(0, 3)) {
    const another = await t.openAnother();
    await another.append([note(n)]);
    await another[Symbol.asyncDispose]();
  }
  assert.equal((await readTopics(t.database)).get("notes")?.offsetsUntil, 16);
});

test("maintainLog() makes segments ahead and drops those beyond retention", async () => {
  await using t = await createSmallSegments(3_600_000);
  await t.kernel.append(range(0, 40).map((n) => note(n)));
  await t.clock.advance(1_800_000);
  await t.kernel.append(range(40, 50).map((n) => note(n)));
  assert.deepEqual((await maintainLog(t.kernel)).droppedCount, 0);
  await t.clock.advance(1_900_000);
  // Of the third segment (32 to 47) only a part is old.
  assert.deepEqual((await maintainLog(t.kernel)).droppedCount, 2);
  assert.deepEqual(await readPartitions(t.database, ["notes"]), [
    { topic: "notes", partition: 0, firstOffset: 32, nextOffset: 50 },
  ]);
  const page = await readLog(t.database, { topics: ["notes"], after: { "notes/0": 3 }, limit: 100 });
  assert.deepEqual(
    page.events.map((event) => event.offset),
    range(32, 50),
  );
  assert.deepEqual(await maintainLog(t.kernel), { extendedCount: 0, droppedCount: 0 });
  const [position] = await t.kernel.append([note(50)]);
  assert.equal(position?.offset, 50);
});

test("maintainLog() keeps everything of a topic without retention", async () => {
  await using forEver = await createSmallSegments();
  await forEver.kernel.append(range(0, 40).map((n) => note(n)));
  await forEver.clock.advance(1e12);
  assert.equal((await maintainLog(forEver.kernel)).droppedCount, 0);
});

test("maintainLog() leaves a segment for later while the topic is read", async () => {
  await using t = await createSmallSegments(1000);
  await t.kernel.append(range(0, 40).map((n) => note(n)));
  await t.clock.advance(1e9);
  await t.database.transact(async (tx) => {
    await tx.query("select count(*) from roost.event");
    assert.equal((await maintainLog(t.kernel)).droppedCount, 0);
  });
  assert.ok((await maintainLog(t.kernel)).droppedCount >= 2);
});

test("readEvents() is planned for the segments it needs, and nothing else", async () => {
  await using t = await createSmallSegments();
  await t.kernel.append(range(0, 200).map((n) => note(n)));
  await t.database.query("analyze");
  const plans: string[] = [];
  const explaining: Sql = {
    async query(text, values, options) {
      const rows = await t.database.query<{ "QUERY PLAN": string }>(`explain ${text}`, values, options);
      plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
      return [];
    },
  };
  // A prepared statement would change its plan after five times.
  for (let n = 0; n < 7; n += 1)
    await readEvents(explaining, { topic: "notes", partition: 0, offset: 20, offsetUntil: 30, limit: 100 });
  for (const plan of plans)
    assert.deepEqual(
      [...plan.matchAll(/ on (event_\w+)/g)].map((match) => match[1]),
      ["event_1_notes_1"],
      plan,
    );
});

test("createTopic() grows a topic, never shrinks it, and may be repeated", async () => {
  await using t = await createTestKernel({ events: [] });
  await Promise.all([1, 2, 3].map(() => createTopic(t.database, { name: "grows", partitionCount: 2 })));
  await createTopic(t.database, { name: "grows", partitionCount: 5, retentionMs: 1000 });
  await createTopic(t.database, { name: "grows" });
  assert.deepEqual(
    (await readPartitions(t.database, ["grows"])).map((each) => each.partition),
    [0, 1, 2, 3, 4],
  );
  assert.equal((await readTopics(t.database)).get("grows")?.retentionMs, 1000);
  await assert.rejects(createTopic(t.database, { name: "grows", partitionCount: 4 }), {
    code: "conflict",
    message: /5 partitions and cannot shrink to 4/,
  });
  await assert.rejects(createTopic(t.database, { name: "Grows!" }), { code: "invalid_input", message: /"Grows!"/ });
});

test("createTopic() tells apart topics whose names PostgreSQL would shorten to the same", async () => {
  await using t = await createTestKernel({ events: [] });
  const names = ["a".repeat(62) + "b", "a".repeat(62) + "c", "x-y", "x_y"];
  for (const name of names) await createTopic(t.database, { name });
  assert.deepEqual([...(await readTopics(t.database)).keys()].sort(), names.toSorted());
});
