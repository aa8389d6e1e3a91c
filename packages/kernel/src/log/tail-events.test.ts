import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import type { Sql } from "@roost/database";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { testEvents } from "../testing/test-events.ts";
import { advanceOffsets, formatOffsets, parseOffsets, type OffsetVector } from "./offsets.ts";
import { tailEvents, type TailEvents, type TailSource } from "./tail-events.ts";

const note = (n: number, subject = `s${n}`) => ({ type: "note.written", subject, data: { n } });
const longMs = 600_000;

/** Reads until it has `count` events. */
async function take(source: TailSource, tail: TailEvents, count: number) {
  const seen: unknown[] = [];
  let offsets: OffsetVector = tail.after ?? {};
  for await (const event of tailEvents(source, tail)) {
    seen.push(event.data["n"]);
    offsets = advanceOffsets(offsets, event);
    if (seen.length === count) break;
  }
  return { seen, offsets };
}

test("tailEvents() gives what comes, woken by other processes, each event once", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const writers = [t.kernel, await t.openAnother()];
  const reader = await t.openAnother();
  // Only a wake-up can end a wait in time.
  const taken = take(reader, { topics: ["notes"], after: {}, pollMs: longMs }, 200);
  await Promise.all(
    writers.map(async (writer, index) => {
      for (let n = 0; n < 50; n += 1)
        await writer.transact(async (tx) => void [0, 1].map((k) => tx.emit(note(index * 100 + n * 2 + k))));
    }),
  );
  const { seen } = await taken;
  assert.deepEqual(
    seen.toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 200 }, (_, n) => n),
  );
});

test("tailEvents() goes on where its offsets say, nothing twice and nothing skipped", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.append(Array.from({ length: 30 }, (_, n) => note(n)));
  const seen: unknown[] = [];
  let after: OffsetVector = {};
  for (const count of [1, 4, 10, 15]) {
    const part = await take(t.kernel, { topics: ["notes"], after }, count);
    seen.push(...part.seen);
    after = parseOffsets(formatOffsets(part.offsets));
  }
  assert.deepEqual(
    seen.toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 30 }, (_, n) => n),
  );
});

test("tailEvents() without a place begins with what comes next", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.append([note(1)]);
  let looked!: () => void;
  const hasLooked = new Promise<void>((resolve) => (looked = resolve));
  const database: Sql = {
    query: async (text, values, options) => await t.database.query<any>(text, values, options).finally(looked),
  };
  const tail = tailEvents({ ...t.kernel, database }, { topics: ["notes"], pollMs: longMs });
  const next = tail.next();
  await hasLooked;
  await t.kernel.append([note(2)]);
  assert.deepEqual((await next).value?.data, { n: 2 });
  await tail.return();
});

test("tailEvents() finds by looking what no wake-up told", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const deaf: TailSource = {
    database: t.database,
    registry: t.kernel.registry,
    logger: silentLogger,
    wakeups: {
      watch: () => ({
        // Wake-ups never come, time passes at once.
        next: ({ signal }) =>
          new Promise((resolve) => setImmediate(() => resolve(signal?.aborted ? "aborted" : "timeout"))),
        [Symbol.dispose]: () => undefined,
      }),
    },
  };
  const taken = take(deaf, { topics: ["notes"], after: {} }, 3);
  for (const n of [1, 2, 3]) await t.kernel.append([note(n, "s")]);
  assert.deepEqual((await taken).seen, [1, 2, 3]);
});

test("tailEvents() sees partitions and topics that come into being meanwhile", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const cakes = [{ ...testEvents[0]!, type: "cake.eaten", topic: "cakes" }];
  const taken = take(t.kernel, { topics: ["cakes", "notes"], after: {}, pollMs: longMs }, 2);
  await t.kernel.append([note(1)]);
  await t.kernel.registry.register(cakes);
  await t.kernel.append([{ type: "cake.eaten", data: { n: 2 } }]);
  assert.deepEqual((await taken).seen, [1, 2]);
});

test("tailEvents() waits for a database that is away, and ends with its signal", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const reader = await t.openAnother({ poolMax: 1 });
  const controller = new AbortController();
  const tail = tailEvents(reader, { topics: ["notes"], after: {}, pollMs: 1, signal: controller.signal });
  const first = tail.next();
  await t.kernel.append([note(1)]);
  assert.deepEqual((await first).value?.data, { n: 1 });
  const second = tail.next();
  await t.database.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'another process'",
  );
  await t.kernel.append([note(2)]);
  assert.deepEqual((await second).value?.data, { n: 2 });
  const third = tail.next();
  controller.abort();
  assert.deepEqual(await third, { value: undefined, done: true });
});
