import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Client } from "pg";
import { createTestDatabase, openTestCluster } from "./create-test-database.ts";

const migrations = {
  schema: "shelter",
  migrations: [{ name: "001-bird", sql: "CREATE TABLE bird (name text PRIMARY KEY)" }],
};

test("createTestDatabase() gives every test a database of its own with the migrations applied", async () => {
  await using first = await createTestDatabase({ migrations });
  await using second = await createTestDatabase({ migrations });
  await first.database.query(`INSERT INTO shelter.bird VALUES ('wren')`);
  assert.deepEqual(await first.database.query("SELECT name FROM shelter.bird"), [{ name: "wren" }]);
  assert.deepEqual(await second.database.query("SELECT name FROM shelter.bird"), []);
});

test("createTestDatabase() builds its template once when many ask at the same time", async () => {
  let builtCount = 0;
  const template = {
    key: "built once",
    prepare: async (database: { query(text: string): Promise<unknown> }) => {
      builtCount += 1;
      await database.query("CREATE TABLE egg (id int)");
    },
  };
  const all = await Promise.all(Array.from({ length: 4 }, () => createTestDatabase({ template })));
  for (const one of all) {
    assert.deepEqual(await one.database.query("SELECT * FROM egg"), []);
    await one[Symbol.asyncDispose]();
  }
  assert.equal(builtCount, 1);
});

test("createTestDatabase() drops the database in the end", async () => {
  const gone = await createTestDatabase();
  const name = new URL(gone.url).pathname.slice(1);
  await gone[Symbol.asyncDispose]();
  await using other = await createTestDatabase();
  assert.deepEqual(await other.database.query("SELECT FROM pg_database WHERE datname = $1", [name]), []);
});

const counted = {
  schema: "shelter",
  migrations: [
    {
      name: "001-bird",
      sql: "CREATE TABLE bird (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text); INSERT INTO bird (name) VALUES ('wren')",
    },
  ],
};

test("createTestDatabase() gives a database on, with the rows and sequences that it began with and the connections that it has", async () => {
  const first = await createTestDatabase({ migrations: counted, isReused: true });
  const [before] = await first.database.query("SELECT pg_backend_pid() AS pid");
  await first.database.query("UPDATE shelter.bird SET name = 'rook'; INSERT INTO shelter.bird (name) VALUES ('crow')");
  const session = await first.database.openSession();
  const [held] = await session.query("SELECT pg_backend_pid() AS pid, pg_advisory_lock(1)::text AS locked");
  let heard = 0;
  await first.database.listen("birds", () => (heard += 1));
  await first[Symbol.asyncDispose]();
  await assert.rejects(first.database.query("SELECT 1"), /the database was closed/);
  assert.equal(session.lost.aborted, true);

  await using second = await createTestDatabase({ migrations: counted, isReused: true });
  assert.equal(second.url, first.url);
  assert.deepEqual(await second.database.query("SELECT id, name FROM shelter.bird"), [{ id: 1, name: "wren" }]);
  assert.deepEqual(await second.database.query("INSERT INTO shelter.bird (name) VALUES ('jay') RETURNING id"), [
    { id: 2 },
  ]);
  assert.deepEqual(await second.database.query("SELECT pg_backend_pid() AS pid"), [before]);
  await second.database.query("NOTIFY birds");
  assert.equal(heard, 0);
  const again = await second.database.openSession();
  assert.deepEqual(
    await again.query("SELECT pg_backend_pid() AS pid, ''::text AS locked, pg_try_advisory_lock(1) AS is_free"),
    [{ ...held, is_free: true }],
    "a session goes on with its connection, and with nothing that it held",
  );
});

test("createTestDatabase() ends a session's connection that keeps what a text of several statements or a call has set", async () => {
  await using place = await createTestDatabase({ isReused: true });
  const pidAfter = async (text: string) => {
    await using session = await place.database.openSession();
    const [row] = await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await session.query(text);
    return row!.pid;
  };
  const plain = await pidAfter("SELECT 1;");
  assert.equal(await pidAfter("SELECT set_config('application_name', 'egg', false)"), plain);
  const next = await pidAfter("BEGIN; SET application_name = 'egg'; COMMIT");
  assert.notEqual(next, plain);
  assert.notEqual(await pidAfter("SELECT 1"), next);
});

test("createTestDatabase() gives on no database whose definitions or statistics were changed, or that something still uses", async () => {
  const spoil = {
    "a table": (url: string) => runOn(url, "CREATE TABLE shelter.egg (id int)"),
    "a function": (url: string) => runOn(url, "CREATE FUNCTION shelter.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    statistics: (url: string) => runOn(url, "ANALYZE shelter.bird"),
    "a connection": async (url: string) => {
      const client = new Client({ connectionString: url });
      client.on("error", () => undefined);
      await client.connect();
    },
  };
  for (const [what, work] of Object.entries(spoil)) {
    const one = await createTestDatabase({ migrations: counted, isReused: true });
    await work(one.url);
    await one[Symbol.asyncDispose]();
    const next = await createTestDatabase({ migrations: counted, isReused: true });
    assert.notEqual(next.url, one.url, what);
    await next[Symbol.asyncDispose]();
  }
});

async function runOn(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}

test("createTestDatabase() shares the server of ROOST_TEST_DATABASE_URL with other processes", async () => {
  await using cluster = await openTestCluster();
  const script = `
    import { createTestDatabase } from ${JSON.stringify(new URL("./create-test-database.ts", import.meta.url).href)};
    await using place = await createTestDatabase({ migrations: ${JSON.stringify(migrations)}, isReused: true });
    console.log(JSON.stringify(await place.database.query("SELECT * FROM shelter.bird")));`;
  const run = () =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, ROOST_TEST_DATABASE_URL: cluster.url },
    });
  const outputs = await Promise.all([run(), run(), run(), run()]);
  assert.deepEqual(
    outputs.map(({ stdout }) => stdout),
    Array(4).fill("[]\n"),
  );
  const client = new Client({ connectionString: cluster.url });
  await client.connect();
  const left = await client.query("SELECT datname FROM pg_database WHERE datname LIKE 'roost\\_test\\_%'");
  await client.end();
  assert.deepEqual(left.rows, [], "each process drops what it kept for its next test");
});
