import assert from "node:assert/strict";
import { test } from "node:test";
import { countStatements, type CountedDatabase } from "@roost/database/testing";
import { createTestKernel } from "../testing/create-test-kernel.ts";

const longMs = 600_000;

test("Wakeups.wake() reaches this process at once and others soon", async () => {
  await using t = await createTestKernel({ events: [] });
  const another = await t.openAnother();
  let count = 0;
  using _ = t.kernel.wakeups.subscribe("door", () => (count += 1));
  using watch = another.wakeups.watch("door");
  const waiting = watch.next({ timeoutMs: longMs });
  t.kernel.wakeups.wake("door");
  assert.equal(count, 1);
  assert.equal(await waiting, "woken");
});

test("Wakeups.wake() does not come back to its own process", async () => {
  await using t = await createTestKernel({ events: [] });
  const another = await t.openAnother();
  let count = 0;
  using _ = t.kernel.wakeups.subscribe("door", () => (count += 1));
  using echo = t.kernel.wakeups.watch("echo");
  using _heard = another.wakeups.subscribe("door", () => another.wakeups.wake("echo"));
  t.kernel.wakeups.wake("door");
  // The echo comes behind whatever would come back.
  assert.equal(await echo.next({ timeoutMs: longMs }), "woken");
  assert.equal(count, 1);
});

test("Wakeups.wake() sends many wake-ups of a moment in few statements", async () => {
  await using t = await createTestKernel({ events: [] });
  const another = await t.openAnother();
  const channels = Array.from({ length: 500 }, (_, n) => `channel:${n}:${"x".repeat(100)}`);
  const watches = channels.map((channel) => another.wakeups.watch(channel));
  for (let n = 0; n < 20; n += 1) for (const channel of channels) t.kernel.wakeups.wake(channel);
  for (const watch of watches) assert.equal(await watch.next({ timeoutMs: longMs }), "woken");
  for (const watch of watches) watch[Symbol.dispose]();
});

test("Wakeups.wake() lets a patient wake-up wait for others, and sends it even if none comes", async () => {
  let database: CountedDatabase | undefined;
  await using t = await createTestKernel({ events: [], wrap: (opened) => (database = countStatements(opened)) });
  const another = await t.openAnother();
  using watch = another.wakeups.watch("claims");
  using later = another.wakeups.watch("later");
  const sent = () => database!.statements.filter((name) => name === "roost_notify").length;
  const before = sent();
  t.kernel.wakeups.wake("claims", { isPatient: true });
  await Promise.resolve();
  t.kernel.wakeups.wake("claims", { isPatient: true });
  t.kernel.wakeups.wake("door");
  assert.equal(await watch.next({ timeoutMs: longMs }), "woken");
  assert.equal(sent() - before, 1);
  t.kernel.wakeups.wake("later", { isPatient: true });
  assert.equal(await later.next({ timeoutMs: longMs }), "woken");
});

test("WakeupWatch.next() remembers a wake-up that came without a waiter, once", async () => {
  await using t = await createTestKernel({ events: [] });
  using watch = t.kernel.wakeups.watch(["door", "window"]);
  t.kernel.wakeups.wake("window");
  t.kernel.wakeups.wake("door");
  assert.equal(await watch.next({ timeoutMs: longMs }), "woken");
  assert.equal(await watch.next({ timeoutMs: 0 }), "timeout");
});

test("WakeupWatch.next() ends by its signal without an error", async () => {
  await using t = await createTestKernel({ events: [] });
  using watch = t.kernel.wakeups.watch("door");
  const controller = new AbortController();
  const waiting = watch.next({ timeoutMs: longMs, signal: controller.signal });
  controller.abort();
  assert.equal(await waiting, "aborted");
  assert.equal(await watch.next({ timeoutMs: longMs, signal: controller.signal }), "aborted");
  assert.equal(await t.kernel.wakeups.wait("door", { timeoutMs: 0 }), "timeout");
});

test("Wakeups wakes everybody after its connection was lost, because something may have been missed", async () => {
  await using t = await createTestKernel({ events: [] });
  const another = await t.openAnother();
  using watch = another.wakeups.watch("door");
  const waiting = watch.next({ timeoutMs: longMs });
  await t.database.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'another process%'",
  );
  assert.equal(await waiting, "woken");
});

test("Wakeups.subscribe() goes on when a subscriber throws, and refuses channels that cannot be sent", async () => {
  await using t = await createTestKernel({ events: [] });
  let count = 0;
  using _bad = t.kernel.wakeups.subscribe("door", () => {
    throw new Error("in a subscriber");
  });
  using _good = t.kernel.wakeups.subscribe("door", () => (count += 1));
  t.kernel.wakeups.wake("door");
  assert.equal(count, 1);
  for (const channel of ["", "x".repeat(257), "a\0b", "\ud800"])
    assert.throws(() => t.kernel.wakeups.wake(channel), { code: "invalid_input" });
});

test("Wakeups.wake() reaches other processes on channels of any name, spaces included", async () => {
  await using t = await createTestKernel({ events: [] });
  const another = await t.openAnother();
  for (const channel of ["runs:my queue", `runs:${"😀".repeat(64)}`, "runs:50%20%", `runs:${"ü".repeat(251)}`, " \n"]) {
    using watch = another.wakeups.watch(channel);
    t.kernel.wakeups.wake(channel);
    assert.equal(await watch.next({ timeoutMs: longMs }), "woken", channel);
  }
  // Any role may notify.
  using door = another.wakeups.watch("door");
  await t.database.query("select pg_notify('roost_wakeup', 'x %E0%A4%A door')");
  assert.equal(await door.next({ timeoutMs: longMs }), "woken");
});
