import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { roostEvents } from "@roost/contract/events";
import type { Sql } from "@roost/database";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { testEvents } from "../testing/test-events.ts";
import { createLogFeed } from "./create-log-feed.ts";
import { readEnd } from "./read-log.ts";
import { tailEvents, type TailSource } from "./tail-events.ts";

const note = (n: number) => ({ type: "note.written", subject: `s${n % 7}`, data: { n } });
const topics = ["notes"];

/** A database that counts what it is asked. */
function counting(database: Sql) {
  const counted = { count: 0, names: [] as (string | undefined)[] };
  const sql: Sql = {
    query: (text, values, options) => {
      counted.count += 1;
      counted.names.push(options?.name);
      return database.query<any>(text, values, options);
    },
  };
  return { counted, sql };
}

test("createLogFeed() reads an event once for all streams, and nothing for each of them while nothing happens", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const { counted, sql } = counting(t.database);
  await using feed = createLogFeed({ database: sql, logger: silentLogger, wakeups: t.kernel.wakeups });
  const source: TailSource = { ...t.kernel, database: sql, feed };
  const streamCount = 100;
  const tails = Array.from({ length: streamCount }, () => tailEvents(source, { topics, after: {} }));
  let next = tails.map((tail) => tail.next());
  await t.kernel.append([note(1)]);
  for (const { value } of await Promise.all(next)) assert.equal(value?.data["n"], 1);
  // Each has begun by itself; from here on the feed serves all.
  next = tails.map((tail) => tail.next());
  await t.kernel.append([note(2)]);
  for (const { value } of await Promise.all(next)) assert.equal(value?.data["n"], 2);
  const before = counted.count;
  const rounds = 20;
  for (let n = 3; n < 3 + rounds; n += 1) {
    next = tails.map((tail) => tail.next());
    await t.kernel.append([note(n)]);
    for (const { value } of await Promise.all(next)) assert.equal(value?.data["n"], n);
  }
  const statements = counted.count - before;
  assert.ok(statements < rounds * 10, `${statements} statements for ${rounds} events in ${streamCount} streams`);
  for (const tail of tails) await tail.return();
});

test("createLogFeed() gives each stream every event once and in order, however far behind it begins", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const other = await t.openAnother();
  const total = 3_000;
  const seen = Array.from({ length: 6 }, () => new Map<string, number[]>());
  const reading = seen.map(async (bySubject, index) => {
    let count = 0;
    for await (const event of tailEvents(t.kernel, { topics, after: {} })) {
      const numbers = bySubject.get(event.subject ?? "") ?? [];
      bySubject.set(event.subject ?? "", [...numbers, Number(event.data["n"])]);
      count += 1;
      // Some are slow, so that the feed is ahead of what it keeps for them.
      if (index % 2 === 1 && count % 500 === 0) await t.database.query("select pg_sleep(0.05)");
      if (count === total) break;
    }
  });
  for (let n = 0; n < total; n += 100) await other.append(Array.from({ length: 100 }, (_, k) => note(n + k)));
  await Promise.all(reading);
  for (const bySubject of seen) {
    const all = [...bySubject.values()];
    for (const numbers of all)
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    assert.equal(new Set(all.flat()).size, total);
  }
});

test("createLogFeed() reads on for a stream that comes when the last has just left", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const { counted, sql } = counting(t.database);
  await using feed = createLogFeed({ database: sql, logger: silentLogger, wakeups: t.kernel.wakeups });
  const source: TailSource = { ...t.kernel, database: sql, feed };
  const first = tailEvents(source, { topics, after: {} });
  for (const n of [1, 2]) {
    const next = first.next();
    await t.kernel.append([note(n)]);
    assert.equal((await next).value?.data["n"], n);
  }
  await first.return();
  counted.names = [];
  const end = await readEnd(t.database, topics);
  const second = tailEvents(source, { topics, after: end });
  const next = second.next();
  await t.kernel.append([note(3)]);
  assert.equal((await next).value?.data["n"], 3);
  // Neither does the feed begin anew, nor does the stream read by itself: what is read goes on from what is known.
  assert.deepEqual(new Set(counted.names), new Set(["roost_read_on"]));
  await second.return();
});

test("createLogFeed() serves streams of other topics that come later, and begins anew when all have gone", async () => {
  await using t = await createTestKernel({ events: [...roostEvents, ...testEvents] });
  const notice = (name: string) => ({
    type: "notice.raised",
    subject: "n",
    data: { noticeId: name, level: "info", text: name },
  });
  for (let round = 0; round < 2; round += 1) {
    const first = tailEvents(t.kernel, { topics });
    const ofNotes = first.next();
    await new Promise((resolve) => setImmediate(resolve));
    const second = tailEvents(t.kernel, { topics: ["notes", "notices"], after: {} });
    const both = second.next();
    while (
      (await Promise.race([ofNotes.then(() => true), t.kernel.append([note(round)]).then(() => false)])) === false
    );
    assert.equal((await ofNotes).value?.type, "note.written");
    assert.ok((await both).value);
    await t.kernel.append([notice(`x${round}`)]);
    for (;;) if ((await second.next()).value?.data["noticeId"] === `x${round}`) break;
    await first.return();
    await second.return();
  }
});
