/** The process as the supervisor and `roost service` start it, on a home and a database of their own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { changeDatabaseUrl } from "@roost/database";
import { createTestKernel } from "@roost/kernel/testing";
import { holdDatabase, openMemory } from "@roost/memory";
import { createServiceLogin, enableServices, installedFile, openServices } from "@roost/service";
import { dropRoles } from "@roost/service/testing";
import { readServicesConfig } from "./config.ts";

const main = new URL("main.ts", import.meta.url).pathname;

const serviceOf = (name: string) => `import { defineOperation, defineService, serve } from "@roost/contract";
import { z } from "zod";
const count = defineOperation({ id: "count", method: "GET", path: "/count", summary: "Counts", input: z.object({}), output: z.object({ count: z.number() }), effect: "readonly" });
export const service = {
  contract: defineService({ name: "${name}", title: "T", operations: [count] }),
  migrations: new URL("./migrations/", import.meta.url),
  handlers: ({ database }) => [
    serve(count, async () => (await database.query("select count(*)::int as count from svc_${name}.thing"))[0]),
  ],
};
`;

/** A home with two services, of which one has a broken migration, and a way to start the process on it. */
async function createPlace(context: TestContext) {
  await using opened = new AsyncDisposableStack();
  const { kernel, url } = opened.use(await createTestKernel());
  const homeDir = await mkdtemp(join(tmpdir(), "roost-services-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(homeDir, path)), { recursive: true });
    await writeFile(join(homeDir, path), text);
  };
  for (const name of ["apples", "pears"]) await write(`services/${name}/service.ts`, serviceOf(name));
  await write("services/apples/migrations/001-things.sql", "create table svc_apples.thing (a int);");
  await write("services/pears/migrations/001-things.sql", "create table svc_pears.thing (a nothing);");
  const home = opened.use(await holdDatabase(kernel, homeDir));
  await openServices({ kernel, kind: "gateway", name: "gateway" });
  opened.use(await openMemory({ kernel, homeDir, logger: silentLogger }));
  await enableServices(kernel.database, { names: ["apples", "pears"], homeId: home.id });
  const roles =
    'select s.role_name as "roleName", l.role_name as "loginName" from service.service s join service.login l on l.service = s.name join pg_roles r on r.rolname = l.role_name';
  opened.defer(async () => {
    for (const names of await kernel.database.query<{ roleName: string; loginName: string }>(roles))
      await dropRoles(kernel.database, names);
  });
  const owned = opened.move();
  context.after(() => owned.disposeAsync());
  const start = (args: readonly string[], databaseUrl = url, environment: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        PATH: process.env["PATH"],
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        ROOST_HOME: homeDir,
        DATABASE_URL: databaseUrl,
        ...environment,
      },
    });
    let printed = "";
    const heard = new EventEmitter();
    for (const stream of [child.stdout, child.stderr])
      stream!.on("data", (part) => {
        printed += String(part);
        heard.emit("text");
      });
    const says = async (words: RegExp) => {
      while (!words.test(printed)) await once(heard, "text");
    };
    const ended = once(child, "close").then(([code]: unknown[]) => ({ code, printed }));
    owned.defer(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    return { child, ended, says, ready: once(child, "message") };
  };
  return { kernel, homeDir, homeId: home.id, url, write, start };
}

test("migrate says of each service what it applied, and the process goes on with one that was mended", async (context) => {
  const { kernel, write, start } = await createPlace(context);
  const running = start([]);
  await running.ready;
  const first = await start(["migrate", "apples", "pears"]).ended;
  assert.equal(first.code, 69);
  assert.match(
    first.printed,
    /apples: nothing to apply\npears: migration "001-things" .* type "nothing" does not exist/,
  );
  const instances = () =>
    kernel.database.query<{ service: string }>("select service from service.instance order by service");
  assert.deepEqual(await instances(), [{ service: "apples" }]);
  await write("services/pears/migrations/001-things.sql", "create table svc_pears.thing (a int);");
  const second = await start(["migrate"]).ended;
  assert.match(second.printed, /^apples: nothing to apply\npears: (applied 001-things|nothing to apply)\n$/);
  assert.equal(second.code, 0);
  await until(async () => (await instances()).length >= 2);
  running.child.kill("SIGTERM");
  assert.equal((await running.ended).code, 0);
  assert.deepEqual(await instances(), [], "an orderly stop withdraws them");
  // As a scan notes of a file that an agent's program wrote.
  const held = "insert into memory.file_problem (path, reason) values ('services/pears/service.ts', 'it is held')";
  await kernel.database.query(held);
  const third = await start(["migrate"]).ended;
  assert.match(third.printed, /^apples: nothing to apply\npears: services\/pears\/service.ts: it is held$/m);
});

