import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@roost/base";
import { Client } from "pg";
import { openDatabase } from "../open-database.ts";
import { createTestDatabase, type TestDatabase } from "../testing/create-test-database.ts";
import { moveSettings } from "./copy-table.ts";
import { readHalfDoneMove } from "./half-done-move.ts";
import { moveDatabase } from "./move-database.ts";
import { readObjects, type DatabaseObjects } from "./read-objects.ts";

const role = `roost_move_test_${process.pid}`;
const content = `
  create extension if not exists pg_trgm with schema public;
  create schema home;
  create type home.mood as enum ('well', 'it''s so');
  create domain home.name as text check (value <> '');
  create sequence home.epoch start 7 increment 3;
  create table home.topic (name home.name primary key, number integer generated always as identity (start with 40), mood home.mood not null default 'well',
    epoch bigint not null default nextval('home.epoch'), twice integer generated always as (length(name) * 2) stored, constraint short check (length(name) < 90));
  create function home.count_of(t home.topic) returns bigint language sql stable return (select count(*) from home.topic where number <= (t).number);
  create view home.counted with (security_invoker = true) as select name, home.count_of(t) as n from home.topic t;
  create type home.told as (topic home.topic, at timestamptz);
  create table home.event (topic text collate "C" not null, "offset" bigint not null, data jsonb, weight double precision, raw bytea, at timestamptz,
    primary key (topic, "offset")) partition by list (topic);
  create index event_at on home.event (at) where weight > 0;
  create table home.event_1 (like home.event including all) partition by range ("offset");
  alter table home.event attach partition home.event_1 for values in ('notes');
  create table home.event_1_0 (like home.event_1 including all) with (fillfactor = 60);
  alter table home.event_1 attach partition home.event_1_0 for values from (0) to (5000);
  create table home.event_1_1 partition of home.event_1 for values from (5000) to (10000);
  create function home.refuse() returns trigger language plpgsql as $$ begin if new.name = 'no' then raise exception 'refused'; end if; return new; end $$;
  create trigger refuse_no before insert on home.topic for each row execute function home.refuse();
  create table home.child (topic text not null references home.topic (name), id serial primary key);
  create function home.safe() returns text language sql security definer set search_path = pg_catalog as 'select ''seen''::text';
  revoke execute on function home.safe() from public;
  create schema svc authorization ${role};
  grant usage on schema home to ${role};
  grant execute on function home.safe() to ${role};
  set role ${role};
  create table svc.own (id integer primary key, name text);
  insert into svc.own values (1, 'a	tab, a \\\\ and
a line'), (2, null), (3, '');
  reset role;
  insert into home.topic (name) values ('first'), ('seconde');
  insert into home.child (topic) select 'first' from generate_series(1, 3);
  insert into home.event select 'notes', n, jsonb_build_object('n', n, 'text', repeat('ö', n % 50)), n / 3.0, decode(md5(n::text), 'hex'), now() from generate_series(0, 7999) as n`;

let source: TestDatabase;

before(async () => {
  source = await createTestDatabase();
  await source.database.query(`create role ${role} login noinherit connection limit 3`);
  await source.database.query(`grant ${role} to current_user`);
  await source.database.query(content);
  await source.database[Symbol.asyncDispose]();
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await using other = await createTestDatabase();
  await other.database.query(`drop role if exists ${role}`);
});

/** Without a connection, which would count as use. */
async function createTarget(): Promise<TestDatabase> {
  const target = await createTestDatabase();
  await target.database[Symbol.asyncDispose]();
  return target;
}

const open = (url: string) => openDatabase({ url, applicationName: "roost test", logger: silentLogger, poolMax: 1 });
const move = (target: TestDatabase, owner = "me") => moveDatabase({ source: source.url, target: target.url, owner });

async function describe(url: string): Promise<DatabaseObjects> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(moveSettings);
    const { objects, ...rest } = await readObjects(client);
    return { ...rest, objects: objects.map((object) => ({ ...object, key: "" })) };
  } finally {
    await client.end();
  }
}

async function finishMove(target: TestDatabase, resumedMin: number): Promise<void> {
  {
    await using moved = await move(target);
    assert.equal(moved.rowCount, 8_000 + 2 + 3 + 3);
    assert.ok(moved.resumedTables >= resumedMin, `${moved.resumedTables} tables were there`);
    await moved.finish();
  }
  assert.deepEqual(await describe(target.url), await describe(source.url));
}

