import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { applyMigrations } from "./apply-migrations.ts";
import { changeDatabaseUrl } from "./database-url.ts";
import { loginStatements } from "./login-statements.ts";
import { openDatabase } from "./open-database.ts";
import { createTestDatabase } from "./testing/create-test-database.ts";

const first = { name: "001-bird", sql: "CREATE TABLE bird (name text);\nCREATE INDEX ON bird (name);" };
const second = { name: "002-egg", sql: "CREATE TABLE egg (id int);" };
const schema = "shelter";

test("applyMigrations() applies what is missing, in order, into its schema", async () => {
  await using place = await createTestDatabase();
  const { database } = place;
  assert.deepEqual(await applyMigrations(database, { schema, migrations: [first] }), ["001-bird"]);
  assert.deepEqual(await applyMigrations(database, { schema, migrations: [first, second] }), ["002-egg"]);
  assert.deepEqual(await applyMigrations(database, { schema, migrations: [first, second] }), []);
  assert.deepEqual(await database.query("SELECT * FROM shelter.bird, shelter.egg"), []);
  assert.deepEqual(await database.query("SELECT position, name FROM shelter.migration ORDER BY position"), [
    { position: 1, name: "001-bird" },
    { position: 2, name: "002-egg" },
  ]);
});

test("applyMigrations() keeps the schemas of one database apart", async () => {
  await using place = await createTestDatabase();
  await applyMigrations(place.database, { schema: "one", migrations: [first] });
  await applyMigrations(place.database, { schema: "two", migrations: [first] });
  assert.deepEqual(await place.database.query("SELECT * FROM one.bird, two.bird"), []);
});

test("applyMigrations() keeps the rooms of one schema apart, each with a record of its own", async () => {
  await using place = await createTestDatabase();
  await applyMigrations(place.database, { schema, migrations: [first] });
  assert.deepEqual(await applyMigrations(place.database, { schema, room: "eggs", migrations: [second] }), ["002-egg"]);
  assert.deepEqual(await applyMigrations(place.database, { schema, migrations: [first] }), []);
  assert.deepEqual(await place.database.query("SELECT name FROM shelter.eggs_migration"), [{ name: "002-egg" }]);
  await assert.rejects(applyMigrations(place.database, { schema, room: "eggs", migrations: [first] }), {
    code: "conflict",
    message: /^room "eggs" in schema "shelter" begins with migration "002-egg" where this program has "001-bird"/,
  });
});

test("applyMigrations() names the statement for an extension that it cannot create", async () => {
  await using place = await createTestDatabase();
  const migration = { name: "001-search", sql: "create extension if not exists trigrams_of_old with schema public;" };
  await assert.rejects(applyMigrations(place.database, { schema, migrations: [migration] }), {
    code: "forbidden",
    message: /run "create extension if not exists trigrams_of_old with schema public", then start again$/,
  });
});

test("applyMigrations() waits for a migration that takes longer than any other statement may", async () => {
  await using place = await createTestDatabase();
  const options = { url: place.url, applicationName: "roost test", logger: silentLogger, statementTimeoutMsMax: 1_000 };
  await using database = await openDatabase(options);
  const slow = { name: "001-slow", sql: "select pg_sleep(2.5);" };
  assert.deepEqual(await applyMigrations(database, { schema, migrations: [slow] }), ["001-slow"]);
});

test("applyMigrations() refuses a migration that was changed after it was applied", async () => {
  await using place = await createTestDatabase();
  await applyMigrations(place.database, { schema, migrations: [first] });
  const changed = { ...first, sql: `${first.sql} -- better` };
  await assert.rejects(applyMigrations(place.database, { schema, migrations: [changed] }), {
    code: "conflict",
    message:
      /"001-bird" of schema "shelter" is not the one that was applied: .*roost down.*\.roost\/postgres.*roost up/,
  });
  const otherLineEnds = { ...first, sql: first.sql.replaceAll("\n", "\r\n") };
  assert.deepEqual(await applyMigrations(place.database, { schema, migrations: [otherLineEnds] }), []);
});

test("applyMigrations() refuses a database that is newer than the program", async () => {
  await using place = await createTestDatabase();
  await applyMigrations(place.database, { schema, migrations: [first, second] });
  await assert.rejects(applyMigrations(place.database, { schema, migrations: [first] }), {
    code: "conflict",
    message: /"002-egg".*start the newer program/,
  });
});

test("applyMigrations() refuses a migration that was put before applied ones", async () => {
  await using place = await createTestDatabase();
  await applyMigrations(place.database, { schema, migrations: [second] });
  await assert.rejects(applyMigrations(place.database, { schema, migrations: [first, second] }), { code: "conflict" });
});

