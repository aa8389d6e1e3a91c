/** Hosts: a machine joins by a code, is listed with its clock and version, does no more than its scopes say, and is put out. Directories stand for machines. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { createPairing, hostPurpose, joinHost, pairDevice, renewHostLogins } from "@roost/access";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { hostScopes, type HostLogins, type HostNeeds } from "@roost/contract/operations";
import { postJson } from "@roost/contract/post-json";
import { loginOfDatabaseUrl, openDatabase } from "@roost/database";
import { claimRuns, createRun, openKernel, raiseNotice, readTopic, reapWorkers, registerWorker } from "@roost/kernel";
import { runRelay, type Kafka } from "@roost/kafka";
import { openServices, signRunToken, verifyRunToken } from "@roost/service";
import { keepHostLogins } from "@roost/memory/joined-home";
import { homeRooms } from "@roost/worker/home-rooms";
import { lockLoginsOf } from "../../packages/access/src/host-login.ts";
import { createTestGateway, testToken, type TestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { runRoost, type RoostEnd } from "../../apps/cli/src/testing/run-roost.ts";
import { listHostRoles } from "./list-host-roles.ts";

const minuteMs = 60_000;

/** `roost` as it is called on a machine that has nothing but its own directory. */
async function openMachine(t: TestContext): Promise<{ home: string; roost: (...args: string[]) => Promise<RoostEnd> }> {
  const home = await mkdtemp(join(tmpdir(), "roost-host-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const environment = { ROOST_HOME: home, ROOST_URL: "", ROOST_TOKEN: "" };
  return { home, roost: (...args) => runRoost(args, { environment }) };
}

const clientOf = (gateway: TestGateway, token: string) =>
  createHttpClient(roostContract, { baseUrl: `${gateway.url}/api/v1`, token });

async function invite({ client }: TestGateway, name?: string): Promise<string> {
  return (await client.createPairing({ kind: "host", name })).code;
}

test("A machine joins by a code that counts once, sees what its scopes say, and is out when it is removed", async (t) => {
  await using gateway = await createTestGateway();
  const owner = { url: gateway.url, environment: { ROOST_TOKEN: testToken } };
  const invited = await runRoost(["hosts", "invite", "laptop"], owner);
  const [, url = "", code = ""] = /roost join (\S+) --code (\S+)/.exec(invited.stdout) ?? [];
  const { home, roost } = await openMachine(t);
  const wrong = await roost("join", gateway.url, "--code", "AAAA-BBBB");
  assert.match(wrong.stderr, /code is not known.*roost hosts invite/);
  assert.match((await roost("join", "http://roost.example", "--code", code)).stderr, /not encrypted.*https/);
  const joined = await roost("join", url, "--code", code);
  assert.match(joined.stdout, /This machine is host laptop of http.* with files:read files:write/, joined.stderr);
  assert.match((await roost("join", url, "--code", code)).stderr, /is a copy of .* already/);
  const { roost: another } = await openMachine(t);
  assert.match((await another("join", url, "--code", code)).stderr, /code is not known/);

  const token = (await readFile(join(home, ".roost/token"), "utf8")).trim();
  assert.equal((await stat(join(home, ".roost/token"))).mode & 0o777, 0o600);
  const status = await roost("status");
  assert.match(status.stdout, /workers/, status.stderr);
  for (const refused of [["keys", "create", "x"], ["hosts", "invite"], ["run", "cancel", "last"], ["spend"]])
    assert.notEqual((await roost(...refused)).code, 0, refused.join(" "));
  assert.match((await runRoost(["hosts"], owner)).stdout, /laptop/);
  const stored = await gateway.kernel.database.query("select row_to_json(t)::text from access.token t");
  assert.ok(!JSON.stringify(stored).includes(token.slice(9)), "only its hash is kept");

  assert.match((await runRoost(["hosts", "remove", "laptop"], owner)).stdout, /Revoked laptop/);
  assert.match((await roost("status")).stderr, /not known here, or was revoked/);
  assert.doesNotMatch((await runRoost(["hosts"], owner)).stdout, /laptop/);
  const { events } = await readTopic(gateway.kernel.database, { topic: "access", limit: 20 });
  assert.deepEqual(events.map(({ type }) => type).toSorted(), [
    "host.joined",
    "pairing.created",
    "pairing.used",
    "token.created",
    "token.revoked",
  ]);
});

test("A host whose clock is minutes off or whose version is another one is told apart, and goes on", async () => {
  await using gateway = await createTestGateway();
  const code = await invite(gateway);
  const pair = async (name: string, at: number, given = code) => {
    const body = JSON.stringify({ code: given, host: { name, version: "0.0.7", at: new Date(at).toISOString() } });
    const headers = { "content-type": "application/json" };
    return (await (await fetch(`${gateway.url}/pair`, { method: "POST", headers, body })).json()) as { token: string };
  };
  const nowMs = gateway.kernel.clock.nowMs();
  const ahead = clientOf(gateway, (await pair("ahead", nowMs + 5 * minuteMs)).token);
  const behind = clientOf(gateway, (await pair("behind", nowMs - 7 * minuteMs, await invite(gateway))).token);
  const say = (client: typeof ahead, version: string, atMs: number) =>
    client.reportHost({ version, at: new Date(atMs).toISOString(), doing: ["copy"] });
  // The codes of those whose clocks are off counted for as long as the home's clock said.
  assert.equal((await say(ahead, "0.0.9", nowMs + 5 * minuteMs)).isDrained, false);
  assert.equal((await say(behind, "0.1.0", nowMs - 7 * minuteMs)).isDrained, true);
  const { items } = await gateway.client.listHosts();
  assert.deepEqual(
    items.map(({ name, skewMs, isOtherVersion, drained, doing }) => [
      name,
      Math.round((skewMs ?? 0) / minuteMs),
      isOtherVersion,
      drained?.replace(/ .*:/, ""),
      doing,
    ]),
    [
      ["ahead", 5, false, undefined, ["copy"]],
      ["behind", -7, true, "it upgrade it", ["copy"]],
    ],
  );
  assert.equal((await say(behind, "0.0.9", nowMs)).isDrained, false, "upgraded, it takes part again");
  const tell = (number: number) => ahead.reportDivergence({ path: `notes/${number}.md`, keptAs: null, diff: "" });
  for (let number = 0; number < 70; number += 1) await tell(number);
  const raised = await gateway.kernel.database.query<{ text: string }>(
    `select data ->> 'text' as text from roost.event where type = 'notice.raised' and data ->> 'source' = 'host' order by "offset"`,
  );
  assert.equal(raised.length, 61, "one host does not bury what others tell");
  assert.equal(raised.filter(({ text }) => /more than 60 files within an hour/.test(text)).length, 1);
  await assert.rejects(gateway.client.reportHost({ version: "1", at: new Date().toISOString(), doing: [] }), {
    code: "forbidden",
  });
});

test("A host with workers is one row with their queues, capabilities, clock and version, and is drained by hand", async () => {
  await using gateway = await createTestGateway();
  const { kernel } = gateway;
  const worker = { kind: "worker", host: "laptop", pid: 7, queues: ["default", "night"] } as const;
  await using one = await registerWorker(kernel, { ...worker, capabilities: ["host:laptop", "gpu"] });
  await using two = await registerWorker(kernel, { ...worker, capabilities: ["messages"] });
  await using _scheduler = await registerWorker(kernel, { kind: "scheduler", host: "home", pid: 8 });
  await kernel.database.query(
    `with s as (insert into service.service (name, title, role_name, schema_name) values ('peeps', 'Peeps', 'peeps', 'peeps') returning name),
       p as (insert into service.process (id, host, pid, expires_at) values ($1, 'home', 9, roost.now() + interval '1 hour') returning id)
     insert into service.instance (id, service, process, url, contract_hash) select $1, s.name, p.id, 'http://127.0.0.1:9', 'x' from s, p`,
    [kernel.createId()],
  );
  const owner = { url: gateway.url, environment: { ROOST_TOKEN: testToken } };
  const roost = (...args: string[]) => runRoost(args, owner);
  const { items } = await gateway.client.listHosts();
  assert.deepEqual(
    items.map(({ name, isJoined, doing, queues, capabilities, drained, runCount }) => ({
      name,
      isJoined,
      doing,
      queues,
      capabilities,
      drained,
      runCount,
    })),
    [
      {
        name: "home",
        isJoined: false,
        doing: ["1 scheduler", "service peeps"],
        queues: [],
        capabilities: [],
        drained: null,
        runCount: 0,
      },
      {
        name: "laptop",
        isJoined: false,
        doing: ["2 workers"],
        queues: ["default", "night"],
        capabilities: ["gpu", "messages"],
        drained: null,
        runCount: 0,
      },
    ],
  );
  assert.ok(Math.abs(items[1]!.skewMs!) < minuteMs);
  assert.match(
    (await roost("hosts")).stdout,
    /laptop +2 workers; queues default, night; offers gpu, messages +0\.1\.0 +right/,
  );
  assert.match((await roost("hosts", "drain", "laptop")).stdout, /Host laptop takes no new runs; it has no run/);
  assert.equal((await one.heartbeat()).isDrained, true);
  assert.match((await roost("hosts")).stdout, /by person:owner: roost hosts undrain laptop/);
  assert.match((await roost("hosts", "drain", "desk")).stderr, /there is no host desk: see \S*roost hosts/);
  assert.match((await roost("hosts", "undrain", "laptop")).stdout, /Host laptop takes runs again/);
  assert.equal((await two.heartbeat()).isDrained, false);
  const code = await invite(gateway, "phone");
  const host = { name: "phone", version: "0.0.1", at: new Date().toISOString() };
  const body = JSON.stringify({ code, host });
  const headers = { "content-type": "application/json" };
  const joined = await fetch(`${gateway.url}/pair`, { method: "POST", headers, body });
  const { token } = (await joined.json()) as { token: string };
  await assert.rejects(clientOf(gateway, token).drainHost({ name: "laptop" }), { code: "forbidden" });
});

test("Wrong codes of devices void no code of a host, and the other way round", async () => {
  await using gateway = await createTestGateway();
  const kernel = gateway.kernel;
  const says = { name: "x", version: "0.0.1", at: new Date(), makeLogins: async () => [] };
  const hosts = await invite(gateway);
  const { code: devices } = await gateway.client.createPairing({ kind: "device", name: "phone" });
  for (let count = 0; count < 10; count += 1) assert.equal(await pairDevice(kernel, { code: "AAAA-AAAA" }), undefined);
  assert.equal(await pairDevice(kernel, { code: devices }), undefined, "its own kind is void");
  assert.notEqual(await joinHost(kernel, { code: hosts, ...says }), undefined);
  const more = await gateway.client.createPairing({ kind: "device", name: "phone" });
  for (let count = 0; count < 10; count += 1)
    assert.equal(await joinHost(kernel, { code: "AAAA-AAAA", ...says }), undefined);
  assert.notEqual(await pairDevice(kernel, { code: more.code }), undefined);
});

test("A home that workers elsewhere cannot serve says so before a host is invited or anything is changed", async (t) => {
  await using own = await createTestGateway();
  const ask = (gateway: TestGateway) =>
    gateway.client.createPairing({ kind: "host", scopes: [...hostScopes, "workers:run"] });
  await assert.rejects(ask(own), { code: "conflict", message: /comes with Roost.*roost database move URL/ });
  // What it needs may have gone since the code was made: the code is not used for that.
  const early = await createPairing(own.kernel, { purpose: hostPurpose, scopes: ["workers:run"], by: "person:owner" });
  const brought = { code: early.code, host: { name: "box", version: "0.1.0", at: new Date().toISOString() } };
  const asked = postJson(`${own.url}/pair`, brought);
  await assert.rejects(asked, { code: "conflict", message: /comes with Roost/ });
  const { events: noted } = await readTopic(own.kernel.database, { topic: "access", limit: 20 });
  assert.deepEqual(
    noted.map(({ type }) => type).filter((type) => type !== "pairing.created"),
    [],
  );
  // Which database it stands on may change between the code and its use: the host finds that it does not reach it.
  await using gateway = await createTestGateway({ objects: "s3://roost/home?endpoint=http://127.0.0.1:9" });
  const { code } = await ask(gateway);
  const { home, roost } = await openMachine(t);
  const without = await roost("join", gateway.url, "--code", code);
  assert.match(without.stderr, /OBJECTS_URL needs AWS_ACCESS_KEY_ID, which is not set/);
  assert.deepEqual(await readdir(home), [], "nothing is changed");
  const { events } = await readTopic(gateway.kernel.database, { topic: "access", limit: 20 });
  assert.ok(!events.some(({ type }) => type === "pairing.used"), "and the code counts still");
});

test("The login of a host's workers reads and writes rows, makes nothing, and is gone when the host is removed", async (t) => {
  await using gateway = await createTestGateway({ objects: "s3://roost/home?endpoint=http://127.0.0.1:9" });
  const { kernel, client } = gateway;
  const { code } = await client.createPairing({ kind: "host", name: "box", scopes: [...hostScopes, "workers:run"] });
  const attempt = "a".repeat(40);
  const pair = async (given: object, brought = code) => {
    const body = JSON.stringify({
      code: brought,
      host: { name: "box", version: "0.1.0", at: new Date().toISOString(), ...given },
    });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${gateway.url}/pair`, { method: "POST", headers, body });
    return (await answer.json()) as { token?: string; logins?: HostLogins; needs?: HostNeeds };
  };
  assert.equal((await pair({ isLook: true })).needs?.servers.length, 1);
  const lost = await pair({ attempt });
  assert.equal((await pair({ attempt: "b".repeat(40) })).token, undefined, "another cannot take it over");
  // The answer was lost: the same attempt is answered again, and what the first made is gone.
  const answered = await pair({ attempt });
  const { token } = answered;
  assert.notEqual(token, lost.token);
  const rolesOf = (host: string) => listHostRoles(kernel.database, { homeId: answered.needs!.homeId, host });
  assert.equal((await rolesOf("box")).length, 1);
  await assert.rejects(clientOf(gateway, lost.token!).getStatus({}), { code: "unauthenticated" });
  const { home } = await openMachine(t);
  const keep = async ({ needs, logins: given }: Pick<typeof answered, "needs" | "logins">) => {
    await keepHostLogins(home, { scopes: ["workers:run"], needs: needs!, logins: given!, clientFiles: undefined });
    return (await readFile(join(home, ".roost/database-url"), "utf8")).trim();
  };
  const before = await keep(answered);
  // The host asks for another, as after a move of the database; the first one opens nothing then.
  const url = await keep(await clientOf(gateway, token!).renewHostLogins({}));
  const open = (given: string) => openDatabase({ url: given, applicationName: "t", logger: silentLogger, poolMax: 1 });
  await assert.rejects(open(before), /does not exist|password authentication failed/);
  assert.equal((await rolesOf("box")).length, 1, "one login for one host");

  await using worker = await openDatabase({ url, applicationName: "roost worker", logger: silentLogger, poolMax: 2 });
  await using theirs = await openKernel({ database: worker, logger: silentLogger, rooms: homeRooms });
  await using registration = await registerWorker(theirs, { kind: "worker", host: "box", pid: 1, queues: ["default"] });
  const { runId } = await kernel.transact((tx) => createRun(tx, { reason: "a test", input: {} }));
  const [run] = await claimRuns(theirs, { workerId: registration.workerId, queues: ["default"], limit: 1 });
  assert.equal(run?.id, runId);
  const owner = (await kernel.database.query<{ name: string }>("select current_user as name"))[0]!.name;
  const refused = [
    "create table roost.mine (id int)",
    "create table public.mine (id int)",
    "create temporary table mine (id int)",
    "create schema mine",
    "create function roost.mine() returns int language sql as 'select 1'",
    "create role mine",
    "create database mine",
    "create extension dblink",
    "alter table roost.run add column mine int",
    "alter role current_user superuser",
    "drop table roost.run",
    "truncate roost.run",
    "copy roost.run to program 'cat'",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "select pg_read_file('postgresql.conf')",
    `set role ${JSON.stringify(owner)}`,
    `set session authorization ${JSON.stringify(owner)}`,
    "select * from access.token",
    "update roost.home set path = 'mine'",
    "delete from roost.function_set",
    "update roost.topic set relation = 'run'",
    "update roost.segment set relation = 'run'",
    "delete from roost.migration",
    "delete from memory.migration",
    "insert into service.signer (id, kind, name, public_key, expires_at) values (gen_random_uuid(), 'gateway', 'mine', '', now())",
    "delete from service.signer",
  ];
  for (const statement of refused)
    await assert.rejects(
      worker.query(statement),
      /permission denied|must be|only roles|may not|not allowed/i,
      statement,
    );

  // What it needs of the log's next tables it has by their parent; roost database move carries no default privileges.
  await worker.query(
    "select roost.extend_topic_1('notices', offsets_until + 1) from roost.topic where name = 'notices'",
  );
  const far = worker.query(
    "select roost.extend_topic_1('notices', offsets_until + 2 * segment_size) from roost.topic where name = 'notices'",
  );
  await assert.rejects(far, /two segments ahead of its events at most/);
  await theirs.transact(async (tx) => raiseNotice(tx, { level: "info", text: "a test", source: "box" }));
  await worker.query("select 1 from roost.event where topic = 'notices'");
  assert.deepEqual(await kernel.database.query("select 1 from pg_default_acl"), []);

  const { signer } = await openServices({ kernel: theirs, kind: "worker", name: "worker" });
  const runToken = await signRunToken(signer, { runId, epoch: run.epoch });
  const verify = async () => {
    const { verifier } = await openServices({ kernel, kind: "gateway", name: "gateway" });
    return await verifyRunToken(kernel.database, verifier, runToken);
  };
  assert.equal((await verify()).kind, "agent");

  const [box] = await kernel.database.query<{ id: string }>(
    "select id from access.token where name = 'box' and revoked_at is null",
  );
  await worker.query("select 1 from roost.run");
  // The program that puts it out may be killed before it ends what is open: that can do nothing from the commit on.
  await kernel.transact((tx) => lockLoginsOf(tx, [box!.id]));
  await assert.rejects(worker.query("select 1 from roost.run"), /permission denied/);
  await assert.rejects(verify(), { code: "unauthenticated" });
  await client.revokeToken({ token: "box" });
  assert.equal((await pair({ attempt })).token, undefined, "its attempt brings it back no more");
  await assert.rejects(
    worker.query("select 1"),
    /terminat|does not exist|not permitted|role|password authentication failed/i,
    "what it had open has ended",
  );
  assert.deepEqual(await rolesOf("box"), []);
  const next = await client.createPairing({ kind: "host", name: "attic", scopes: [...hostScopes, "workers:run"] });
  assert.notEqual((await pair({ attempt: "c".repeat(40) }, next.code)).token, undefined);
  await kernel.database.query("update access.token set revoked_at = roost.now() where name = 'attic'");
  await renewHostLogins(kernel.database, { homeId: kernel.createId() });
  assert.deepEqual(await rolesOf("attic"), []);
  await kernel.database.query("update access.pairing set created_at = roost.now() - interval '91 days'");
  await client.createPairing({ kind: "device", name: "phone" });
  // Its lease is given back at once: nothing waits for a time to pass.
  await until(async () => (await reapWorkers(kernel)) > 0);
  await using other = await registerWorker(kernel, { kind: "worker", host: "home", pid: 2, queues: ["default"] });
  const [again] = await claimRuns(kernel, { workerId: other.workerId, queues: ["default"], limit: 1 });
  assert.equal(again?.id, runId);
});

test("The login of a host's relay ships the log to Kafka, and writes nothing of it", async () => {
  await using gateway = await createTestGateway({ objects: "s3://roost/home?endpoint=http://127.0.0.1:9" });
  const scopes = ["hosts:read", "relay:run"];
  const { code } = await gateway.client.createPairing({ kind: "host", name: "box", scopes });
  const host = { name: "box", version: "0.1.0", at: new Date().toISOString() };
  const { logins } = await postJson<{ logins: HostLogins }>(`${gateway.url}/pair`, { code, host });
  assert.deepEqual(
    logins.map(({ of }) => of),
    ["relay"],
  );
  const { url } = logins[0]!;
  // The clock of tests.
  await gateway.kernel.database.query(
    `grant select on roost.test_clock to ${JSON.stringify(loginOfDatabaseUrl(url).name)}`,
  );
  await using database = await openDatabase({
    url,
    applicationName: "roost relay",
    logger: silentLogger,
    poolMax: 4,
  });
  await using kernel = await openKernel({ database, logger: silentLogger, events: [] });
  const stop = new AbortController();
  const arrived = Promise.withResolvers<void>();
  const sent = new Set<string>();
  const kafka = {
    ensureTopics: async () => {},
    readRanges: async () => [],
    fetch: async () => [],
    send: async (_to: object, records: { headers: Record<string, string> }[]) => {
      for (const { headers } of records) sent.add(headers["ce_type"]!);
      if (sent.has("host.joined")) arrived.resolve();
      return 0;
    },
  };
  const shipping = { kernel, kafka: kafka as unknown as Kafka, settings: { topicPrefix: "", topics: ["access"] } };
  const running = runRelay({ ...shipping, log: "home", host: "box", signal: stop.signal, logger: silentLogger });
  await arrived.promise;
  const box = (await gateway.client.listHosts({})).items.find(({ name }) => name === "box");
  assert.deepEqual(box?.doing, ["relay"]);
  stop.abort();
  await running;
  const refused = [
    "select * from roost.run",
    "select * from roost.step",
    "select * from memory.session",
    "select * from access.token",
    "update roost.cursor set next_offset = 0",
    "update roost.partition_head set next_offset = 0",
    "delete from roost.event where topic = 'access'",
    "update roost.topic set retention_ms = 1",
    "select roost.declare_group_1('mine', null, '{access}')",
    "select roost.move_cursor_1('kafka-ingest', 'access', 0, 0, 1)",
    "update roost.home set path = 'mine'",
    "insert into roost.event_schema (type, version, topic, schema, compatibility) values ('mine', 1, 'access', '{}', 'full')",
    "create table kafka.mine (id int)",
    "delete from kafka.migration",
    "update kafka.seen set topic_id = 'mine'",
  ];
  for (const statement of refused) await assert.rejects(database.query(statement), /permission denied/, statement);
});

test("Codes of hosts are guessed as slowly as those of devices", async () => {
  await using gateway = await createTestGateway();
  const code = await invite(gateway, "laptop");
  const host = { name: "x", version: "0.0.1", at: new Date().toISOString() };
  const guess = async (text: string) => {
    const body = JSON.stringify({ code: text, host });
    return (
      await fetch(`${gateway.url}/pair`, { method: "POST", headers: { "content-type": "application/json" }, body })
    ).status;
  };
  for (let count = 0; count < 10; count += 1) assert.equal(await guess("AAAA-AAAA"), 401);
  assert.equal(await guess(code), 401, "ten wrong codes make the open one void");
  const { events } = await readTopic(gateway.kernel.database, { topic: "access", limit: 20 });
  assert.ok(events.some(({ type }) => type === "pairing.voided"));
});
