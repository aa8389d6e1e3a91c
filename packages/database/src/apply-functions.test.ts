import assert from "node:assert/strict";
import { test } from "node:test";
import { applyFunctions, type FunctionSet } from "./apply-functions.ts";
import { applyMigrations } from "./apply-migrations.ts";
import { openDatabase } from "./open-database.ts";
import { createTestDatabase } from "./testing/create-test-database.ts";
import { silentLogger } from "@roost/base";

const schema = "aviary";

/** A program that has `sing` in these versions, each with its own answer. */
function program(version: string, sings: Record<number, string>): FunctionSet {
  const sql = Object.entries(sings).map(
    ([number, answer]) =>
      `create or replace function aviary.sing_${number}() returns text language sql as $$ select '${answer}' $$;`,
  );
  return { program: version, files: [{ name: "sing", sql: sql.join("\n") }] };
}

async function openAviary() {
  const place = await createTestDatabase();
  await applyMigrations(place.database, { schema, migrations: [] });
  const apply = (functions: FunctionSet) => applyFunctions(place.database, { schema, functions });
  const sing = async (number: number) => {
    const rows = await place.database.query<{ text: string }>(`select aviary.sing_${number}() as text`);
    return rows[0]!.text;
  };
  return { ...place, apply, sing };
}

test("applyFunctions() applies what has changed, once", async () => {
  await using aviary = await openAviary();
  assert.equal(await aviary.apply(program("0.1.0", { 1: "tweet" })), true);
  assert.equal(await aviary.apply(program("0.1.0", { 1: "tweet" })), false);
  assert.equal(await aviary.apply(program("0.1.0", { 1: "chirp" })), true);
  assert.equal(await aviary.sing(1), "chirp");
});

test("applyFunctions() by an older program changes nothing, and its own versions are still there", async () => {
  await using aviary = await openAviary();
  await aviary.apply(program("0.1.0", { 1: "tweet" }));
  await aviary.apply(program("0.2.0", { 2: "trill" }));
  assert.equal(await aviary.apply(program("0.1.9", { 1: "croak" })), false);
  assert.deepEqual([await aviary.sing(1), await aviary.sing(2)], ["tweet", "trill"]);
});

test("applyFunctions() drops a version one minor version after its last program", async () => {
  await using aviary = await openAviary();
  await aviary.apply(program("0.9.3", { 1: "tweet" }));
  await aviary.apply(program("0.10.0", { 2: "trill" }));
  assert.equal(await aviary.sing(1), "tweet");
  await aviary.apply(program("0.11.0", { 2: "trill" }));
  await assert.rejects(aviary.sing(1), /does not exist/);
  assert.equal(await aviary.sing(2), "trill");
});

test("applyFunctions() refuses a function without a version in its name, and applies nothing of the set", async () => {
  await using aviary = await openAviary();
  const sql =
    "create or replace function aviary.sing_1() returns int language sql as 'select 1';\ncreate or replace function aviary.sing() returns int language sql as 'select 1';";
  await assert.rejects(aviary.apply({ program: "0.1.0", files: [{ name: "sing", sql }] }), {
    code: "invalid_input",
    message: /must be named like aviary\.claim_1/,
  });
  await assert.rejects(aviary.sing(1), /does not exist/);
});

test("applyFunctions() names the file that the server refuses", async () => {
  await using aviary = await openAviary();
  const files = [{ name: "broken", sql: "create or replace function aviary.sing_1() retur int" }];
  await assert.rejects(aviary.apply({ program: "0.1.0", files }), { message: /functions "broken" of schema "aviary"/ });
});

test("applyFunctions() applies once when several programs start together", async () => {
  await using aviary = await openAviary();
  const start = async () => {
    await using database = await openDatabase({
      url: aviary.url,
      applicationName: "program",
      logger: silentLogger,
      poolMax: 1,
    });
    return await applyFunctions(database, { schema, functions: program("0.1.0", { 1: "tweet" }) });
  };
  const applied = await Promise.all([start(), start(), start()]);
  assert.deepEqual(applied.toSorted(), [false, false, true]);
});
