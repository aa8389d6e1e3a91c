import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { silentLogger } from "@roost/base";
import { createListener } from "./create-listener.ts";
import { parseDatabaseUrl } from "./database-url.ts";
import { createServerHosts, type ServerHosts } from "./server-hosts.ts";
import { createTestDatabase } from "./testing/create-test-database.ts";

const endListeners = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE '% listen'`;

test("listen() delivers a payload to every subscriber of its channel, one that throws included", async () => {
  await using place = await createTestDatabase();
  const first = createInbox();
  const second = createInbox();
  await place.database.listen("Nest box", () => {
    throw new Error("of the subscriber");
  });
  await place.database.listen("Nest box", first.put);
  await place.database.listen("Nest box", second.put);
  await place.database.query("SELECT pg_notify('other', 'no'), pg_notify('Nest box', 'egg')");
  assert.equal(await first.take(), "egg");
  assert.equal(await second.take(), "egg");
});

test("listen() listens again after its connection was lost, and says so with an empty payload", async () => {
  await using place = await createTestDatabase();
  const inbox = createInbox();
  await place.database.listen("nest", inbox.put);
  for (let round = 0; round < 3; round += 1) {
    await place.database.query(endListeners);
    assert.equal(await inbox.take(), "");
    await place.database.query("SELECT pg_notify('nest', $1)", [`after ${round}`]);
    assert.equal(await inbox.take(), `after ${round}`);
  }
});

test("listen() delivers a flood of notifications as one empty payload, and the next ones again", async () => {
  await using place = await createTestDatabase();
  const inbox = createInbox();
  let count = 0;
  await place.database.listen("nest", (payload) => {
    count += 1;
    if (!payload.startsWith("flood")) inbox.put(payload);
  });
  await place.database.query("SELECT pg_notify('nest', 'flood ' || n) FROM generate_series(1, 10000) n");
  assert.equal(await inbox.take(), "");
  assert.ok(count < 8_000, `${count} were delivered`);
  // On a busy machine the flood comes in parts, and what comes behind one of them is told by the same empty payload.
  await until(async () => {
    await place.database.query("SELECT pg_notify('nest', 'after')");
    return inbox.payloads.includes("after");
  });
});

test("listen() counts a channel that is subscribed while the connection is lost", async () => {
  await using place = await createTestDatabase();
  const early = createInbox();
  const late = createInbox();
  await place.database.listen("early", early.put);
  await place.database.query(endListeners);
  await place.database.listen("late", late.put);
  assert.equal(await early.take(), "");
  await place.database.query("SELECT pg_notify('late', 'heard')");
  let payload = await late.take();
  // Whether it was early enough to be told of the reconnect is chance.
  if (payload === "") payload = await late.take();
  assert.equal(payload, "heard");
});

test("listen() stops delivering when its subscription is disposed", async () => {
  await using place = await createTestDatabase();
  const stopped = createInbox();
  const going = createInbox();
  const subscription = await place.database.listen("nest", stopped.put);
  await place.database.listen("nest", going.put);
  await subscription[Symbol.asyncDispose]();
  await subscription[Symbol.asyncDispose]();
  await place.database.query("SELECT pg_notify('nest', 'egg')");
  assert.equal(await going.take(), "egg");
  assert.deepEqual(stopped.payloads, []);
});

test("listen() closes its connection with the last subscription and opens it again for the next", async () => {
  await using place = await createTestDatabase();
  const inbox = createInbox();
  const subscription = await place.database.listen("nest", inbox.put);
  await subscription[Symbol.asyncDispose]();
  await place.database.listen("nest", inbox.put);
  await place.database.query("SELECT pg_notify('nest', 'egg')");
  assert.equal(await inbox.take(), "egg");
});

test("listen() closes its connection when the last subscriber leaves while it connects anew", async () => {
  await using place = await createTestDatabase();
  const server = createServerHosts(parseDatabaseUrl(place.url));
  const asked = Promise.withResolvers<void>();
  const connected = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  let count = 0;
  const hosts: ServerHosts = {
    ...server,
    async connect(attempt) {
      count += 1;
      if (count === 1) return await server.connect(attempt);
      asked.resolve();
      await answer.promise;
      const connection = await server.connect(attempt);
      connected.resolve();
      return connection;
    },
  };
  const settings = { hosts, applicationName: "leaving", statementTimeoutMsMax: 30_000 };
  await using listener = createListener(settings, { logger: silentLogger });
  const subscription = await listener.listen("nest", () => undefined);
  await place.database.query(endListeners);
  await asked.promise;
  await subscription[Symbol.asyncDispose]();
  answer.resolve();
  await connected.promise;
  const ownSql =
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'leaving listen' AND datname = current_database()";
  await until(async () => (await place.database.query(ownSql)).length === 0);
});

test("listen() refuses a channel name that PostgreSQL would cut", async () => {
  await using place = await createTestDatabase();
  const put = () => undefined;
  await assert.rejects(place.database.listen("x".repeat(64), put), { code: "invalid_input", message: /64 bytes/ });
  await assert.rejects(place.database.listen("", put), { code: "invalid_input" });
});

function createInbox() {
  const payloads: string[] = [];
  const waiting: ((payload: string) => void)[] = [];
  return {
    payloads,
    put(payload: string) {
      const next = waiting.shift();
      if (next === undefined) payloads.push(payload);
      else next(payload);
    },
    take(): Promise<string> {
      const payload = payloads.shift();
      if (payload !== undefined) return Promise.resolve(payload);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
