import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError, silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import type { Database } from "./database.ts";
import { openDatabase, requireServerVersion } from "./open-database.ts";
import { createTestDatabase } from "./testing/create-test-database.ts";

const options = { applicationName: "roost test", logger: silentLogger };

test("openDatabase() of a read-only one has the server refuse every write, in transactions and sessions too", async () => {
  await using place = await createTestDatabase();
  await place.database.query("create table thing (id integer)");
  await using database = await openDatabase({ ...options, url: place.url, isReadOnly: true });
  await using session = await database.openSession();
  const write = "insert into thing values (1)";
  for (const refused of [
    () => database.query(write),
    () => database.transact((tx) => tx.query(write)),
    () => session.query(write),
  ])
    await assert.rejects(refused, /read-only transaction/);
  assert.deepEqual(await database.query("select * from thing"), []);
});

test("query() returns int8 as number, jsonb parsed, timestamptz as Date, numeric and date as text", async () => {
  await using place = await createTestDatabase();
  const [row] = await place.database.query(
    `SELECT 9007199254740991::int8 AS big, ARRAY[1, NULL]::int8[] AS bigs, '{"a":[1]}'::jsonb AS json,
      '2026-03-29T01:30:00.123Z'::timestamptz AS moment, 1.10::numeric AS money, '2026-03-29'::date AS day,
      $1::bytea AS bytes, $2::text AS nothing`,
    [Buffer.from([0, 255]), undefined],
  );
  assert.deepEqual(row, {
    big: Number.MAX_SAFE_INTEGER,
    bigs: [1, null],
    json: { a: [1] },
    moment: new Date("2026-03-29T01:30:00.123Z"),
    money: "1.10",
    day: "2026-03-29",
    bytes: Buffer.from([0, 255]),
    nothing: null,
  });
});

test("query() refuses an int8 that a number cannot hold and keeps the connection", async () => {
  await using place = await createTestDatabase({ poolMax: 1 });
  await assert.rejects(place.database.query("SELECT 9007199254740993::int8 AS big"), {
    code: "internal",
    message: /9007199254740993 is beyond 9007199254740991/,
  });
  assert.deepEqual(await place.database.query("SELECT 1 AS one"), [{ one: 1 }]);
});

test("query() turns SQLSTATEs into codes, keeps the cause and keeps the connection", async () => {
  await using place = await createTestDatabase({ poolMax: 1 });
  const { database } = place;
  await database.query("CREATE TABLE nest (id int CONSTRAINT nest_key PRIMARY KEY, kind text NOT NULL)");
  await database.query("INSERT INTO nest VALUES (1, 'cup')");
  const [before] = await database.query("SELECT pg_backend_pid() AS pid");
  const conflict = await caught(database.query("INSERT INTO nest VALUES (1, 'scrape')"));
  assert.equal(conflict.code, "conflict");
  assert.deepEqual(conflict.details, { sqlState: "23505", constraint: "nest_key", table: "nest" });
  assert.equal((conflict.cause as { code: string }).code, "23505");
  assert.equal((await caught(database.query("INSERT INTO nest VALUES (2, NULL)"))).code, "invalid_input");
  assert.equal((await caught(database.query("SELECT $1::int", ["wren"]))).code, "invalid_input");
  assert.equal((await caught(database.query("SELECT $1::text", ["a\0b"]))).code, "invalid_input");
  assert.equal((await caught(database.query("SELEC"))).code, "internal");
  assert.deepEqual(await database.query("SELECT pg_backend_pid() AS pid"), [before]);
});

test("openDatabase() closes connections that are idle, but for one where one is kept", async () => {
  await using place = await createTestDatabase();
  const settings = { ...options, url: place.url, idleConnectionMsMax: 1 };
  await using none = await openDatabase({ ...settings, applicationName: "keeps none", keepsOne: false });
  await using one = await openDatabase({ ...settings, applicationName: "keeps one" });
  for (const database of [none, one])
    await Promise.all(Array.from({ length: 3 }, () => database.query("SELECT pg_sleep(0.01)")));
  const left = () =>
    place.database.query(
      "SELECT application_name AS of FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'keeps %'",
    );
  await until(async () => (await left()).length === 1);
  assert.deepEqual(await left(), [{ of: "keeps one" }]);
  assert.deepEqual(await none.query("SELECT 1 AS one"), [{ one: 1 }]);
});

test("query() ends a statement that takes longer than statementTimeoutMsMax", async () => {
  await using place = await createTestDatabase();
  await using database = await openDatabase({ ...options, url: place.url, statementTimeoutMsMax: 500 });
  assert.equal((await caught(database.query("SELECT pg_sleep(600)"))).code, "timeout");
});

