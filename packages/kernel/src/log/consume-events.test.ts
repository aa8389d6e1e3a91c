import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { testEvents } from "../testing/test-events.ts";
import { consumeEvents, readLag } from "./consume-events.ts";
import { commitCursor, lockCursor, readCursor, readCursors } from "./cursor.ts";

const note = (n: number, subject = `s${n}`) => ({ type: "note.written", subject, data: { n } });
const group = "counters";
const topics = ["notes"];

async function consumeAll(kernel: Kernel, limit = 10): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await consumeEvents(kernel, { group, topics, limit }, async (tx, events) => {
      for (const event of events) await tx.query("insert into public.seen (n) values ($1)", [event.data["n"]]);
    });
    if (count === 0) return total;
    total += count;
  }
}

test("consumeEvents() lets each event take effect once, with several consumers at once", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.database.query("create table public.seen (n int)");
  const consumers = [t.kernel, await t.openAnother(), await t.openAnother()];
  await t.kernel.append(Array.from({ length: 200 }, (_, n) => note(n)));
  await Promise.all(consumers.map((kernel) => consumeAll(kernel)));
  // Whoever came while another held a partition left it alone.
  await consumeAll(t.kernel);
  const rows = await t.database.query<{ n: number }>("select n from public.seen order by n");
  assert.deepEqual(
    rows.map((row) => row.n),
    Array.from({ length: 200 }, (_, n) => n),
  );
  assert.deepEqual(await readLag(t.database, { group, topics }), []);
});

test("consumeEvents() moves the cursor only with the effect", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.append([note(1, "s"), note(2, "s")]);
  const failing = consumeEvents(t.kernel, { group, topics, limit: 10 }, async () => {
    throw new Error("effect failed");
  });
  await assert.rejects(failing, /effect failed/);
  const seen: unknown[] = [];
  await consumeEvents(
    t.kernel,
    { group, topics, limit: 10 },
    async (_tx, events) => void seen.push(...events.map((event) => event.data["n"])),
  );
  assert.deepEqual(seen, [1, 2]);
});

test("consumeEvents() commits the cursor in the transaction of the effect", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.database.query("create table public.seen (n int)");
  await t.kernel.append([note(1, "s")]);
  await consumeAll(t.kernel);
  // A row names the transaction that wrote it: between two of them a crash would lose an event or repeat it.
  const rows = await t.database.query<{ isOne: boolean }>(
    `select s.xmin = c.xmin as "isOne" from public.seen s, roost.cursor c where c.group_name = $1 and c.next_offset = 1`,
    [group],
  );
  assert.deepEqual(rows, [{ isOne: true }]);
});

test("consumeEvents() can leave out what was there before the group", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.append([note(1, "s")]);
  const seen: unknown[] = [];
  const consume = () =>
    consumeEvents(
      t.kernel,
      { group, topics, limit: 10, startAt: "end" },
      async (_tx, events) => void seen.push(...events.map((event) => event.data["n"])),
    );
  assert.equal(await consume(), 0);
  await t.kernel.append([note(2, "s")]);
  assert.equal(await consume(), 1);
  assert.deepEqual(seen, [2]);
});

test("lockCursor() is undefined while another transaction has it", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const name = { group, topic: "notes", partition: 0 };
  assert.equal(await readCursor(t.database, name), undefined);
  await t.kernel.transact(async (tx) => assert.equal(await lockCursor(tx, name), 0));
  await t.kernel.transact(async (tx) => {
    assert.equal(await lockCursor(tx, name), 0);
    await t.kernel.transact(async (other) => assert.equal(await lockCursor(other, name), undefined));
  });
});

test("commitCursor() refuses to move a cursor that is somewhere else", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const name = { group, topic: "notes", partition: 1 };
  await t.kernel.transact((tx) => commitCursor(tx, { ...name, from: 0, nextOffset: 5 }));
  await assert.rejects(
    t.kernel.transact((tx) => commitCursor(tx, { ...name, from: 0, nextOffset: 7 })),
    { code: "conflict", message: /"counters" at notes\/1 is no longer at 0/ },
  );
  await t.kernel.transact((tx) => commitCursor(tx, { ...name, from: 5, nextOffset: 8 }));
  assert.deepEqual(await readCursors(t.database, group), { "notes/1": 8 });
});