test("run hosts one service alone, with what its installation wrote and no right of the home, and tells of changes; passwords change when none runs", async (context) => {
  const { kernel, homeDir, url, start, write } = await createPlace(context);
  const all = start([]);
  await all.ready;
  const secret = installedFile(homeDir, "apples");
  assert.equal((await stat(secret)).mode & 0o777, 0o600);
  const password = async () => (JSON.parse(await readFile(secret, "utf8")) as { password: string }).password;
  const first = await password();
  // As on a host that knows neither a user of the home nor its password.
  const elsewhere = new URL(url);
  elsewhere.username = "nobody";
  elsewhere.searchParams.delete("user");
  const alone = start(["run", "apples", "--secret", secret], elsewhere.href);
  await alone.ready;
  const count = async () =>
    (await kernel.database.query("select from service.instance where service = 'apples'")).length;
  assert.equal(await count(), 2);
  await write("services/apples/service.ts", `${serviceOf("apples")}// Ripe.\n`);
  await alone.says(/apples has changed in .*services\/apples, and runs as it was loaded: .*start this again/);
  all.child.kill("SIGTERM");
  await all.ended;
  assert.equal(await count(), 1);
  const again = start([]);
  await again.ready;
  assert.equal(await password(), first, "another process uses it");
  for (const each of [again, alone]) each.child.kill("SIGTERM");
  await Promise.all([again.ended, alone.ended]);
  await start(["migrate", "apples"]).ended;
  assert.notEqual(await password(), first);
  const stale = await start(["run", "pears", "--secret", secret]).ended;
  assert.match(stale.printed, /is of another service than pears/);
});

test("A login that was taken away ends the process, for its supervisor to start it anew", async (context) => {
  const { kernel, start } = await createPlace(context);
  const running = start([]);
  await running.ready;
  const [service] = await kernel.database.query<{ role: string }>(
    "select role_name as role from service.login where service = 'apples'",
  );
  await kernel.database.query(`alter role "${service!.role}" nologin`);
  await kernel.database.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [
    service!.role,
  ]);
  const { code, printed } = await running.ended;
  assert.notEqual(code, 0);
  assert.match(printed, /not permitted to log in/);
});

test("On a joined host a service that fails leaves the others up, and comes with a program that fits", async (context) => {
  const { kernel, homeDir, homeId, url, start, write } = await createPlace(context);
  await write("services/pears/migrations/001-things.sql", "create table svc_pears.thing (a int);");
  assert.equal((await start(["migrate"]).ended).code, 0);
  const machine = await mkdtemp(join(tmpdir(), "roost-box-"));
  context.after(() => rm(machine, { recursive: true, force: true }));
  await cp(join(homeDir, "services"), join(machine, "services"), { recursive: true });
  const program = join(machine, "services/pears/service.ts");
  await writeFile(program, serviceOf("pears").replace("Counts", "Tells"));
  await mkdir(join(machine, ".roost"));
  const services = ["apples", "pears"].map((name) => ({ name, database: `file:.roost/url-${name}` }));
  const logins: string[] = [];
  for (const { name } of services) {
    const { roleName, password } = await createServiceLogin(kernel.database, { service: name, host: "box", homeId });
    logins.push(roleName);
    await writeFile(
      join(machine, `.roost/url-${name}`),
      changeDatabaseUrl(url, { user: { name: roleName, password } }),
    );
  }
  const joined = { name: "box", url: "http://127.0.0.1:9", scopes: [], runs: { homeId, services } };
  await writeFile(join(machine, ".roost/host.json"), JSON.stringify(joined));
  const forWorkers = await mkdtemp(join(tmpdir(), "roost-box-"));
  context.after(() => rm(forWorkers, { recursive: true, force: true }));
  await mkdir(join(forWorkers, ".roost"));
  await writeFile(join(forWorkers, ".roost/host.json"), JSON.stringify({ ...joined, runs: { homeId, services: [] } }));
  const runsNone = /the home lets host box run no service: invite it/;
  await assert.rejects(readServicesConfig({ ROOST_HOME: forWorkers }), { code: "invalid_input", message: runsNone });
  assert.match((await start([], url, { ROOST_HOME: forWorkers }).ended).printed, runsNone);
  const box = start([], url, { ROOST_HOME: machine, ROOST_HOST: "127.0.0.1" });
  await box.ready;
  const instances = () => kernel.database.query("select service from service.instance");
  assert.deepEqual(await instances(), [{ service: "apples" }]);
  const [{ reason }] = (await kernel.database.query("select reason from service.service where name = 'pears'")) as [
    { reason: string },
  ];
  assert.match(reason, /^on host box: the home knows service pears by another contract/);
  const asked = new Promise<void>((resolve) =>
    box.child.on("message", ({ type }: { type?: string }) => type === "replace" && resolve()),
  );
  await writeFile(program, serviceOf("pears"));
  await asked;
  // The home goes on without this host: nothing is left that it may run.
  await write("services/apples/service.ts", serviceOf("apples").replace("Counts", "Tells"));
  assert.equal((await start(["migrate", "apples"]).ended).code, 0);
  const { code, printed } = await box.ended;
  assert.equal(code, 73, printed);
  assert.deepEqual(await instances(), []);
  for (const roleName of logins) await kernel.database.query(`drop role "${roleName}"`);
});
