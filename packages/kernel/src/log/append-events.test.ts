import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { testEvents } from "../testing/test-events.ts";
import { readEvents, readPartitions } from "./read-events.ts";
import { createTopic } from "./topics.ts";

const note = (n: number, subject = `s${n}`) => ({ type: "note.written", subject, data: { n } });
const done = (n: number) => ({ type: "task.done", subject: `t${n}`, data: { n } });

/** Offsets of every partition are 0, 1, 2 … up to the head. */
async function assertDense(kernel: Kernel, eventCount: number): Promise<void> {
  const rows = await kernel.database.query<{ gapless: boolean; count: number }>(
    `select h.next_offset = count(e) and coalesce(max(e."offset") + 1, 0) = h.next_offset as gapless, count(e) as count
     from roost.partition_head h left join roost.event e using (topic, partition) group by h.topic, h.partition, h.next_offset`,
  );
  assert.ok(rows.every((row) => row.gapless));
  assert.equal(
    rows.reduce((sum, row) => sum + row.count, 0),
    eventCount,
  );
}

test("appendEvents() keeps offsets dense under concurrent writers of several processes and topics, aborted ones included", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const kernels = [t.kernel, await t.openAnother(), await t.openAnother()];
  let committedCount = 0;
  const write = async (kernel: Kernel, writer: number) => {
    for (let n = 0; n < 30; n += 1) {
      if (n % 5 === 0) {
        await kernel.append([note(n), done(n), note(writer, "same"), done(writer)]);
        committedCount += 4;
        continue;
      }
      const work = kernel.transact(async (tx) => {
        // The opposite order in every second transaction: heads are still locked in one order.
        const drafts = [note(n), done(n), note(n + 1), done(n + 1)];
        for (const draft of n % 2 === 0 ? drafts : drafts.reverse()) tx.emit(draft);
        if (n % 7 === 3) throw new Error("gives up");
      });
      if (n % 7 === 3) {
        await assert.rejects(work, /gives up/);
        continue;
      }
      await work;
      committedCount += 4;
    }
  };
  await Promise.all(kernels.flatMap((kernel) => [0, 1, 2, 3].map((writer) => write(kernel, writer))));
  await assertDense(t.kernel, committedCount);
});

test("appendEvents() leaves no gap when the transaction fails after it", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.append([note(1, "s")]);
  // A deferred constraint fails at the commit, when offsets have been given already.
  await t.database.query("create table public.pair (n int primary key deferrable initially deferred)");
  const failing = t.kernel.transact(async (tx) => {
    tx.emit(note(2, "s"));
    await tx.query("insert into public.pair values (1), (1)");
  });
  await assert.rejects(failing, { code: "conflict" });
  const [position] = await t.kernel.append([note(3, "s")]);
  assert.equal(position?.offset, 1);
  await assertDense(t.kernel, 2);
});

test("readEvents() never skips an event, however appends and reads interleave", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await createTopic(t.database, { name: "notes", partitionCount: 4 });
  const kernels = [t.kernel, await t.openAnother(), await t.openAnother()];
  let isWriting = true;
  const read = async (partition: number) => {
    let next = 0;
    for (let isLast = false; !isLast;) {
      isLast = !isWriting;
      const events = await readEvents(t.database, { topic: "notes", partition, offset: next, limit: 7 });
      for (const event of events) assert.equal(event.offset, next++);
      if (events.length > 0) isLast = false;
    }
    return next;
  };
  const reading = Promise.all([0, 1, 2, 3].map(read));
  await Promise.all(
    kernels.flatMap((kernel) =>
      [0, 1, 2].map(async () => {
        for (let n = 0; n < 25; n += 1)
          await kernel.transact(async (tx) => void [1, 2, 3].map((k) => tx.emit(note(n * 10 + k))));
      }),
    ),
  );
  isWriting = false;
  assert.equal(
    (await reading).reduce((sum, count) => sum + count, 0),
    3 * 3 * 25 * 3,
  );
});

test("appendEvents() locks heads in one order: transactions with opposite orders do not deadlock", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const before = await t.database.query<{ deadlocks: number }>(
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  const subjects = Array.from({ length: 20 }, (_, n) => `s${n}`);
  await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; n < 20; n += 1) {
        const order = writer % 2 === 0 ? subjects : subjects.toReversed();
        await t.kernel.transact(async (tx) => void order.map((subject) => tx.emit(note(n, subject))));
      }
    }),
  );
  await t.database.query("select pg_stat_force_next_flush()");
  const after = await t.database.query<{ deadlocks: number }>(
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  assert.deepEqual(after, before);
  await assertDense(t.kernel, 8 * 20 * 20);
});

test("appendEvents() stores every field and fills in what the draft leaves out", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const full = {
    type: "note.written",
    id: "given",
    subject: "s",
    data: { n: 1, text: 'quote " backslash \\ u0000 \\u0000 brace { 🐦 \u2028' },
    source: "/tests",
    key: "k",
    correlation: "c",
    causation: "before",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    labels: ["aud:domain:peeps", "src:web:a.example", "trust:agent"],
  };
  const [first, second] = await t.kernel.append([full, { type: "note.written", data: { n: 2 } }]);
  const stored = await readEvents(t.database, { ...first!, limit: 1 });
  const { time, ...rest } = stored[0]!;
  assert.ok(time instanceof Date);
  assert.deepEqual(rest, { ...full, topic: "notes", partition: first!.partition, offset: 0, version: 1 });
  const [bare] = await readEvents(t.database, { ...second!, limit: 1 });
  assert.deepEqual(
    { ...bare, time: null },
    {
      topic: "notes",
      partition: second!.partition,
      offset: second!.offset,
      id: second!.id,
      type: "note.written",
      version: 1,
      source: "roost",
      subject: null,
      key: null,
      time: null,
      data: { n: 2 },
      correlation: second!.id,
      causation: null,
      traceparent: null,
      labels: ["aud:main", "trust:untrusted"],
    },
  );
});

test("appendEvents() keeps events of one key in one partition, in order", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await Promise.all(Array.from({ length: 50 }, (_, n) => t.kernel.append([note(n, "one run"), note(n)])));
  const rows = await t.database.query<{ partition: number; n: number }>(
    `select partition, (data->>'n')::int as n from roost.event where subject = 'one run' order by "offset"`,
  );
  assert.equal(new Set(rows.map((row) => row.partition)).size, 1);
  assert.deepEqual(
    rows.map((row) => row.n),
    Array.from({ length: 50 }, (_, n) => n),
  );
});

test("readPartitions() tells what is kept and what comes next", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await createTopic(t.database, { name: "single", partitionCount: 1 });
  assert.deepEqual(await readPartitions(t.database, ["single"]), [
    { topic: "single", partition: 0, firstOffset: 0, nextOffset: 0 },
  ]);
  assert.equal((await readPartitions(t.database, ["notes"])).length, 4);
  assert.deepEqual(await readPartitions(t.database, ["no such topic"]), []);
});
