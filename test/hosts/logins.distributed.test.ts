/**
 * Logins of hosts on a PostgreSQL as others run it: passwords (SCRAM) over TLS, an owner of the database who is no superuser, each major version before the
 * one that npm brings; and a joined host whose home moves to another server.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startScriptedModelServer } from "@roost/agent/testing";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { changeDatabaseUrl, openDatabase } from "@roost/database";
import { checkHosts } from "../../apps/cli/src/doctor/check-gateway.ts";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";
import { requirePart, type NpmPostgresVersion } from "../infra/parts.ts";
import { startPostgres, type RealPostgres } from "../infra/start-postgres.ts";
import { startS3 } from "../infra/start-s3.ts";
import { startSupervised } from "../scenarios/start-supervised.ts";
import { runCommand } from "../services/home-services.fixture.ts";
import { startHost } from "./start-host.ts";

const [postgresPart, s3Part] = await Promise.all([requirePart("postgres"), requirePart("s3")]);
const suite = fileURLToPath(new URL("./hosts.test.ts", import.meta.url));
const versions: (NpmPostgresVersion | undefined)[] = [undefined, 16, 17];

/** Of the owner, with a password, who may not read large objects away from others: an administrator did. */
async function prepareOwner(postgres: RealPostgres): Promise<string> {
  const url = changeDatabaseUrl(postgres.localUrl, { database: "template1" });
  await using admin = await openDatabase({ url, applicationName: "test", logger: silentLogger, poolMax: 1 });
  await admin.query(
    "revoke execute on function pg_catalog.lo_creat(integer), pg_catalog.lo_create(oid), pg_catalog.lo_from_bytea(oid, bytea) from public",
  );
  return postgres.verifiedUrl;
}

for (const version of versions)
  test(
    `The login of a host holds on PostgreSQL ${version ?? "of the system"} with passwords and an owner who is no superuser`,
    { skip: postgresPart.skip },
    async () => {
      await using postgres = await startPostgres({ durable: false, version });
      const env = { ...process.env, ROOST_TEST_DATABASE_URL: await prepareOwner(postgres) };
      delete (env as Record<string, string | undefined>)["NODE_TEST_CONTEXT"];
      const args = ["--test", "--test-force-exit", "--test-name-pattern", "login of a host's workers", suite];
      const { stdout } = await promisify(execFile)(process.execPath, args, { env }).catch(
        (error: { stdout: string }) => error,
      );
      assert.match(stdout, /pass 1\n[\s\S]*fail 0\n/, stdout);
    },
  );

test(
  "Workers of a joined host follow their home to another server, and never go on at the one that it left",
  { skip: postgresPart.skip || s3Part.skip },
  async () => {
    await using opened = new AsyncDisposableStack();
    const [first, second] = [
      opened.use(await startPostgres({ durable: false })),
      opened.use(await startPostgres({ durable: false })),
    ];
    const s3 = opened.use(await startS3());
    const model = opened.use(await startScriptedModelServer({ script: () => "ready" }));
    const [home, machine] = await Promise.all(["home", "box"].map((name) => mkdtemp(join(tmpdir(), `roost-${name}-`))));
    for (const directory of [home!, machine!])
      opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    // At the same path on no other machine: what verifies the server goes along.
    const authority = join(home!, "ca.pem");
    await copyFile(first.certificates.authorityFile, authority);
    const keys = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey };
    const objects = `s3://roost/home?endpoint=${s3.endpoint}&region=${s3.region}`;
    const given = { OBJECTS_URL: objects, ...keys };
    const oldUrl = first.url({ sslmode: "verify-full", sslrootcert: authority });
    const start = (environment: Record<string, string>) =>
      startSupervised({ directory: home!, modelUrl: model.url, environment: { ...given, ...environment } });
    let running = await start({ DATABASE_URL: oldUrl });
    opened.defer(() => running.stop());
    const { port } = new URL(running.url);
    const atHome = (...args: string[]) =>
      runRoost(args, { url: running.url, environment: { ROOST_TOKEN: running.token } });

    const [, code = ""] = /--code (\S+)/.exec((await atHome("hosts", "invite", "box", "--workers")).stdout) ?? [];
    const here = { ROOST_HOME: machine!, ROOST_URL: "", ROOST_TOKEN: "", ...keys };
    const joined = await runRoost(["join", running.url, "--code", code], { environment: here });
    assert.equal(joined.code, 0, joined.stderr);
    await rename(authority, `${authority}.away`);
    const up = { ...here, ROOST_WORKERS: "1", ROOST_MODEL_URL: model.url, ROOST_MODEL: "scripted" };
    const host = opened.use(await startHost(up));
    assert.match((await atHome("hosts")).stdout, /box +1 worker/);
    await rename(`${authority}.away`, authority);
    await running.stop();

    const target = second.verifiedUrl;
    const move = () => runCommand(home!, "database", "move", target, "--from", oldUrl);
    assert.match((await move()).printed, /in use by worker \(roost_\w+_host_box/, "also by what runs elsewhere");
    await host.stop();
    const moved = await move();
    assert.equal(moved.code, 0, moved.printed);
    // The home is not up yet: workers there are let in nowhere, and their runs stay where the home is.
    const lost = await startHost(up).catch((error: Error) => error);
    assert.match((lost as Error).message, /the home cannot be asked: .* does not answer/);

    running = await start({ ROOST_PORT: port });
    const found = opened.use(await startHost(up));
    const { runId } = await running.api.sendMessage({ sessionKey: "main", text: "Who is there?" });
    await until("the run ends", async () => (await running.api.getRun({ runId })).run.endedAt !== null);
    assert.match((await atHome("hosts")).stdout, /box +1 worker/);
    assert.match(await readFile(join(machine!, ".roost/database-url"), "utf8"), new RegExp(`:${second.primary.port}/`));
    {
      const url = changeDatabaseUrl(first.localUrl, { database: "roost" });
      await using left = await openDatabase({ url, applicationName: "test", logger: silentLogger, poolMax: 1 });
      assert.deepEqual(await left.query("select rolname from pg_roles where rolname like '%host\\_box%'"), []);
    }
    // The owner's right is taken away: what is told names the statement, and nothing is brought in.
    {
      const url = changeDatabaseUrl(second.localUrl, { database: "roost" });
      await using admin = await openDatabase({ url, applicationName: "test", logger: silentLogger, poolMax: 1 });
      await admin.query("alter role roost nocreaterole");
      const refused = await atHome("hosts", "invite", "attic", "--workers");
      assert.match(
        refused.stderr.replaceAll(/\s+/g, " "),
        /administrator of the database runs alter role "roost" createrole;/,
      );
      const { statements } = await running.api.listHosts({});
      assert.match(checkHosts(statements)[0]?.advice ?? "", /as an administrator.*alter role "roost" createrole;/);
      await admin.query("alter role roost createrole");
    }
    assert.match((await atHome("hosts", "remove", "box")).stdout, /Revoked box/);
    await found.ended;
    assert.match(found.printed(), /was put out at its home/);
  },
);

