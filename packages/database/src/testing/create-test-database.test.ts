import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
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

test("createTestDatabase() shares the server of ROOST_TEST_DATABASE_URL with other processes", async () => {
  await using cluster = await openTestCluster();
  const script = `
    import { createTestDatabase } from ${JSON.stringify(new URL("./create-test-database.ts", import.meta.url).href)};
    await using place = await createTestDatabase({ migrations: ${JSON.stringify(migrations)} });
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
});
