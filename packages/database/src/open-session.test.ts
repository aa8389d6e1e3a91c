import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { openDatabase } from "./open-database.ts";
import { createTestDatabase } from "./testing/create-test-database.ts";

const tryLock = "SELECT pg_try_advisory_lock(7) AS held";

test("openSession() holds an advisory lock until it is disposed", async () => {
  await using place = await createTestDatabase();
  const first = await place.database.openSession();
  await using second = await place.database.openSession();
  assert.deepEqual(await first.query(tryLock), [{ held: true }]);
  assert.deepEqual(await second.query(tryLock), [{ held: false }]);
  assert.equal(first.lost.aborted, false);
  await first[Symbol.asyncDispose]();
  assert.equal(first.lost.aborted, true);
  // The server may take a moment to notice; waiting for the lock is waiting for exactly that.
  await second.query("SELECT pg_advisory_lock(7)");
});

test("openSession() aborts `lost` when its connection ends, and its queries say unavailable", async () => {
  await using place = await createTestDatabase();
  await using session = await place.database.openSession();
  const [row] = await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const lost = once(session.lost, "abort");
  await place.database.query("SELECT pg_terminate_backend($1)", [row?.pid]);
  await lost;
  await assert.rejects(session.query("SELECT 1"), { code: "unavailable" });
});

test("openSession() takes no connection from the pool", async () => {
  await using place = await createTestDatabase({ poolMax: 1 });
  await using session = await place.database.openSession();
  assert.deepEqual(await place.database.query("SELECT 1 AS one"), [{ one: 1 }]);
  assert.deepEqual(await session.query("SELECT 2 AS two"), [{ two: 2 }]);
});

test("openSession() without a limit waits longer than a statement may take, also for an answer", async () => {
  await using place = await createTestDatabase();
  await using database = await openDatabase({
    url: place.url,
    applicationName: "limited",
    logger: silentLogger,
    statementTimeoutMsMax: 1_000,
  });
  await using limited = await database.openSession();
  await assert.rejects(limited.query("SELECT pg_sleep(600)"), { code: "timeout" });
  await using unlimited = await database.openSession({ isUnlimited: true });
  assert.equal((await unlimited.query("SELECT pg_sleep(2.5)")).length, 1);
});
