import assert from "node:assert/strict";
import { test } from "node:test";
import type { QueryOptions, Sql } from "@roost/database";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { testEvents } from "../testing/test-events.ts";
import type { StoredEvent } from "./event.ts";
import type { OffsetVector } from "./offsets.ts";
import { readCorrelation } from "./read-correlation.ts";
import { readEvents } from "./read-events.ts";
import { readBefore, readLatest, type ReadBefore } from "./read-before.ts";
import { findOffsets, readEnd, readLog, readTopic } from "./read-log.ts";

const note = (n: number, subject = `s${n}`) => ({ type: "note.written", subject, data: { n } });
const done = (n: number) => ({ type: "task.done", subject: `t${n}`, data: { n } });
const numbers = (events: StoredEvent[]) => events.map((event) => event.data["n"]);
const range = (from: number, until: number) => Array.from({ length: until - from }, (_, n) => from + n);

/** A connection that learns of the segment from offset 16 on after so many looks at events. */
function lateBy(looks: number, sql: Sql): Sql {
  let lookCount = 0;
  return {
    async query<Row>(text: string, values?: unknown[], options?: QueryOptions) {
      const rows = await sql.query<Row & { offset: number }>(text, values, options);
      if (!/roost\.(?:event|read_on_1)\b/.test(text) || (lookCount += 1) > looks) return rows;
      return rows.filter((row) => row.offset < 16);
    },
  };
}

test("readLog() gives every event once, in the order of time, page by page", async () => {
  await using t = await createTestKernel({ events: testEvents });
  for (const n of range(0, 40)) await t.kernel.append([n % 3 === 0 ? done(n) : note(n)]);
  const seen: unknown[] = [];
  let after: OffsetVector | undefined;
  for (let isCaughtUp = false; !isCaughtUp;) {
    const page = await readLog(t.database, { topics: ["notes", "tasks"], after, limit: 7 });
    seen.push(...numbers(page.events));
    ({ offsets: after, isCaughtUp } = page);
  }
  assert.deepEqual(seen, range(0, 40));
  assert.deepEqual(after, await readEnd(t.database, ["notes", "tasks"]));
});

test("readTopic() filters by type and subject and still moves on", async () => {
  await using t = await createTestKernel({ events: [...testEvents, { ...testEvents[0]!, type: "note.read" }] });
  await t.kernel.append(range(0, 30).map((n) => (n % 10 === 0 ? { ...note(n), type: "note.read" } : note(n, "same"))));
  const read = await readTopic(t.database, { topic: "notes", types: ["note.read"], limit: 100 });
  assert.deepEqual(numbers(read.events).sort(), [0, 10, 20]);
  assert.equal(read.isCaughtUp, true);
  assert.deepEqual(read.offsets, await readEnd(t.database, ["notes"]));
  const same = await readTopic(t.database, { topic: "notes", subject: "same", limit: 5 });
  assert.deepEqual(numbers(same.events), [1, 2, 3, 4, 5]);
  const nothing = await readTopic(t.database, { topic: "notes", subject: "nobody", limit: 5, after: same.offsets });
  assert.deepEqual([nothing.events, nothing.isCaughtUp], [[], true]);
});

test("readLog() finds rare events among many, however few it may examine at once", async () => {
  await using t = await createTestKernel({ events: testEvents });
  for (const part of range(0, 3))
    await t.kernel.append(range(0, 9000).map((n) => note(part * 9000 + n, n === 8999 ? `rare ${part}` : "common")));
  const found = await readTopic(t.database, { topic: "notes", subject: "rare 2", limit: 10 });
  assert.deepEqual(numbers(found.events), [26_999]);
  assert.equal(found.isCaughtUp, true);
});

for (const filter of [{}, { types: ["note.written"] }]) {
  const title = "types" in filter ? "with a filter" : "without a filter";
  test(`readLog() passes over no event of a segment that its connection does not know yet, ${title}`, async () => {
    await using t = await createTestKernel({ events: testEvents });
    await t.kernel.append(range(0, 20).map((n) => note(n, "same")));
    const page = await readLog(lateBy(2, t.database), { topics: ["notes"], ...filter, limit: 100 });
    assert.deepEqual([numbers(page.events), page.isCaughtUp], [range(0, 20), true]);
  });
}

test("readLatest() looks again for a segment that its connection does not know yet", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.append(range(0, 20).map((n) => note(n, "same")));
  const page = await readLatest(lateBy(1, t.database), { topics: ["notes"], types: ["note.written"], limit: 3 });
  assert.deepEqual(numbers(page.events), [17, 18, 19]);
});