test(
  "A host shows the home's database a certificate of its own where that asks for one",
  { skip: postgresPart.skip },
  async () => {
    await using opened = new AsyncDisposableStack();
    const postgres = opened.use(await startPostgres({ durable: false, asksForCertificates: true }));
    const { certificates } = postgres;
    const model = opened.use(await startScriptedModelServer({ script: () => "ready" }));
    const [home, machine] = await Promise.all(["home", "box"].map((name) => mkdtemp(join(tmpdir(), `roost-${name}-`))));
    for (const directory of [home!, machine!])
      opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    const plain = { sslmode: "verify-full", sslrootcert: certificates.authorityFile };
    const without = openDatabase({
      url: postgres.url(plain),
      applicationName: "test",
      logger: silentLogger,
      poolMax: 1,
    });
    await assert.rejects(without, /requires a valid client certificate/);
    const ofHome = await certificates.createClient("home");
    const running = await startSupervised({
      directory: home!,
      modelUrl: model.url,
      environment: { DATABASE_URL: postgres.url({ ...plain, ...ofHome }) },
    });
    opened.defer(() => running.stop());
    const atHome = (...args: string[]) =>
      runRoost(args, { url: running.url, environment: { ROOST_TOKEN: running.token } });
    const [, code = ""] = /--code (\S+)/.exec((await atHome("hosts", "invite", "box", "--schedulers")).stdout) ?? [];
    const here = { ROOST_HOME: machine!, ROOST_URL: "", ROOST_TOKEN: "" };
    const bringIn = (sslcert: string, sslkey: string) =>
      runRoost(["join", running.url, "--code", code, "--sslcert", sslcert, "--sslkey", sslkey], { environment: here });
    const missing = await bringIn(join(machine!, "none.pem"), ofHome.sslkey);
    assert.match(missing.stderr.replaceAll(/\s+/g, " "), /none\.pem, with which .* the code counts still/);
    const { sslcert, sslkey } = await certificates.createClient("box");
    const joined = await bringIn(sslcert, sslkey);
    assert.equal(joined.code, 0, joined.stderr);
    const host = opened.use(await startHost(here));
    await until("the scheduler is there", async () => /box +1 scheduler/.test((await atHome("hosts")).stdout));
    const local = changeDatabaseUrl(postgres.localUrl, { database: "roost" });
    await using admin = await openDatabase({ url: local, applicationName: "test", logger: silentLogger, poolMax: 1 });
    const shown = await admin.query(
      "select distinct client_dn as name, usename like '%host\\_box%' as \"isHost\" from pg_stat_ssl join pg_stat_activity using (pid) where ssl order by 1",
    );
    assert.deepEqual(shown, [
      { name: "/CN=box", isHost: true },
      { name: "/CN=home", isHost: false },
    ]);
    assert.match((await atHome("hosts", "remove", "box")).stdout, /Revoked box/);
    await host.ended;
    assert.match(host.printed(), /was put out at its home/);
  },
);
