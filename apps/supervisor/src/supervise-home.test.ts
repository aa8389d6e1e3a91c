/** The supervisor as a process, with real child processes and a real database; only what the children do is made up. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isProcessAlive } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { createTestDatabase } from "@roost/database/testing";
import type { HomePaths } from "./home/home-paths.ts";
import { readOwner, type HomeOwner } from "./home/owner.ts";
import { startSupervisor, type SupervisorUnderTest } from "./testing/start-supervisor.ts";
import { createTemporaryHome } from "./testing/temporary-home.ts";

const isReady = /^ready at /m;

/** A home, and a way to start supervisors on it that do not outlive the test. */
async function createPlace(context: TestContext) {
  const paths = await createTemporaryHome();
  const database = await createTestDatabase();
  const started: SupervisorUnderTest[] = [];
  context.after(async () => {
    for (const one of started) one.process.kill("SIGKILL");
    const owner = await readOwner(paths.owner);
    for (const { identity } of owner?.children ?? []) endProcess(identity);
    await database[Symbol.asyncDispose]();
    await paths[Symbol.asyncDispose]();
  });
  const start = (environment: NodeJS.ProcessEnv = {}) => {
    const supervisor = startSupervisor(paths.home, { DATABASE_URL: database.url, ...environment });
    started.push(supervisor);
    return supervisor;
  };
  return { paths, start };
}

function endProcess(identity: string): void {
  if (isProcessAlive(identity)) process.kill(Number.parseInt(identity, 10), "SIGKILL");
}

const identityOf = ({ children }: HomeOwner, name: string) =>
  children.find((child) => child.name === name)?.identity as string;

const runs = (found: HomeOwner, name: string) =>
  found.children.some((child) => child.name === name && isProcessAlive(child.identity));

/** Resolves when the owner's record says what is expected; the record is written by another process. */
function ownerWhere(paths: HomePaths, isExpected: (found: HomeOwner) => boolean): Promise<HomeOwner> {
  return until(async () => {
    const found = await readOwner(paths.owner);
    return found !== undefined && isExpected(found) && found;
  });
}

