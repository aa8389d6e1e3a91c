import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock, silentLogger } from "@roost/base";
import { createTestDatabase } from "@roost/database/testing";
import { openKernel } from "./open-kernel.ts";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { testEvents } from "./testing/test-events.ts";

test("openKernel() brings an empty database up to date, also when several processes start at once", async () => {
  await using empty = await createTestDatabase();
  const options = { database: empty.database, logger: silentLogger, events: testEvents };
  const kernels = await Promise.all([1, 2, 3].map(() => openKernel(options)));
  for (const [index, kernel] of kernels.entries()) {
    const [position] = await kernel.append([{ type: "note.written", subject: "s", data: { n: index } }]);
    assert.equal(position?.offset, index);
  }
  for (const kernel of kernels) await kernel[Symbol.asyncDispose]();
});

test("Kernel.clock is as far from this machine's clock as the database's is", async () => {
  await using t = await createTestKernel({ events: [] });
  const local = createFakeClock(1_000_000);
  await using kernel = await openKernel({
    database: t.database,
    logger: silentLogger,
    clock: local,
    migrate: false,
    events: [],
  });
  const [row] = await t.database.query<{ ms: number }>("select (extract(epoch from roost.now()) * 1000)::float8 as ms");
  assert.ok(Math.abs(kernel.clock.nowMs() - row!.ms) < 60_000);
  const beforeMs = kernel.clock.nowMs();
  local.advance(5000);
  assert.equal(kernel.clock.nowMs(), beforeMs + 5000);
});

test("TestClock moves roost.now() and the clocks of all kernels of the database", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const another = await t.openAnother();
  await t.clock.set(new Date("2031-05-06T07:08:09Z"));
  const near = (ms: number) => Math.abs(ms - Date.parse("2031-05-06T07:08:09Z")) < 60_000;
  assert.ok(near(t.kernel.clock.nowMs()) && near(another.clock.nowMs()));
  await another.append([{ type: "note.written", data: { n: 1 } }]);
  const [event] = await t.database.query<{ time: Date }>("select time from roost.event");
  assert.ok(near(event!.time.getTime()));
  await t.clock.advance(-86_400_000);
  assert.ok(near(t.kernel.clock.nowMs() + 86_400_000) && near(another.clock.nowMs() + 86_400_000));
});

test("Kernel tells a process of its own when the database's clock was moved by another", async () => {
  await using t = await createTestKernel({ events: [] });
  // Not known to the test clock: only the notification reaches it.
  await using kernel = await openKernel({ database: t.database, logger: silentLogger, migrate: false, events: [] });
  using watch = kernel.wakeups.watch("clock");
  await t.clock.advance(1e9);
  assert.equal(await watch.next({ timeoutMs: 600_000 }), "woken");
  await kernel.syncClock();
  assert.ok(Math.abs(kernel.clock.nowMs() - Date.now() - 1e9) < 60_000);
});