test("applyMigrations() keeps nothing of a migration that fails, and all of those before it", async () => {
  await using place = await createTestDatabase();
  const failing = { name: "002-egg", sql: "CREATE TABLE egg (id int); SELECT 1/0;" };
  await assert.rejects(applyMigrations(place.database, { schema, migrations: [first, failing] }), {
    code: "internal",
    message: /"002-egg".*division by zero/,
  });
  assert.deepEqual(await place.database.query("SELECT to_regclass('shelter.egg') AS egg"), [{ egg: null }]);
  assert.deepEqual(await applyMigrations(place.database, { schema, migrations: [first, second] }), ["002-egg"]);
});

test("applyMigrations() of a login that may only look says what the home's own program has to do first", async () => {
  await using place = await createTestDatabase();
  const { database } = place;
  const user = { name: `roost_looks_${process.pid}`, password: "looks" };
  const role = { roleName: user.name, password: user.password, connectionsMax: 5, isInheriting: true };
  for (const statement of loginStatements(role)) await database.query(statement);
  await using _role = {
    [Symbol.asyncDispose]: async () =>
      void (await database.query(`DROP OWNED BY ${user.name}; DROP ROLE ${user.name}`)),
  };
  const url = changeDatabaseUrl(place.url, { user });
  await using looking = await openDatabase({ url, applicationName: "looks", logger: silentLogger, poolMax: 1 });
  const functionNamed = (name: string) => ({
    program: "0.1.0",
    files: [{ name, sql: `create or replace function shelter.${name}() returns int language sql as 'select 1'` }],
  });
  const known = { schema, migrations: [first], functions: functionNamed("count_birds_1") };
  const look = (more: Partial<typeof known> = {}) => applyMigrations(looking, { ...known, ...more });
  await assert.rejects(look(), {
    code: "unavailable",
    message: /^schema "shelter" is not there.*start the home's own/,
  });
  await applyMigrations(database, known);
  await database.query(
    `GRANT USAGE ON SCHEMA shelter TO ${user.name}; GRANT SELECT ON ALL TABLES IN SCHEMA shelter TO ${user.name}`,
  );
  assert.deepEqual(await look(), []);
  const message = (what: string) =>
    new RegExp(`^schema "shelter" lacks ${what}, which this login may not apply: start`);
  await assert.rejects(look({ migrations: [first, second] }), {
    code: "unavailable",
    message: message('migration "002-egg"'),
  });
  await assert.rejects(look({ functions: functionNamed("count_birds_2") }), {
    code: "unavailable",
    message: message("function shelter.count_birds_2"),
  });
  await assert.rejects(look({ migrations: [] }), { code: "conflict", message: /newer/ });
});

test("applyMigrations() takes its turn after a process that created the schema meanwhile", async () => {
  await using place = await createTestDatabase();
  const programs = await Promise.all(
    [1, 2].map(() => openDatabase({ url: place.url, applicationName: "turns", logger: silentLogger, poolMax: 1 })),
  );
  try {
    // Both know by heart what creating a schema takes, and look nothing up that would tell them of the other's.
    for (const [index, database] of programs.entries())
      await applyMigrations(database, { schema: `own_${index}`, migrations: [first] });
    await using gate = await place.database.openSession();
    await gate.query("SELECT pg_advisory_lock(7)");
    const slow = { name: "001-slow", sql: "SELECT pg_advisory_xact_lock(7);" };
    const runs = programs.map((database) => applyMigrations(database, { schema, migrations: [slow] }));
    const waiting =
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'turns' AND wait_event = 'advisory'";
    // One that does not wait has failed, which the end tells.
    let hasEnded = false;
    const end = () => (hasEnded = true);
    void Promise.race(runs).then(end, end);
    await until(
      async () => hasEnded || (await place.database.query<{ count: number }>(waiting))[0]!.count === runs.length,
    );
    await gate.query("SELECT pg_advisory_unlock(7)");
    assert.deepEqual((await Promise.all(runs)).flat(), ["001-slow"]);
  } finally {
    for (const database of programs) await database[Symbol.asyncDispose]();
  }
});

test("applyMigrations() applies each migration once when several programs start together", async () => {
  await using place = await createTestDatabase();
  const migrations = Array.from({ length: 10 }, (_, index) => ({
    name: `${String(index + 1).padStart(3, "0")}-table`,
    sql: `CREATE TABLE table_${index} (id int)`,
  }));
  const start = async () => {
    await using database = await openDatabase({ url: place.url, applicationName: "one", logger: silentLogger });
    return await applyMigrations(database, { schema, migrations });
  };
  const applied = (await Promise.all([start(), start(), start(), start()])).flat();
  assert.deepEqual(
    applied.toSorted(),
    migrations.map((migration) => migration.name),
  );
});

test("applyMigrations() refuses a schema name that would need quoting", async () => {
  await using place = await createTestDatabase();
  await assert.rejects(applyMigrations(place.database, { schema: 'x"; DROP', migrations: [] }), {
    code: "invalid_input",
  });
});
