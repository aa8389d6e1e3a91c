import assert from "node:assert/strict";
import { test } from "node:test";
import { createId, silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import type { Principal } from "@roost/contract";
import { sqlStateOf, type Sql } from "@roost/database";
import { readTopic, setBudgets } from "@roost/kernel";
import { createTestKernel } from "@roost/kernel/testing";
import { callHeader, signCall, type OutgoingCall } from "../calls/sign-call.ts";
import { openServices } from "../open-services.ts";
import { consumeOnce } from "./consume.ts";
import { gardenContract, plantWatered } from "../testing/garden/contract.ts";
import { garden } from "../testing/garden/service.ts";
import type { Service } from "../service.ts";
import { openTestService } from "../testing/open-test-service.ts";

const owner: Principal = { id: "person:owner", kind: "owner", scopes: ["*"] };

test("hostService() serves its contract, commits events with their effect, reads on with what it is given, and knows the home's time zone", async () => {
  await using given = await createTestKernel();
  await setBudgets(given.kernel, { caps: [], timeZone: "Europe/Berlin" });
  let zone = "";
  const handlers: Service["handlers"] = (context) => {
    zone = context.timeZone;
    return garden.handlers(context);
  };
  await using opened = await openTestService({ ...garden, handlers }, given);
  assert.equal(zone, "Europe/Berlin");
  const client = opened.clientFor(gardenContract);
  const { plant } = await client.addPlant({ name: "Rose" });
  assert.deepEqual((await client.listPlants()).items, [{ id: plant.id, name: "Rose", revision: 1 }]);
  await assert.rejects(client.waterPlant({ plantId: createId() }), { code: "not_found" });
  await assert.rejects(client.waterPlant({ plantId: "x" }), { code: "invalid_input", message: /check its ids/ });
  for (let count = 0; count < 3; count += 1) await client.waterPlant({ plantId: plant.id });
  const { events } = await readTopic(opened.test.database, { topic: "garden", limit: 10 });
  assert.deepEqual(
    events.map(({ type, source, labels, data }) => [type, source, labels.join(" "), data["by"]]),
    [
      ["plant.added", "service:garden", "aud:domain:garden trust:agent", undefined],
      ...Array.from({ length: 3 }, () => [
        "plant.watered",
        "service:garden",
        "aud:domain:garden trust:agent",
        "person:owner",
      ]),
    ],
  );
  await until(async () => (await client.countWaterings({ plantId: plant.id })).count >= 3);
  const tables = () => opened.database.query("select * from svc_garden.watering order by plant_id");
  const before = await tables();
  await opened.hosted.rebuild("waterings");
  assert.deepEqual(await tables(), before);
});

test("hostService() takes calls that a gateway has signed for it, once, and nothing else", async () => {
  await using opened = await openTestService(garden);
  const { services, hosted } = opened;
  const { signer, kernel } = services;
  const own: OutgoingCall = { instance: hosted.id, method: "GET", path: "/plants", principal: owner };
  const ask = async (word: string | undefined, path = "/plants") => {
    const headers: Record<string, string> = word === undefined ? {} : { [callHeader]: word };
    return (await fetch(hosted.url + path, { headers })).status;
  };
  const word = await signCall(signer, own, kernel.clock);
  assert.equal(await ask(undefined), 401);
  assert.equal(await ask(word), 200);
  assert.equal(await ask(word), 401, "the same word again");
  const wrong: Partial<OutgoingCall>[] = [{ instance: createId() }, { method: "POST" }, { path: "/plants?limit=1" }];
  for (const change of wrong) assert.equal(await ask(await signCall(signer, { ...own, ...change }, kernel.clock)), 401);
  assert.equal(
    await ask(await signCall(signer, own, { ...kernel.clock, nowMs: () => kernel.clock.nowMs() - 31_000 })),
    401,
  );
  const worker = await openServices({ kernel, kind: "worker", name: "w" });
  assert.equal(
    await ask(await signCall(worker.signer, own, kernel.clock)),
    401,
    "a worker cannot call in another's name",
  );
  assert.equal(await ask("roost-call.e30.AAAA"), 401);
  const longest = `/plants?after=${"a".repeat(9_000)}`;
  assert.equal(
    await ask(await signCall(signer, { ...own, path: longest }, kernel.clock), longest),
    400,
    "a long address",
  );
  const sent = { "content-type": "application/json", "idempotency-key": "k" };
  const body = Buffer.from('{"name":"Rose"}');
  const adding = { ...own, method: "POST", headers: new Headers(sent), body };
  const headers = { ...sent, [callHeader]: await signCall(signer, adding, kernel.clock) };
  const tries: [number, RequestInit][] = [
    [401, { body: '{"name":"Ruse"}' }],
    [401, { headers: { ...headers, "idempotency-key": "other" } }],
    [200, {}],
    [401, {}],
  ];
  for (const [status, change] of tries) {
    const answer = await fetch(`${hosted.url}/plants`, { method: "POST", body, headers, ...change });
    assert.equal(answer.status, status, JSON.stringify(change));
  }
  const reader: Principal = { id: "agent:main", kind: "agent", scopes: ["garden.*:read"] };
  const client = opened.clientFor(gardenContract, reader);
  assert.equal((await client.listPlants()).items.length, 1);
  await assert.rejects(client.addPlant({ name: "Rose" }), { code: "forbidden", message: /garden\.plants:write/ });
});

test("Two instances share the calls; one that has gone is passed over, and with none the service is unavailable", async () => {
  await using opened = await openTestService(garden);
  const client = opened.clientFor(gardenContract);
  const second = await opened.hostAnother();
  await client.addPlant({ name: "Rose" });
  assert.equal((await opened.services.directory.find("garden")).instances.length, 2);
  await second[Symbol.asyncDispose]();
  for (let count = 0; count < 4; count += 1) assert.equal((await client.listPlants()).items.length, 1);
  await opened.hosted[Symbol.asyncDispose]();
  await opened.test.clock.advance(2_000);
  await assert.rejects(client.listPlants(), { code: "unavailable", message: /Garden is not running/ });
});

test("The role of a service is refused everything but its schema and the functions that it was granted", async () => {
  await using opened = await openTestService(garden);
  const { database } = opened;
  const refused = [
    "select * from roost.event",
    "select * from roost.run",
    "select * from roost.stream_channel",
    "insert into roost.idempotency_key (scope, key, created_at, expires_at) values ('a', 'b', now(), now())",
    "update roost.cursor set next_offset = 0",
    "select roost.append_events_1('{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','[]')",
    "select roost.number_label_sets_1('{a}')",
    "select roost.now()",
    "select * from service.service",
    "select * from service.signer",
    "insert into service.topic (topic, service) values ('runs', 'garden')",
    "select service.cap_labels_1('garden', 'trust:owner')",
    "select service.caller_1()",
    "create schema mine",
    "create table public.mine (a int)",
    "create temporary table mine (a int)",
    "create role another",
    "alter role current_user superuser",
    "grant roost to current_user",
    "set role roost",
    "select * from pg_authid",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user",
    "select nextval('service.lease_epoch')",
    "create or replace function service.now_1() returns timestamptz language sql as 'select now()'",
    "create trigger mine before insert on roost.run for each row execute function pg_catalog.suppress_redundant_updates_trigger()",
    "copy (select 1) to program 'id'",
    "copy (select 1) to '/tmp/x'",
    "select pg_read_file('/etc/passwd')",
    "create function svc_garden.f() returns int language c as 'x', 'y'",
    "create extension dblink",
    "alter system set fsync = off",
    "select lo_create(0)",
    "select lo_creat(-1)",
    "select lo_from_bytea(0, 'x')",
    "select lo_import('/etc/passwd')",
  ];
  const allowed: string[] = [];
  // Only the server's administrator can take these from everybody: Roost does on its own server (docs/postgresql.md).
  const [server] = await database.query<{ isOwn: boolean }>(
    "select not has_function_privilege('public', 'pg_catalog.lo_create(oid)', 'execute') as \"isOwn\"",
  );
  const judged = refused.filter((statement) => server!.isOwn || !/ lo_(?:creat|create|from_bytea)\(/.test(statement));
  for (const statement of judged) {
    const error = await database.query(statement).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) allowed.push(statement);
    // Insufficient privilege, or a thing that is not there for it.
    else assert.match(sqlStateOf(error) ?? "", /^(42501|42704|0A000|58P01)$/, `${statement}: ${String(error)}`);
  }
  assert.deepEqual(allowed, []);
  const limits = await database.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name = any($1) order by name",
    [["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]],
  );
  assert.deepEqual(
    limits.map(({ setting }) => setting),
    ["5000", "5000", "5000"],
  );
  await assert.rejects(database.query("select pg_sleep(6)"), { code: "timeout" });
});

test("service.emit_1() takes the caller's own event types, in the caller's name, and caps labels", async () => {
  await using opened = await openTestService(garden);
  const { database, test: given } = opened;
  const emit = (type: string, version: number, labels: string | null, data: object = { plantId: "p", by: "x" }) =>
    database.query(
      "select service.emit_1($1::text[], $2::int[], '{0}', $3::text[], '{p}', '{null}', '{c}', '{null}', '{null}', $4::text[], $5::jsonb)",
      [[type], [version], [createId()], [labels], JSON.stringify([data])],
    );
  for (const [type, version] of [
    ["run.done", 1],
    ["plant.watered", 2],
    ["plant.eaten", 1],
  ] as const)
    await assert.rejects(emit(type, version, null), { message: new RegExp(`may not emit ${type} version ${version}`) });
  const cases: [given: string | null, kept: string][] = [
    ["trust:owner", "aud:domain:garden trust:agent"],
    ["aud:main src:web:b src:web:a trust:agent", "aud:domain:garden aud:main src:web:a src:web:b trust:agent"],
    ["trust:agent nonsense", "aud:domain:garden trust:untrusted"],
    ["trust:agent trust:untrusted", "aud:domain:garden trust:untrusted"],
    ["aud:domain:peeps", "aud:domain:garden aud:domain:peeps trust:untrusted"],
    [null, "aud:domain:garden trust:untrusted"],
  ];
  for (const [labels] of cases) await emit("plant.watered", 1, labels);
  const { events } = await readTopic(given.database, { topic: "garden", limit: 10 });
  assert.deepEqual(
    events.map(({ labels }) => labels.join(" ")),
    cases.map(([, kept]) => kept),
  );
});

test("A service that emits and then hangs holds up its own topic, for five seconds, and no other", async () => {
  await using opened = await openTestService(garden);
  const { database, test: given } = opened;
  const emit = (sql: Pick<typeof database, "query">) =>
    sql.query(
      "select service.emit_1('{plant.watered}', '{1}', '{0}', $1::text[], '{p}', '{null}', '{c}', '{null}', '{null}', '{null}', $2::jsonb)",
      [[createId()], JSON.stringify([{ plantId: "p", by: "x" }])],
    );
  const gate = Promise.withResolvers<void>();
  const emitted = Promise.withResolvers<void>();
  const hanging = database.transact(async (tx) => {
    await emit(tx);
    emitted.resolve();
    await gate.promise;
  });
  const refused = assert.rejects(hanging);
  await emitted.promise;
  const order: string[] = [];
  const behind = emit(database)
    .catch(() => emit(database))
    .then(() => order.push("own topic"));
  const notice = { noticeId: createId(), level: "info", text: "all is well" };
  await given.kernel.append([{ type: "notice.raised", subject: "n", data: notice, labels: ["trust:agent"] }]);
  order.push("another topic");
  await behind;
  gate.resolve();
  await refused;
  assert.deepEqual(order, ["another topic", "own topic"]);
  const { events } = await readTopic(given.database, { topic: "garden", limit: 10 });
  assert.equal(events.length, 1, "what hung is not there");
});

test("A service reads what is for every session or for its own domain, and nothing else", async () => {
  await using opened = await openTestService(garden);
  const { kernel } = opened.test;
  const notice = (labels: string[]) => ({
    type: "notice.raised",
    subject: "n",
    key: "same",
    data: { noticeId: createId(), level: "info", text: labels.join(" ") },
    labels,
  });
  const sets = [
    ["trust:owner"],
    ["aud:main", "trust:agent"],
    ["aud:domain:garden", "trust:agent"],
    ["aud:domain:peeps", "trust:agent"],
  ];
  await kernel.append(sets.map(notice));
  const rows = await opened.database.query<{ text: string }>(
    `select e.data ->> 'text' as text from service.ends_1('{notice.raised}') n,
       service.read_events_1(n.topic, n.partition, 0, n.next_offset, '{notice.raised}') e`,
  );
  assert.deepEqual(
    rows.map(({ text }) => text),
    ["trust:owner", "aud:domain:garden trust:agent"],
  );
});

test("Leases and keys of a service are its own: one holder at a time, one result for a key", async () => {
  await using opened = await openTestService(garden);
  const one = opened.hosted.database;
  const two = (await opened.hostAnother()).database;
  const first = await one.takeLease("import", { ttlMs: 10_000 });
  assert.equal(typeof first, "number");
  assert.equal(await one.takeLease("import", { ttlMs: 10_000 }), first);
  assert.equal(await two.takeLease("import", { ttlMs: 10_000 }), undefined);
  await opened.test.clock.advance(10_001);
  const next = await two.takeLease("import", { ttlMs: 10_000 });
  assert.ok(next !== undefined && next > first!);
  await one.releaseLease("import");
  assert.equal(await two.takeLease("import", { ttlMs: 10_000 }), next);
  let count = 0;
  const work = (database: typeof one, fingerprint: string) =>
    database.transact((tx) =>
      tx.once({ scope: "import", key: "k", fingerprint }, async () => {
        tx.emit(plantWatered, { data: { plantId: "p", by: "import" } });
        return (count += 1);
      }),
    );
  assert.deepEqual(await work(one, "a"), { result: 1, isRepeated: false });
  assert.deepEqual(await work(two, "a"), { result: 1, isRepeated: true });
  await assert.rejects(work(two, "b"), { code: "conflict" });
  const { events } = await readTopic(opened.test.database, { topic: "garden", limit: 10 });
  assert.equal(events.length, 1);
});

test("A consumer that fails keeps its place, says on what, and goes on when it can", async () => {
  let isBroken = true;
  const seen: string[] = [];
  const service = {
    ...garden,
    consumers: [
      {
        name: "mourners",
        types: ["plant.added"],
        handle: async ({ data }: { data: { [key: string]: unknown } }) => {
          if (isBroken && data["name"] === "Rose") throw new Error("allergic to roses");
          seen.push(String(data["name"]));
        },
      },
    ],
  };
  await using opened = await openTestService(service);
  const client = opened.clientFor(gardenContract);
  await client.addPlant({ name: "Rose" });
  const failing = async () => {
    const rows = await opened.test.database.query<{ error: { message: string }; count: number }>(
      `select last_error as error, failure_count as count from roost.cursor where group_name = 'service.garden.mourners' and failure_count > 0`,
    );
    return rows[0];
  };
  const found = await until(failing);
  assert.deepEqual([found.error.message, found.count, seen], ["allergic to roses", 1, []]);
  isBroken = false;
  await opened.test.clock.advance(2_000);
  await client.addPlant({ name: "Tulip" });
  await until(() => seen.length >= 2);
  assert.deepEqual(seen.toSorted(), ["Rose", "Tulip"]);
});

test("A consumer takes many events in one transaction, which begins once, and each once when one among them fails", async () => {
  let isBroken = true;
  const begun: string[] = [];
  const transactionOf = async (tx: Sql) =>
    (await tx.query<{ id: string }>("select pg_current_xact_id()::text as id"))[0]!.id;
  const service: Service = {
    ...garden,
    consumers: [
      {
        name: "gauge",
        types: ["plant.watered"],
        begin: async (tx) => void begun.push(await transactionOf(tx)),
        handle: async ({ data }, tx) => {
          if (isBroken && data["by"] === "30") throw new Error("cannot read it");
          assert.equal(await transactionOf(tx), begun.at(-1));
          await tx.query("insert into svc_garden.plant (id, name) values ($1, $2)", [createId(), data["by"]]);
        },
      },
    ],
  };
  await using opened = await openTestService(service);
  const by = Array.from({ length: 45 }, (_, index) => String(index));
  await opened.hosted.database.transact(async (tx) => {
    for (const one of by) tx.emit(plantWatered, { subject: "rose", data: { plantId: "rose", by: one } });
  });
  const read = async () =>
    await opened.database.query<{ name: string; xmin: string }>(
      "select name, xmin::text from svc_garden.plant order by name::int",
    );
  const failing = "select from roost.cursor where group_name = 'service.garden.gauge' and failure_count > 0";
  await until(async () => (await opened.test.database.query(failing)).length > 0);
  assert.deepEqual(
    (await read()).map(({ name }) => name),
    by.slice(0, 30),
  );
  isBroken = false;
  await opened.test.clock.advance(2_000);
  opened.test.kernel.wakeups.wake("log:garden");
  await until(async () => (await read()).length >= by.length);
  const rows = await read();
  assert.deepEqual(
    rows.map(({ name }) => name),
    by,
  );
  assert.equal(new Set(rows.slice(30).map(({ xmin }) => xmin)).size, 1, "the last fifteen are one transaction");
  assert.equal(new Set(begun).size, begun.length, "none has begun twice");
});

test("A consumer moves past no event that its connection does not see yet", async () => {
  await using opened = await openTestService(garden);
  const { test: given, hosted } = opened;
  const reader = { name: "waterings", types: ["plant.watered"], handle: () => Promise.resolve() };
  const move = (by: number) =>
    given.database.query("update roost.partition_head set next_offset = next_offset + $1 where topic = 'garden'", [by]);
  await move(1);
  const options = { database: hosted.database, logger: silentLogger, signal: new AbortController().signal };
  await assert.rejects(consumeOnce(reader, options), { code: "unavailable", message: /in favour of others 8 times/ });
  await move(-1);
  assert.equal((await consumeOnce(reader, options)).isMore, false);
});

test("A consumer that sets aside goes on with other keys, keeps the order of the one that failed, and reads no more than the service may", async () => {
  let isBroken = true;
  const seen: string[] = [];
  const service: Service = {
    ...garden,
    consumers: [
      {
        name: "waiters",
        types: ["plant.watered", "notice.raised"],
        onFailure: { setAsideAfter: 2 },
        pinsRetention: true,
        handle: async ({ type, subject, data }) => {
          if (isBroken && subject === "bad") throw new Error("cannot digest it");
          seen.push(`${subject} ${type === "plant.watered" ? String(data["by"]) : "notice"}`);
        },
      },
    ],
  };
  await using opened = await openTestService(service);
  const { database, test: given } = opened;
  const water = (subject: string, by: string) =>
    opened.hosted.database.transact(async (tx) => tx.emit(plantWatered, { subject, data: { plantId: subject, by } }));
  for (const by of ["1", "2"]) await water("bad", by);
  for (const by of ["1", "2"]) await water("good", by);
  await until(() => seen.length === 2);
  assert.deepEqual(seen, ["good 1", "good 2"]);
  const letters = () =>
    given.database.query<{ attempts: number; key: string }>(
      "select attempts, key from roost.dead_letter order by number",
    );
  assert.deepEqual(
    (await letters()).map(({ key }) => key),
    ["bad", "bad"],
  );
  await given.clock.advance(2_000);
  await until(async () => (await letters())[0]?.attempts === 2);
  isBroken = false;
  await given.database.query("update roost.dead_letter set attempts = 0, retry_at = null");
  given.kernel.wakeups.wake("groups");
  await until(() => seen.length === 4);
  assert.deepEqual(seen.slice(2), ["bad 1", "bad 2"]);
  await until(async () => (await letters()).length === 0);

  const [declared] = await given.database.query<{ attempts: number; topics: string[] }>(
    "select attempts_max as attempts, pinned_topics as topics from roost.consumer_group where name = 'service.garden.waiters'",
  );
  assert.deepEqual([declared?.attempts, declared?.topics], [2, ["garden", "notices"]]);
  // What it may not read it cannot set aside for itself to be given back.
  const notice = { noticeId: createId(), level: "info", text: "of main" };
  const [place] = await given.kernel.append([
    { type: "notice.raised", subject: "n", data: notice, labels: ["aud:main", "trust:agent"] },
  ]);
  const [parked] = await database.query<{ isParked: boolean }>(
    `select service.park_1('waiters', 'notices', $1, $2, 'x', 2) as "isParked"`,
    [place!.partition, place!.offset],
  );
  assert.deepEqual([parked?.isParked, await letters()], [false, []]);
});
