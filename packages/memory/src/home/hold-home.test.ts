import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createId, silentLogger, type RoostError } from "@roost/base";
import { createTestKernel } from "@roost/kernel/testing";
import { loginStatements, openDatabase } from "@roost/database";
import { changeDatabaseUrl } from "@roost/database/database-url";
import { createTestDatabase } from "@roost/database/testing";
import { holdHome, refuseOtherHome, type HomeIdentity } from "./hold-home.ts";

const on = { logger: silentLogger, host: "attic" };
const home = (given: Partial<HomeIdentity> = {}): HomeIdentity => ({
  id: createId(),
  place: "1:1",
  path: "/home/ada/.roost",
  ...given,
});

/** Lets go at once of what it should not have been given. */
async function tryHold(...given: Parameters<typeof holdHome>): Promise<void> {
  await using _held = await holdHome(...given);
}

test("holdHome() gives a database to its first home and refuses every other one by name", async () => {
  await using place = await createTestKernel();
  const { database } = place.kernel;
  const first = home();
  await using held = await holdHome(database, first, on);
  assert.equal(held.id, first.id);
  const other = home({ place: "2:2", path: "/home/ada/other" });
  const refusal = {
    code: "invalid_input",
    message: /belongs to another home, \/home\/ada\/\.roost on attic: .*DATABASE_URL.*delete from roost\.home/,
  };
  await assert.rejects(tryHold(database, other, on), refusal);
  await assert.rejects(tryHold(database, { ...other, id: undefined }, on), refusal);
  // Nor once the first is not running.
  await held[Symbol.asyncDispose]();
  await assert.rejects(tryHold(database, other, on), refusal);
  await database.query("delete from roost.home");
  await using taken = await holdHome(database, other, on);
  assert.equal(taken.id, other.id);
  await assert.rejects(tryHold(database, first, on), { code: "invalid_input" });
});

test("refuseOtherHome() refuses another home before anything is written, and knows none in an empty database", async () => {
  await using empty = await createTestDatabase();
  await refuseOtherHome(empty.database, home());
  assert.deepEqual(await empty.database.query("select 1 from pg_namespace where nspname = 'roost'"), []);
  await using place = await createTestKernel();
  await refuseOtherHome(place.kernel.database, home());
  const first = home();
  await tryHold(place.kernel.database, first, on);
  await refuseOtherHome(place.kernel.database, first, on.host);
  await assert.rejects(refuseOtherHome(place.kernel.database, home({ place: "2:2", path: "/elsewhere" }), on.host), {
    code: "invalid_input",
    message: /belongs to another home, \/home\/ada\/\.roost on attic/,
  });
});

test("holdHome() lets any number of processes of one home in, and gives all of a new home one id", async () => {
  await using place = await createTestKernel();
  const fresh = home({ id: undefined });
  const held = await Promise.all(Array.from({ length: 4 }, () => holdHome(place.kernel.database, fresh, on)));
  assert.equal(new Set(held.map(({ id }) => id)).size, 1);
  for (const each of held) await each[Symbol.asyncDispose]();
});

test("holdHome() knows a home that lost its id by its path, and one that was moved by its id", async () => {
  await using place = await createTestKernel();
  const { database } = place.kernel;
  const first = home();
  await (await holdHome(database, first, on))[Symbol.asyncDispose]();
  await using again = await holdHome(database, { ...first, id: undefined, place: "3:3" }, on);
  assert.equal(again.id, first.id);
  await again[Symbol.asyncDispose]();
  await using moved = await holdHome(database, { ...first, place: "4:4", path: "/srv/roost" }, on);
  assert.equal(moved.id, first.id);
});

test("holdHome() refuses a copy of a home while that one is running", async () => {
  await using place = await createTestKernel();
  const { database } = place.kernel;
  const first = home();
  const copy = { ...first, place: "2:2", path: "/home/ada/copy" };
  await using held = await holdHome(database, first, on);
  await assert.rejects(tryHold(database, copy, on), {
    code: "invalid_input",
    message: /\/home\/ada\/copy is a copy of the home \/home\/ada\/\.roost on attic, which is running/,
  });
  await held[Symbol.asyncDispose]();
  await using _moved = await holdHome(database, copy, on);
  await assert.rejects(tryHold(database, first, on), { message: /\.roost is a copy of the home \/home\/ada\/copy/ });
});

test("HeldHome.refused is aborted on a joined host that was put out, whatever it runs", async () => {
  await using place = await createTestKernel();
  const { database } = place.kernel;
  const { id, place: at, path } = home();
  await using _home = await holdHome(database, { id, place: at, path }, on);
  const role = `roost_test_${createId().replaceAll("-", "")}`;
  for (const each of loginStatements({ roleName: role, password: "x", connectionsMax: 10, isInheriting: true }))
    await database.query(each);
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(async () => {
    await database.query(`drop owned by ${role}`);
    await database.query(`drop role ${role}`);
  });
  await database.query(`grant usage on schema roost to ${role}`);
  await database.query(`grant select on roost.home to ${role}`);
  const url = changeDatabaseUrl(place.url, { user: { name: role, password: "x" } });
  await using own = await openDatabase({ url, applicationName: "roost scheduler", logger: silentLogger, poolMax: 1 });
  await using held = await holdHome(own, { id, place: at, path, isElsewhere: true }, on);
  const refused = once(held.refused, "abort", { signal: AbortSignal.timeout(120_000) });
  await database.query(`alter role ${role} nologin`);
  await database.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [role]);
  await refused;
  const { code, message } = held.refused.reason as RoostError;
  assert.equal(code, "unauthenticated");
  assert.match(message, /lets this host in no more/);
});

test("HeldHome.refused is aborted when another home took the database while it was out of reach", async () => {
  await using place = await createTestKernel();
  const { database } = place.kernel;
  const first = home();
  await using held = await holdHome(database, first, on);
  await using before = await holdHome(database, first, on);
  await database.query("delete from roost.home");
  await database.query("insert into roost.home (id, place, host, path) values ($1, '9:9', 'cellar', '/home/bob')", [
    createId(),
  ]);
  const refusals = [held, before].map(
    ({ refused }) => new Promise((resolve) => refused.addEventListener("abort", () => resolve(refused.reason))),
  );
  await database.query(
    `select pg_terminate_backend(pid) from pg_locks
     where locktype = 'advisory' and mode = 'ShareLock' and database = (select oid from pg_database where datname = current_database())`,
  );
  for (const refusal of refusals) assert.match(String(await refusal), /belongs to another home, \/home\/bob on cellar/);
});
