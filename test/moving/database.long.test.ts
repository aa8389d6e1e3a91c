/** `roost database move`: the tables of every room, a real command, and what a home does afterwards. The move back and PostgreSQL 15: test/distributed. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createPairing, hostPurpose, joinHost, openAccess } from "@roost/access";
import { silentLogger } from "@roost/base";
import { prepareChannels } from "@roost/channels";
import { roostEvents } from "@roost/contract/events";
import { loginStatements, openDatabase } from "@roost/database";
import { createTestDatabase } from "@roost/database/testing";
import { applyJobs } from "@roost/jobs";
import { openKernel, readPartitions } from "@roost/kernel";
import { holdDatabase, openMemory, refuseDatabaseOfAnother, sendMessage, setState } from "@roost/memory";
import { openServices } from "@roost/service";
import { homeRooms } from "@roost/worker/home-rooms";
import { moveSchema } from "../../packages/database/src/move/half-done-move.ts";
import { runCommand } from "../services/home-services.fixture.ts";

/** A process of the home: its database with every room, held until it ends. */
async function openHome(url: string, homeDir: string) {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await openDatabase({ url, applicationName: "roost gateway", logger: silentLogger }));
  await refuseDatabaseOfAnother(database, homeDir);
  const kernel = opened.use(
    await openKernel({ database, logger: silentLogger, events: roostEvents, rooms: homeRooms }),
  );
  const memory = opened.use(await openMemory({ kernel, homeDir, logger: silentLogger }));
  await openServices({ kernel, kind: "gateway", name: "gateway" });
  await openAccess(kernel, { logger: silentLogger });
  await prepareChannels(kernel);
  opened.use(await holdDatabase(kernel, homeDir));
  const owned = opened.move();
  return { database, kernel, memory, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A host with a login that cannot be dropped until `release`. */
async function joinStuckHost({ kernel, database }: Awaited<ReturnType<typeof openHome>>) {
  const roleName = `roost_test_${kernel.createId().replaceAll("-", "")}`;
  const { code } = await createPairing(kernel, { purpose: hostPurpose, name: "attic", by: "person:owner" });
  const login = { of: "schedulers", roleName, password: "x" };
  const makeLogins: Parameters<typeof joinHost>[1]["makeLogins"] = async (tx) => {
    for (const each of loginStatements({ ...login, connectionsMax: 1, isInheriting: true })) await tx.query(each);
    return [login];
  };
  await joinHost(kernel, { code, name: "attic", version: "0.1.0", at: new Date(), makeLogins });
  await database.query(`create database ${roleName} owner ${roleName}`);
  return {
    release: (sql: Pick<typeof database, "query">) => sql.query(`drop database ${roleName}`),
    isLeft: async (sql: Pick<typeof database, "query">) =>
      await sql.query("select rolcanlogin as may from pg_roles where rolname = $1", [roleName]),
  };
}

test("roost database move carries a home to another database, which it uses then, and refuses the one it left", async () => {
  await using opened = new AsyncDisposableStack();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-moving-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  const [source, target] = [opened.use(await createTestDatabase()), opened.use(await createTestDatabase())];
  for (const { database } of [source, target]) await database[Symbol.asyncDispose]();
  await writeFile(join(homeDir, "source"), `${source.url}\n`);
  await mkdir(join(homeDir, ".roost/logs"), { recursive: true });
  const move = () => runCommand(homeDir, "database", "move", target.url, "--from", source.url);
  let before: unknown;
  let host: Awaited<ReturnType<typeof joinStuckHost>>;
  {
    await using home = await openHome(source.url, homeDir);
    await sendMessage(home.memory, { sessionKey: "main", text: "Anna lives in Ulm" });
    await setState(home.memory, { name: "email", value: { unread: 3 }, by: "cli" });
    await applyJobs(home.kernel, [{ id: "mail", trigger: { kind: "every", every: "1h" }, prompt: "look" }], {
      by: "cli",
      source: "cli",
      timeZone: "Europe/Berlin",
    });
    host = await joinStuckHost(home);
    before = await readPartitions(home.database);
    const refused = await move();
    assert.match(refused.printed, /is in use by gateway \(roost, this machine\).*stop everything of the home/);
    assert.equal(refused.code, 73);
  }
  const moved = await move();
  assert.equal(moved.code, 0, moved.printed);
  assert.match(moved.printed, /compared row by row[\s\S]*What was moved is left as it was: PostgreSQL at/);
  const record = await readFile(join(homeDir, ".roost/database.json"), "utf8");
  const kept = (await readdir(join(homeDir, ".roost"))).filter((name) => name.startsWith("database-url-"));
  assert.equal(kept.length, 1, "the URL of the target alone");
  assert.match(record, /"url": "file:.roost\/database-url-[0-9a-f]{12}"/);
  {
    await using home = await openHome(target.url, homeDir);
    assert.deepEqual(await readPartitions(home.database), before);
    await sendMessage(home.memory, { sessionKey: "main", text: "And it goes on" });
    const [row] = await home.database.query("select count(*) as count from memory.message");
    assert.deepEqual(row, { count: 2 });
    // A login that cannot be dropped fails no move, opens nothing, and goes with a move that was killed and is finished.
    assert.deepEqual(await host.isLeft(home.database), [{ may: false }]);
    const log = await readFile(join(homeDir, ".roost/logs/roost.log"), "utf8");
    assert.match(log, /logins of hosts are left in the database that the home has left/);
    await host.release(home.database);
    await home.database.query(
      `create schema ${moveSchema}; create table ${moveSchema}.move as select id::text as owner, '' as schema, 'done' as stage from roost.home`,
    );
    const finished = await move();
    assert.equal(finished.code, 0, finished.printed);
    assert.deepEqual(await host.isLeft(home.database), []);
  }
  await assert.rejects(
    openHome(source.url, homeDir),
    /was moved away from this database \(PostgreSQL at .*unset DATABASE_URL/,
  );
  assert.match((await runCommand(homeDir, "database", "move", target.url)).printed, /uses PostgreSQL at .* already/);

  // Emptied, the one that was left is a target like any other, and the home uses it.
  {
    await using emptied = await openDatabase({ url: source.url, applicationName: "roost test", logger: silentLogger });
    const schemas = await emptied.query<{ name: string }>(
      "select quote_ident(nspname) as name from pg_namespace where nspname !~ '^pg_' and nspname not in ('public', 'information_schema')",
    );
    for (const { name } of schemas) await emptied.query(`drop schema ${name} cascade`);
  }
  const back = await runCommand(homeDir, "database", "move", "file:source");
  assert.equal(back.code, 0, back.printed);
  await using again = await openHome(source.url, homeDir);
  const [row] = await again.database.query("select count(*) as count from memory.message");
  assert.deepEqual(row, { count: 2 });
});