test("readLatest() gives the newest, oldest of them first", async () => {
  await using t = await createTestKernel({ events: testEvents });
  for (const n of range(0, 20)) await t.kernel.append([n % 2 === 0 ? done(n) : note(n)]);
  const latest = await readLatest(t.database, { topics: ["notes", "tasks"], limit: 5 });
  assert.deepEqual(numbers(latest.events), [15, 16, 17, 18, 19]);
  assert.deepEqual(latest.offsets, await readEnd(t.database, ["notes", "tasks"]));
  const typed = await readLatest(t.database, { topics: ["notes", "tasks"], limit: 3, types: ["task.done"] });
  assert.deepEqual(numbers(typed.events), [14, 16, 18]);
});

test("findOffsets() finds the place of a time", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.append(range(0, 50).map((n) => note(n)));
  await t.clock.advance(3_600_000);
  const since = new Date(t.kernel.clock.nowMs() - 60_000);
  await t.kernel.append(range(50, 60).map((n) => note(n)));
  const page = await readLog(t.database, {
    topics: ["notes"],
    after: await findOffsets(t.database, { topics: ["notes"], since }),
    limit: 100,
  });
  assert.deepEqual(numbers(page.events).sort(), range(50, 60));
  assert.deepEqual(
    await findOffsets(t.database, { since: new Date(0) }),
    Object.fromEntries(Object.keys(await readEnd(t.database)).map((name) => [name, 0])),
  );
  assert.deepEqual(await findOffsets(t.database, { since: new Date(8.64e15) }), await readEnd(t.database));
});

test("readCorrelation() gives what belongs together across topics", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const [first] = await t.kernel.append([note(0)]);
  const belongs = { correlation: first!.id, causation: first!.id };
  await t.kernel.append([{ ...done(1), ...belongs }, note(2)]);
  await t.kernel.append([{ ...note(3), ...belongs }]);
  assert.deepEqual(numbers(await readCorrelation(t.database, first!.id, { limit: 10 })), [0, 1, 3]);
  assert.deepEqual(await readCorrelation(t.database, "nothing", { limit: 10 }), []);
  const pages: unknown[] = [];
  for (let after: string | undefined; ;) {
    const page = await readCorrelation(t.database, first!.id, { limit: 1, after });
    if (page.length === 0) break;
    pages.push(...numbers(page));
    after = page.at(-1)!.id;
  }
  assert.deepEqual(pages, [0, 1, 3], "page by page, also of events of one moment");
});

test("readEvents() begins at an offset, forward or backward, and refuses a limit that is none", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const positions = await t.kernel.append(range(0, 10).map((n) => note(n, "one")));
  const { partition } = positions[0]!;
  const place = { topic: "notes", partition };
  assert.deepEqual(numbers(await readEvents(t.database, { ...place, offset: 4, limit: 3 })), [4, 5, 6]);
  assert.deepEqual(
    numbers(await readEvents(t.database, { ...place, offset: 2, offsetUntil: 8, limit: 3, direction: "backward" })),
    [7, 6, 5],
  );
  for (const limit of [0, 1001, 1.5, Number.NaN])
    await assert.rejects(readEvents(t.database, { ...place, offset: 0, limit }), {
      code: "invalid_input",
      message: /from 1 to 1000/,
    });
});

test("readBefore() gives every event once, the latest first, page by page, and what is about something alone", async () => {
  await using t = await createTestKernel({ events: testEvents });
  for (const n of range(0, 40)) await t.kernel.append([n % 3 === 0 ? done(n) : note(n)]);
  const read = { topics: ["notes", "tasks"], limit: 7 };
  const seen: unknown[] = [];
  let below: OffsetVector | undefined;
  for (let isWhole = false; !isWhole;) {
    const page = await readBefore(t.database, { ...read, below });
    seen.push(...numbers(page.events));
    ({ below, isWhole } = page);
  }
  assert.deepEqual(seen, range(0, 40).toReversed());
  const pick = async (filter: Omit<ReadBefore, "topics" | "limit">) =>
    numbers((await readBefore(t.database, { topics: ["notes", "tasks"], limit: 3, ...filter })).events);
  assert.deepEqual(await pick({ about: ["s4", "t9"] }), [9, 4]);
  assert.deepEqual(await pick({ without: ["note.written"] }), [39, 36, 33]);
  assert.deepEqual(await pick({ label: "trust:untrusted" }), [39, 38, 37]);
  assert.deepEqual(await pick({ label: "trust:owner" }), []);
  const since = (await readTopic(t.database, { topic: "notes", subject: "s20", limit: 1 })).events[0]!.time;
  const before = await pick({ below: await findOffsets(t.database, { topics: read.topics, since }) });
  // Several may be of one millisecond.
  const all = (await readBefore(t.database, { ...read, limit: 100 })).events;
  assert.deepEqual(before, numbers(all.filter(({ time }) => time < since)).slice(0, 3));
  assert.equal(before.length, 3);
});