test("query() works again after the server ended its connections", async () => {
  await using place = await createTestDatabase({ poolMax: 1 });
  await using other = await openDatabase({ ...options, url: place.url });
  const [{ pid } = { pid: 0 }] = await place.database.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const running = caught(place.database.query("SELECT pg_sleep(600)"));
  await other.query(
    "SELECT pg_terminate_backend($1, 5000) FROM pg_stat_activity WHERE pid = $1 AND backend_type = 'client backend'",
    [pid],
  );
  assert.equal((await running).code, "unavailable");
  assert.deepEqual(await place.database.query("SELECT 1 AS one"), [{ one: 1 }]);
});

test("query() prepares a named statement anew after its table changed", async () => {
  await using place = await createTestDatabase({ poolMax: 2 });
  const { database } = place;
  await database.query("CREATE TABLE egg (id int)");
  await database.query("INSERT INTO egg VALUES (1)");
  const select = () => database.query("SELECT * FROM egg", [], { name: "select eggs" });
  await Promise.all([select(), select()]);
  await database.query("ALTER TABLE egg ADD COLUMN colour text");
  assert.deepEqual(await Promise.all([select(), select()]), [[{ id: 1, colour: null }], [{ id: 1, colour: null }]]);
  await database.query("ALTER TABLE egg ADD COLUMN weight int");
  const inTransaction = await database.transact((tx) => tx.query("SELECT * FROM egg", [], { name: "select eggs" }));
  assert.deepEqual(inTransaction, [{ id: 1, colour: null, weight: null }]);
});

test("query() gives up a server that goes silent with a statement under way, and goes on with another connection", async () => {
  await using place = await createTestDatabase();
  await using database = await openDatabase({ ...options, url: place.url, poolMax: 1, statementTimeoutMsMax: 1_000 });
  const [first] = await database.query<{ pid: number }>("select pg_backend_pid() as pid");
  // Also a connection that was idle for longer than an answer may take.
  await place.database.query("select pg_sleep(2.5)");
  process.kill(first!.pid, "SIGSTOP");
  try {
    await assert.rejects(database.query("select 1"), { code: "unavailable", message: /no answer within 2000 ms/ });
    const [second] = await database.query<{ pid: number }>("select pg_backend_pid() as pid");
    assert.notEqual(second!.pid, first!.pid);
  } finally {
    process.kill(first!.pid, "SIGCONT");
  }
});

test("openDatabase() says unavailable when no server answers", async () => {
  const error = await caught(openDatabase({ ...options, url: "postgresql:///roost?host=/nowhere" }));
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /ENOENT/);
});

test("openDatabase() refuses a database that does not exist without telling the password", async () => {
  await using place = await createTestDatabase();
  const url = new URL(place.url);
  url.pathname = "/no_such_database";
  url.searchParams.set("password", "hunter2");
  const error = await caught(openDatabase({ ...options, url: url.href }));
  assert.equal(error.code, "invalid_input");
  assert.match(error.message, /correct DATABASE_URL.*no_such_database/);
  assert.doesNotMatch(error.message, /hunter2/);
});

test("openDatabase() refuses a URL of something else", async () => {
  assert.equal((await caught(openDatabase({ ...options, url: "mysql://x" }))).code, "invalid_input");
});

test("requireServerVersion() refuses 14 and takes 15", () => {
  assert.throws(() => requireServerVersion(140_018, "14.18"), { code: "invalid_input", message: /14\.18.*is 15/ });
  requireServerVersion(150_000, "15.0");
});

async function caught(work: Promise<unknown>): Promise<RoostError> {
  const error = await work.then(
    () => assert.fail("it was expected to fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RoostError, String(error));
  return error;
}

test("query() runs a statement again that was rolled back in favour of another", async () => {
  await using place = await createTestDatabase({ template: { key: "conflicts", prepare: createConflicts } });
  const [row] = await place.database.query<{ attempts: number }>("SELECT conflict_twice() AS attempts");
  assert.equal(row?.attempts, 3);
});

/** A function that fails twice as the loser of a deadlock does. A sequence is not rolled back and so counts. */
async function createConflicts(database: Database): Promise<void> {
  await database.query("CREATE SEQUENCE attempt");
  await database.query(`CREATE FUNCTION conflict_twice() RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE count bigint := nextval('attempt');
    BEGIN
      IF count < 3 THEN RAISE EXCEPTION 'lost' USING ERRCODE = '40P01'; END IF;
      RETURN count;
    END $$`);
}