test("moveDatabase() carries tables of every kind, their rows, sequences, functions, grants and owners", async () => {
  await using target = await createTarget();
  await finishMove(target, 0);
  await using database = await open(target.url);
  assert.deepEqual(await database.query("select id, name from svc.own order by id"), [
    { id: 1, name: "a\ttab, a \\\\ and\na line" },
    { id: 2, name: null },
    { id: 3, name: "" },
  ]);
  // It goes on where the source would.
  const [added] = await database.query("insert into home.topic (name) values ('third') returning number, epoch, twice");
  assert.deepEqual(added, { number: 42, epoch: 13, twice: 10 });
  await assert.rejects(database.query("insert into home.topic (name) values ('no')"), /refused/);
  await assert.rejects(database.query("insert into home.child (topic) values ('unknown')"), /violates foreign key/);
  await assert.rejects(move(target), /is in use by test \(/);
});

test("moveDatabase() goes on where one that was killed had got to, and nothing starts on it meanwhile", async () => {
  await using target = await createTarget();
  const program = fileURLToPath(new URL("../testing/killed-move.ts", import.meta.url));
  for (const tables of ["2", "4", "all"]) {
    const child = spawn(process.execPath, [program, source.url, target.url, tables], { stdio: "inherit" });
    assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
    await using database = await open(target.url);
    const stage = tables === "all" ? "done" : "rows";
    assert.deepEqual(await readHalfDoneMove(database), { owner: "me", stage });
  }
  await assert.rejects(move(target, "another"), /half-done move of another home/);
  await finishMove(target, 5);
});

test("moveDatabase() refuses a source that came into use meanwhile, also before anything that is written shows", async () => {
  await using target = await createTarget();
  await using late = new AsyncDisposableStack();
  let began: Promise<unknown> | undefined;
  const begin = async () => {
    const client = new Client({ connectionString: source.url, application_name: "roost gateway" });
    await client.connect();
    late.defer(() => client.end());
    await client.query("begin; insert into svc.own values (9, 'not committed yet')");
  };
  const moving = moveDatabase({
    source: source.url,
    target: target.url,
    owner: "me",
    onTable: () => (began ??= begin()),
  });
  await assert.rejects(moving, /the database that is moved is in use by gateway/);
});

test("moveDatabase() refuses a source with a prepared transaction, and one that came into use after the move was recorded", async () => {
  await using target = await createTarget();
  const prepared = `kept ${process.pid}`;
  {
    await using client = await open(source.url);
    await client.query(`begin; insert into svc.own values (9, 'prepared'); prepare transaction '${prepared}'`);
  }
  await assert.rejects(
    move(target),
    new RegExp(`is moved has prepared transactions [(]${prepared}[)]: COMMIT PREPARED`),
  );
  {
    await using settling = await open(source.url);
    await settling.query(`rollback prepared '${prepared}'`);
  }
  await using moved = await move(target);
  {
    await using late = await open(source.url);
    await assert.rejects(moved.checkSource(), /the database that is moved is in use/);
    await late.query("insert into svc.own values (9, 'late')");
  }
  await assert.rejects(moved.checkSource(), /svc.own was changed while it was moved/);
  await using again = await open(source.url);
  await again.query("delete from svc.own where id = 9");
});

test("moveDatabase() begins anew when tables came since, or rows after the keys were made, and leaves a target that is not its own", async () => {
  await using target = await createTarget();
  await (await move(target))[Symbol.asyncDispose]();
  {
    await using changed = await open(source.url);
    await changed.query("insert into home.topic (name) values ('late')");
    await changed.query("insert into home.child (topic) values ('late')");
  }
  {
    await using moved = await move(target);
    assert.equal(moved.resumedTables, 0);
  }
  {
    await using changed = await open(source.url);
    await changed.query("create table home.late (id integer); insert into svc.own values (4, 'x')");
  }
  {
    await using moved = await move(target);
    assert.equal(moved.resumedTables, 0);
    await moved.finish();
  }
  await assert.rejects(move(target), /not empty, it holds schema home/);
  {
    await using changed = await open(source.url);
    await changed.query("drop table home.late; delete from svc.own where id = 4");
    await changed.query("create materialized view home.kept as select 1 as one");
  }
  await using other = await createTarget();
  await assert.rejects(move(other), /does not carry: materialized view home.kept/);
  await using changed = await open(source.url);
  await changed.query("drop materialized view home.kept");
});