test("superviseHome() brings up a home, says so, and stops workers before the gateway", async (context) => {
  const { paths, start } = await createPlace(context);
  await mkdir(paths.machinery);
  await writeFile(paths.refusal, "{}");
  const supervisor = start({ ROOST_WORKERS: "1" });
  await supervisor.prints(isReady);
  assert.equal(existsSync(paths.refusal), false, "the start went well");
  assert.match(
    supervisor.printed(),
    /Home .* created\. USER\.md[\s\S]*ready at http:\/\/127\.0\.0\.1:7717 with a parrot/,
  );
  const running = await ownerWhere(paths, ({ state }) => state === "running");
  assert.equal(running.pid, supervisor.process.pid);
  assert.equal(running.url, "http://127.0.0.1:7717");
  assert.deepEqual(
    running.children.map(({ name }) => name),
    ["gateway", "worker-1"],
  );
  assert.ok(existsSync(paths.token) && existsSync(join(paths.home, "SOUL.md")));

  supervisor.process.kill("SIGTERM");
  assert.deepEqual(await supervisor.ended, { code: 0, signal: null });
  for (const { identity } of running.children) assert.equal(isProcessAlive(identity), false);
  assert.equal(existsSync(paths.owner), false);
  assert.deepEqual(readdirSync(paths.claims), []);
  const stoppedAt = async (name: string) => BigInt(await readFile(join(paths.home, `${name}.stopped`), "utf8"));
  assert.ok((await stoppedAt("worker-1")) < (await stoppedAt("gateway")));
  const log = (await readFile(paths.log, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { process: string });
  assert.deepEqual([...new Set(log.map((line) => line.process))].toSorted(), ["gateway", "supervisor", "worker-1"]);
});

test("superviseHome() lets the gateway and a worker load while the database is not up yet, and ends them with itself", async (context) => {
  const { paths, start } = await createPlace(context);
  const supervisor = start({ DATABASE_URL: "postgresql://127.0.0.1:1/away" });
  await supervisor.prints(/waiting for the database of DATABASE_URL/);
  const { children } = await ownerWhere(paths, (found) => runs(found, "gateway") && runs(found, "worker-1"));
  supervisor.process.kill("SIGTERM");
  assert.equal((await supervisor.ended).code, 0);
  assert.ok(!isReady.test(supervisor.printed()) && children.every(({ identity }) => !isProcessAlive(identity)));
});

test("superviseHome() runs the services that the gateway's settings name, and no process for them without", async (context) => {
  const { paths, start } = await createPlace(context);
  await writeFile(join(paths.home, "gateway.order"), "services");
  await writeFile(join(paths.home, "services.order"), "crash");
  const supervisor = start({ ROOST_WORKERS: "1" });
  await supervisor.prints(isReady);
  await supervisor.prints(/services ended \(exit code 1\)/);
  await rm(join(paths.home, "services.order"));
  await supervisor.prints(/services is up again/);
  const running = await ownerWhere(paths, (found) => runs(found, "services"));
  assert.deepEqual(running.children.map(({ name }) => name).toSorted(), ["gateway", "services", "worker-1"]);
  supervisor.process.kill("SIGTERM");
  await supervisor.ended;
  const stoppedAt = async (name: string) => BigInt(await readFile(join(paths.home, `${name}.stopped`), "utf8"));
  assert.ok((await stoppedAt("worker-1")) < (await stoppedAt("services")));
  assert.ok((await stoppedAt("services")) < (await stoppedAt("gateway")));
});

test("superviseHome() is ready when its services are", async (context) => {
  const { paths, start } = await createPlace(context);
  await writeFile(join(paths.home, "gateway.order"), "services");
  await writeFile(join(paths.home, "services.order"), "later");
  const supervisor = start({ ROOST_WORKERS: "1" });
  const logged = () => readFileSync(paths.log, "utf8").split("\n");
  const placeOf = (form: RegExp) => logged().findIndex((line) => form.test(line));
  const isListening = /database .*"process":"services"|"process":"services".*database /;
  const found = await ownerWhere(
    paths,
    (owner) => runs(owner, "services") && placeOf(/worker-1 is ready/) >= 0 && placeOf(isListening) >= 0,
  );
  process.kill(Number.parseInt(identityOf(found, "services"), 10), "SIGUSR2");
  await supervisor.prints(isReady);
  const [services, all] = [placeOf(/services is ready/), placeOf(/"message":"ready"/)];
  assert.ok(services >= 0 && services < all, `${services} ${all}`);
  supervisor.process.kill("SIGTERM");
  await supervisor.ended;
});

test("superviseHome() starts and ends the process of the services while it runs, and replaces it before it ends", async (context) => {
  const { paths, start } = await createPlace(context);
  const supervisor = start({ ROOST_WORKERS: "1" });
  await supervisor.prints(isReady);
  const running = await ownerWhere(paths, ({ state, children }) => state === "running" && children.length === 2);
  const gateway = Number.parseInt(identityOf(running, "gateway"), 10);
  const say = async (order: string) => {
    await writeFile(join(paths.home, "gateway.order"), order);
    process.kill(gateway, "SIGUSR2");
  };
  await say("services");
  const first = await ownerWhere(paths, (found) => runs(found, "services"));
  await ownerWhere(paths, () => readFileSync(paths.log, "utf8").includes("services is ready"));
  // Another that cannot start leaves it where it is.
  await writeFile(join(paths.home, "services.order"), "crash");
  process.kill(Number.parseInt(identityOf(first, "services"), 10), "SIGUSR2");
  await supervisor.prints(/services ended \(exit code 1\)/);
  assert.equal(isProcessAlive(identityOf(first, "services")), true);
  await rm(join(paths.home, "services.order"));
  await supervisor.prints(/services is up again/);
  const second = await ownerWhere(
    paths,
    (found) => found.children.length === 3 && identityOf(found, "services") !== identityOf(first, "services"),
  );
  assert.equal(isProcessAlive(identityOf(first, "services")), false);
  assert.equal(isProcessAlive(identityOf(second, "services")), true);
  await say("");
  await ownerWhere(paths, ({ children }) => children.length === 2);
  assert.equal(isProcessAlive(identityOf(second, "services")), false);
});

test("superviseHome() replaces a killed worker while all others run on", async (context) => {
  const { paths, start } = await createPlace(context);
  const supervisor = start();
  await supervisor.prints(isReady);
  const before = await ownerWhere(paths, ({ children }) => children.length === 3);
  process.kill(Number.parseInt(identityOf(before, "worker-1"), 10), "SIGKILL");
  await supervisor.prints(/worker-1 ended \(SIGKILL\); restarting/);
  await supervisor.prints(/worker-1 is up again/);
  // The record is written after the terminal.
  const isReplaced = (found: HomeOwner) => identityOf(found, "worker-1") !== identityOf(before, "worker-1");
  const after = await ownerWhere(paths, (found) => found.children.length === 3 && isReplaced(found));
  assert.equal(identityOf(after, "gateway"), identityOf(before, "gateway"));
  assert.equal(identityOf(after, "worker-2"), identityOf(before, "worker-2"));
});

test("superviseHome() runs on with a worker that cannot stay up, and shows it", async (context) => {
  const { paths, start } = await createPlace(context);
  await writeFile(join(paths.home, "worker-2.order"), "crash");
  const supervisor = start();
  await supervisor.prints(isReady);
  await supervisor.prints(
    /worker-2 ended 5 times in a row \(exit code 1\): .*out of birdseed; retrying in .*roost\.log/,
  );
  const runs = (found: HomeOwner, name: string) =>
    found.children.some((child) => child.name === name && isProcessAlive(child.identity));
  await ownerWhere(paths, (found) => runs(found, "gateway") && runs(found, "worker-1"));
});

test("superviseHome() ends at once with the reason where trying again would not help, and stops the rest", async (context) => {
  for (const [exitCode, code] of [
    [64, "invalid_input"],
    [73, "conflict"],
    [79, "forbidden"],
  ] as const) {
    const { paths, start } = await createPlace(context);
    await writeFile(join(paths.home, "gateway.order"), `refuse ${exitCode}`);
    const supervisor = start();
    assert.equal((await supervisor.ended).code, 1);
    assert.match(supervisor.printed(), new RegExp(`^${code}: ROOST_PORT is taken$`, "m"));
    assert.doesNotMatch(supervisor.printed(), /restarting in/);
    assert.equal(existsSync(paths.owner), false);
    const refusal = JSON.parse(await readFile(paths.refusal, "utf8")) as { code: string; message: string };
    assert.deepEqual([refusal.code, refusal.message], [code, "ROOST_PORT is taken"]);
  }
});

test("superviseHome() of a joined host ends with the reason when its workers are let in no more", async (context) => {
  const { paths, start } = await createPlace(context);
  await mkdir(join(paths.home, ".roost"), { recursive: true });
  const database = "file:.roost/database-url";
  const roles = { homeId: "h", workers: { database, objects: "s3://b" }, schedulers: { database }, services: [] };
  const joined = { name: "box", url: "https://roost.example", scopes: [], runs: roles };
  await writeFile(join(paths.home, ".roost/host.json"), JSON.stringify(joined));
  const supervisor = start({ ROOST_WORKERS: "1", ROOST_DATABASE_URL: "postgresql://there" });
  await supervisor.prints(/Host box works for https:\/\/roost\.example with 1 worker, a scheduler/);
  await writeFile(join(paths.home, "worker-1.order"), "refuse 77");
  const owner = await ownerWhere(paths, (found) => runs(found, "worker-1"));
  process.kill(Number.parseInt(identityOf(owner, "worker-1"), 10), "SIGKILL");
  assert.equal((await supervisor.ended).code, 1);
  assert.match(supervisor.printed(), /^unauthenticated: ROOST_PORT is taken$/m);
});

test("superviseHome() gives a first start up that keeps failing, with the reason and what to look at", async (context) => {
  const { paths, start } = await createPlace(context);
  await writeFile(join(paths.home, "gateway.order"), "crash");
  const supervisor = start({ ROOST_WORKERS: "1" });
  assert.equal((await supervisor.ended).code, 1);
  assert.match(
    supervisor.printed(),
    /^unavailable: Roost did not start: gateway ended 5 times in a row \(exit code 1\): .*out of birdseed.*\. See .*roost\.log, and roost doctor; then start it again$/m,
  );
  assert.equal(existsSync(paths.owner), false);
});

test("superviseHome() makes no home when the port that was asked for is taken", async (context) => {
  const { paths, start } = await createPlace(context);
  const other = createServer().listen(0, "127.0.0.1");
  context.after(() => other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const supervisor = start({ ROOST_PORT: String(port) });
  assert.equal((await supervisor.ended).code, 1);
  assert.match(
    supervisor.printed(),
    new RegExp(`^conflict: Port ${port} of 127\\.0\\.0\\.1 is used by another program`, "m"),
  );
  assert.deepEqual(
    (await readdir(paths.home)).filter((name) => !name.startsWith(".")),
    [],
  );
});

test("superviseHome() refuses a home that another process owns, and disturbs nothing", async (context) => {
  const { paths, start } = await createPlace(context);
  const first = start();
  await first.prints(isReady);
  const before = await ownerWhere(paths, ({ state, children }) => state === "running" && children.length === 3);
  const second = start();
  await second.ended;
  assert.match(
    second.printed(),
    new RegExp(
      `^conflict: .* is owned by process ${first.process.pid}, which started .* ago, and answers at http`,
      "m",
    ),
  );
  assert.deepEqual(await readOwner(paths.owner), before);
});

test("superviseHome() after kill -9: its children stop by themselves, one that hangs is ended, the next start goes on", async (context) => {
  const { paths, start } = await createPlace(context);
  await writeFile(join(paths.home, "worker-2.order"), "deaf");
  const first = start();
  await first.prints(isReady);
  const before = await ownerWhere(paths, (found) => found.children.length === 3 && found.state === "running");
  first.process.kill("SIGKILL");
  await first.ended;
  await rm(join(paths.home, "worker-2.order"));
  const second = start();
  await second.prints(isReady);
  for (const { identity } of before.children) assert.equal(isProcessAlive(identity), false);
  await ownerWhere(paths, ({ pid }) => pid === second.process.pid);
});

test("superviseHome() is forced by a second Ctrl-C", async (context) => {
  const { paths, start } = await createPlace(context);
  for (const name of ["gateway", "worker-1", "worker-2"])
    await writeFile(join(paths.home, `${name}.order`), "stubborn");
  const supervisor = start();
  await supervisor.prints(isReady);
  const { children } = await ownerWhere(paths, (found) => found.children.length === 3);
  supervisor.process.kill("SIGINT");
  await supervisor.prints(/Stopping/);
  // What follows at once is the same press: pressed until it is another one.
  const press = setInterval(() => supervisor.process.kill("SIGINT"), 50);
  await supervisor.ended;
  clearInterval(press);
  for (const { identity } of children) assert.equal(isProcessAlive(identity), false);
  assert.equal(existsSync(paths.owner), false);
});

test("superviseHome() with its own PostgreSQL: starts it again when it is killed, adopts it after kill -9 of itself", async (context) => {
  const { paths, start } = await createPlace(context);
  const first = start({ DATABASE_URL: "" });
  await first.prints(isReady);
  const pid = async () =>
    Number((await readFile(join(paths.postgres, "data", "postmaster.pid"), "utf8")).split("\n")[0]);
  const killed = await pid();
  process.kill(killed, "SIGKILL");
  await first.prints(/PostgreSQL is back/);
  const back = await pid();
  assert.notEqual(back, killed);

  first.process.kill("SIGKILL");
  await first.ended;
  const second = start({ DATABASE_URL: "" });
  await second.prints(isReady);
  assert.match(second.printed(), new RegExp(`PostgreSQL \\(process ${back}, already running\\)`));
  second.process.kill("SIGINT");
  assert.equal((await second.ended).code, 0);
  assert.equal(existsSync(join(paths.postgres, "data", "postmaster.pid")), false);
});
