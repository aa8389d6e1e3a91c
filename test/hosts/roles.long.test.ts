/** A scheduler and a service on another host, as a person brings them in: both do their work while the home is away, reach nothing else, and are put out. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readGatewayUrl, silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { openDatabase } from "@roost/database";
import { readTopic } from "@roost/kernel";
import { readHomeId } from "@roost/memory/home";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";
import { testToken } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { openHouse } from "../../packages/worker/src/testing/open-house.ts";
import { countApples, writeApples } from "./apples.ts";
import { listHostRoles } from "./list-host-roles.ts";
import { startHost } from "./start-host.ts";

const gateway = new URL("../../apps/gateway/src/main.ts", import.meta.url);
const program = (path: string) => fileURLToPath(new URL(`../../apps/${path}/src/main.ts`, import.meta.url));

test(
  "A scheduler and a service run on a host with logins that reach no more, go on without the gateway, and are put out",
  { timeout: 240_000 },
  async (t) => {
    await using house = await openHouse("services: [apples]\n");
    const { kernel, memory } = house;
    const { homeDir } = memory;
    await writeApples(homeDir);
    await mkdir(join(homeDir, "jobs"), { recursive: true });
    const job = "id: beat\ntrigger: { kind: every, every: 1s }\noverlap: allow\nprompt: beat\n";
    await writeFile(join(homeDir, "jobs/beat.yaml"), job);
    await writeFile(join(homeDir, ".roost/token"), `${testToken}\n`, { mode: 0o600 });
    const startGateway = async (port = "0") => {
      const process = await house.start({ program: gateway, env: { ROOST_PORT: port } });
      const url = await readGatewayUrl(homeDir);
      const api = createHttpClient(roostContract, { baseUrl: `${url}/api/v1`, token: testToken });
      return { process, url, api };
    };
    let home = await startGateway();
    const atHome = (...args: string[]) => runRoost(args, { url: home.url, environment: { ROOST_TOKEN: testToken } });

    const missing = await atHome("hosts", "invite", "box", "--service", "pears");
    assert.match(missing.stderr, /the home runs no service pears/);
    await promisify(execFile)(process.execPath, [program("services"), "migrate", "apples"], {
      env: { PATH: process.env["PATH"], ROOST_HOME: homeDir, DATABASE_URL: house.databaseUrl },
    });
    const invited = await atHome("hosts", "invite", "box", "--schedulers", "--service", "apples");
    const [, code = ""] = /--code (\S+)/.exec(invited.stdout) ?? [];
    const machine = await mkdtemp(join(tmpdir(), "roost-box-"));
    t.after(() => rm(machine, { recursive: true, force: true }));
    const here = { ROOST_HOME: machine, ROOST_URL: "", ROOST_TOKEN: "" };
    const joined = await runRoost(["join", home.url, "--code", code], { environment: here });
    assert.match(
      joined.stdout,
      /host box of .* with hosts:read hosts:write status:read schedulers:run apples:host/,
      `${invited.stderr}${joined.stderr}`,
    );
    const homeId = await readHomeId(homeDir);
    const rolesOfBox = () => listHostRoles(kernel.database, { homeId, host: "box" });
    assert.equal((await rolesOfBox()).length, 2);
    // What comes with no version of Roost the person brings.
    await cp(join(homeDir, "services"), join(machine, "services"), { recursive: true });

    const atBox = { ...here, ROOST_HOST: "127.0.0.1" };
    // One service alone, by its command.
    const alone = spawn(process.execPath, [program("cli"), "service", "run", "apples"], {
      env: { PATH: process.env["PATH"], HOME: machine, ...atBox },
      stdio: "ignore",
    });
    const aloneEnded = once(alone, "exit");
    t.after(() => alone.kill("SIGKILL"));
    await until(async () => /box +service apples/.test((await atHome("hosts")).stdout) || alone.exitCode !== null);
    assert.deepEqual(await countApples(home.url, testToken), { status: 200, count: 0 });
    alone.kill("SIGTERM");
    assert.deepEqual(await aloneEnded, [0, null]);

    await using host = await startHost(atBox);
    assert.match(host.printed(), /with a scheduler, service apples/);
    await until(async () => /box +1 scheduler, service apples/.test((await atHome("hosts")).stdout));
    assert.deepEqual(await countApples(home.url, testToken), { status: 200, count: 0 });

    const ticks = async () =>
      (await readTopic(kernel.database, { topic: "jobs", limit: 1_000, types: ["tick.fired"] })).events.length;
    home.process.kill("SIGKILL");
    await home.process.ended;
    const before = await ticks();
    await until(async () => (await ticks()) > before + 2);
    const log = await readFile(join(machine, ".roost/logs/roost.log"), "utf8");
    assert.doesNotMatch(log, /"level":"(warn|error)"/, log);

    const urlOf = async (file: string) => (await readFile(join(machine, ".roost", file), "utf8")).trim();
    const open = async (file: string) =>
      openDatabase({ url: await urlOf(file), applicationName: "a test", logger: silentLogger, poolMax: 1 });
    await using scheduler = await open("database-url");
    await using service = await open("database-url-apples");
    const denied = /permission denied/;
    for (const table of ["memory.session", "access.token", "service.service", "svc_apples.apple"])
      await assert.rejects(scheduler.query(`select * from ${table}`), denied, table);
    for (const statement of ["create table roost.mine (id int)", "drop table roost.run", "create role mine"])
      await assert.rejects(scheduler.query(statement), /permission denied|must be owner/, statement);
    for (const table of ["roost.run", "memory.session", "access.token", "service.service"])
      await assert.rejects(service.query(`select * from ${table}`), denied, table);
    await service.query("create table svc_apples.more (id int)");
    const [{ owner, role }] = (await service.query<{ owner: string; role: string }>(
      "select tableowner as owner, current_user as role from pg_tables where tablename = 'more'",
    )) as [{ owner: string; role: string }];
    assert.deepEqual([owner, owner.endsWith("_apples")], [role, true], "what it makes is the service's");

    // Where the host knows it: it asks there whether it was put out.
    home = await startGateway(new URL(home.url).port);
    assert.match((await atHome("hosts", "remove", "box")).stdout, /Revoked box/);
    await assert.rejects(service.query("select 1 from svc_apples.apple"));
    await assert.rejects(scheduler.query("select 1 from roost.run"));
    assert.deepEqual(await host.ended, { code: 77, signal: null }, host.printed());
    assert.match(host.printed(), /lets this host in no more/);
    assert.deepEqual(await rolesOfBox(), []);
    await kernel.database.query("select 1 from svc_apples.more");
    await until(async () => (await home.api.listHosts({})).items.every(({ name }) => name !== "box"));

    // A scheduler alone: nothing beside it ends, so that it must find by itself that it was put out.
    const shedInvited = await atHome("hosts", "invite", "shed", "--schedulers");
    const [, another = ""] = /--code (\S+)/.exec(shedInvited.stdout) ?? [];
    const shed = await mkdtemp(join(tmpdir(), "roost-shed-"));
    t.after(() => rm(shed, { recursive: true, force: true }));
    await runRoost(["join", home.url, "--code", another], { environment: { ...here, ROOST_HOME: shed } });
    const databaseUrl = (await readFile(join(shed, ".roost/database-url"), "utf8")).trim();
    const scheduling = new URL("../../apps/scheduler/src/main.ts", import.meta.url);
    const lone = await house.start({ program: scheduling, homeDir: shed, databaseUrl });
    const loneEnded = once(lone.child, "exit", { signal: AbortSignal.timeout(60_000) }).catch(() => ["it runs on"]);
    assert.match((await atHome("hosts", "remove", "shed")).stdout, /Revoked shed/);
    assert.deepEqual(await loneEnded, [77, null], lone.log());
  },
);
