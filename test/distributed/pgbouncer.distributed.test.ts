/** A home behind PgBouncer, with the files of docs/postgresql.md: in session mode it works as without it, in the others it does not start. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { createId, silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { openDatabase, parseDatabaseUrl } from "@roost/database";
import { openKernel } from "@roost/kernel";
import { installService, openServices } from "@roost/service";
import { garden } from "@roost/service/testing/garden";
import { connectClient } from "../../packages/database/src/connect-client.ts";
import { createServerHosts } from "../../packages/database/src/server-hosts.ts";
import { connectService } from "../../packages/service/src/install/connect-service.ts";
import { requirePart } from "../infra/parts.ts";
import { startPgbouncer } from "../infra/start-pgbouncer.ts";
import { startPostgres } from "../infra/start-postgres.ts";
import { assertNoGaps, followStream } from "../hosts/follow-stream.ts";
import { startSupervised, trySupervised } from "../scenarios/start-supervised.ts";
import { readProcesses, untilThere } from "../services/home-services.fixture.ts";

const needed = await Promise.all([requirePart("pgbouncer"), requirePart("postgres")]);
const skip = needed.map((part) => part.skip).find((reason) => reason !== false) ?? false;
const job = "id: beat\ntrigger: { kind: every, every: 1s }\noverlap: allow\nprompt: beat\n";

async function openHomeDirectory(opened: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "roost-pgbouncer-"));
  opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

test(
  "Behind PgBouncer in session mode a home has turns, jobs, streams and services, and goes on when PgBouncer was killed",
  { skip },
  async (t) => {
    await using opened = new AsyncDisposableStack();
    const postgres = opened.use(await startPostgres({ durable: false }));
    const pgbouncer = opened.use(await startPgbouncer({ postgres }));
    const directory = await openHomeDirectory(opened);
    const model = opened.use(
      await startScriptedModelServer({
        script: ({ userText }) => `Heard ${/the (?:first|second)/.exec(userText)?.[0] ?? "it"}`,
      }),
    );
    const environment = { DATABASE_URL: pgbouncer.url };
    const home = await startSupervised({ directory, modelUrl: model.url, services: ["peeps"], environment });
    opened.defer(() => home.stop());
    const { api } = home;
    const stream = followStream(t, (options) => api.tailEvents({}, options));
    await stream.opened;
    await writeFile(join(directory, "jobs/beat.yaml"), job);
    const say = async (text: string) => {
      const message = { sessionKey: "main", text, idempotencyKey: text };
      const { runId } = await untilThere(() => api.sendMessage(message));
      await untilThere(async () => ((await api.getRun({ runId })).run.endedAt === null ? undefined : true));
      const { run } = await api.getRun({ runId });
      assert.deepEqual([run.state, run.output], ["done", { ...(run.output as object), text: `Heard ${text}` }]);
    };
    const moments = async () => {
      const { items } = await api.listEvents({ types: ["tick.fired"], limit: 500 });
      return items.flatMap(({ data }) =>
        (data as { jobId: string }).jobId === "beat" ? [(data as { scheduledAt: string }).scheduledAt] : [],
      );
    };
    const untilMoreTicks = async () => {
      const before = (await untilThere(moments)).length;
      await untilThere(async () => ((await moments()).length > before + 2 ? true : undefined));
    };
    const keep = async (name: string) => {
      const person = { method: "POST", body: JSON.stringify({ name }) };
      await untilThere(async () => (await home.fetch("/services/peeps/people", person)).ok || undefined);
      assert.match(await (await home.fetch("/services/peeps/people")).text(), new RegExp(name));
    };

    await say("the first");
    await keep("Anna of Ulm");
    await untilMoreTicks();
    const processes = await readProcesses(directory);
    await pgbouncer.kill();
    await assert.rejects(api.sendMessage({ sessionKey: "main", text: "nobody hears it" }), { code: "unavailable" });
    await pgbouncer.start();
    await say("the second");
    await keep("Berta of Ulm");
    await untilMoreTicks();
    assert.deepEqual(await readProcesses(directory), processes, "each of its processes goes on");
    const all = await moments();
    assert.equal(new Set(all).size, all.length, "each moment once");
    const { messages } = await api.getSession({ sessionKey: "main" });
    const asked = messages.items.filter(({ role }) => role === "user").map(({ text }) => text);
    assert.deepEqual(
      asked.filter((text) => text === "the second"),
      ["the second"],
    );
    await until("the stream has brought the ticks", () => {
      const jobs = [...stream.offsets].filter(([place]) => place.startsWith("jobs/"));
      return jobs.flatMap(([, seen]) => seen).length >= all.length;
    });
    assertNoGaps(stream);
  },
);

test(
  "Through PgBouncer in session mode locks, notifications, prepared statements, cancellation and roles of services are those of one connection",
  { skip },
  async () => {
    await using postgres = await startPostgres({ durable: false });
    await using pgbouncer = await startPgbouncer({ postgres });
    const open = () => openDatabase({ url: pgbouncer.url, applicationName: "test", logger: silentLogger, poolMax: 2 });
    await using database = await open();
    {
      // What it leaves behind in the sessions that others get after it.
      await using before = await open();
      await before.query("select $1::int", [1], { name: "roost_test" });
      const session = await before.openSession();
      await session.query("select pg_advisory_lock(7)");
      const tryLock = async () =>
        (await database.query<{ isFree: boolean }>('select pg_try_advisory_xact_lock(7) as "isFree"'))[0]!.isFree;
      assert.equal(await tryLock(), false);
      await session[Symbol.asyncDispose]();
      await until("the lock is free with its connection", tryLock);
    }
    await using after = await open();
    assert.deepEqual(await after.query("select $1::text as t", ["x"], { name: "roost_test" }), [{ t: "x" }]);
    assert.deepEqual(await after.query("show statement_timeout"), [{ statement_timeout: "30s" }]);

    const heard = Promise.withResolvers<string>();
    await using _listening = await after.listen("roost_test", heard.resolve);
    await database.query("select pg_notify('roost_test', 'hello')");
    assert.equal(await heard.promise, "hello");

    const abort = new AbortController();
    const sleeping = after.transact(
      async (tx) => {
        queueMicrotask(() => abort.abort());
        await tx.query("select pg_sleep(600)");
      },
      { signal: abort.signal },
    );
    await assert.rejects(sleeping, { code: "timeout" });

    await using kernel = await openKernel({ database, logger: silentLogger });
    await openServices({ kernel, kind: "gateway", name: "test" });
    const installed = await installService(kernel, { contract: garden.contract, homeId: createId() });
    // The second one gets the session of the first.
    for (let n = 0; n < 2; n += 1) {
      await using service = await connectService({ databaseUrl: pgbouncer.url, installed, logger: silentLogger });
      assert.deepEqual(await service.query("select current_user as role, session_user as login"), [
        { role: installed.roleName, login: installed.loginName },
      ]);
    }
  },
);

test(
  "Behind PgBouncer in transaction or statement mode nothing starts, and it says what to set",
  { skip },
  async () => {
    await using opened = new AsyncDisposableStack();
    const postgres = opened.use(await startPostgres({ durable: false }));
    const refused = /pool_mode = session/;
    for (const mode of ["transaction", "statement"]) {
      await using pgbouncer = await startPgbouncer({ postgres, settings: [`pool_mode = ${mode}`] });
      const opening = openDatabase({ url: pgbouncer.url, applicationName: "test", logger: silentLogger });
      await assert.rejects(opening, { code: "invalid_input", message: refused });
      if (mode === "statement") continue;
      const directory = await openHomeDirectory(opened);
      const home = await trySupervised({ directory, environment: { DATABASE_URL: pgbouncer.url } });
      assert.ok("exitCode" in home, "it is not up");
      assert.match(home.printed.replaceAll(/\s+/g, " "), refused);
    }
  },
);

test(
  "In transaction mode nothing starts where other clients take sessions and give them back all the time",
  { skip },
  async () => {
    await using opened = new AsyncDisposableStack();
    const postgres = opened.use(await startPostgres({ durable: false }));
    const settings = ["pool_mode = transaction", "default_pool_size = 8"];
    const pgbouncer = opened.use(await startPgbouncer({ postgres, settings }));
    const stop = new AbortController();
    const hosts = createServerHosts(parseDatabaseUrl(pgbouncer.url));
    const given = { hosts, applicationName: "busy", statementTimeoutMsMax: 30_000 };
    const clients = await Promise.all(Array.from({ length: 6 }, () => connectClient(given)));
    const going = clients.map(async (client) => {
      while (!stop.signal.aborted) await client.query("select 1");
      await client.end();
    });
    opened.defer(async () => {
      stop.abort();
      await Promise.all(going);
    });
    for (let n = 0; n < 20; n += 1)
      await assert.rejects(openDatabase({ url: pgbouncer.url, applicationName: "test", logger: silentLogger }), {
        code: "invalid_input",
        message: /pool_mode = session/,
      });
  },
);

test("A connection for which PgBouncer has none free fails in time, and says so", { skip }, async () => {
  await using postgres = await startPostgres({ durable: false });
  await using pgbouncer = await startPgbouncer({ postgres, settings: ["default_pool_size = 2"] });
  await using database = await openDatabase({ url: pgbouncer.url, applicationName: "test", logger: silentLogger });
  await using _session = await database.openSession();
  await assert.rejects(database.openSession(), {
    code: "unavailable",
    message: /a pooler before it, gave no session within 10 s/,
  });
});
