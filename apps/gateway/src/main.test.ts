import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createTestDatabase } from "@roost/database/testing";
import { testToken } from "./testing/create-test-gateway.ts";

const main = new URL("main.ts", import.meta.url).pathname;
const exampleHome = new URL("../../../examples/home", import.meta.url).pathname;

async function createHome(token = testToken) {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-gateway-"));
  await cp(exampleHome, homeDir, { recursive: true });
  await mkdir(join(homeDir, ".roost"), { recursive: true });
  if (token !== "") await writeFile(join(homeDir, ".roost/token"), `${token}\n`);
  return { homeDir, [Symbol.asyncDispose]: () => rm(homeDir, { recursive: true, force: true }) };
}

function start(environment: Record<string, string>, program = main) {
  const child = spawn(process.execPath, [program], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: {
      PATH: process.env["PATH"],
      // As a supervisor gives it.
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      ROOST_PORT: "0",
      ROOST_MODEL_URL: "http://127.0.0.1:9/v1",
      ROOST_MODEL: "none",
      ...environment,
    },
  });
  let told = "";
  child.stderr?.on("data", (part) => (told += String(part)));
  const exited = once(child, "exit") as Promise<[number | null, string | null]>;
  const ready = Promise.race([
    once(child, "message").then(
      ([message]) => message as { type: string; url: string; notices: string[]; model: string },
    ),
    exited.then(([code]) => Promise.reject(new Error(`it exited with ${code}: ${told}`))),
  ]);
  return {
    child,
    ready,
    exited,
    told: () => told,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

test("main starts on a home, serves it, schedules it, and stops at SIGTERM with streams open", async () => {
  await using database = await createTestDatabase();
  await using home = await createHome();
  const environment = { ROOST_HOME: home.homeDir, ROOST_DATABASE_URL: database.url };
  await using gateway = start(environment);
  const { url, notices, model } = await gateway.ready;
  assert.equal(model, "none (ROOST_MODEL_URL)");
  assert.match(notices?.join() ?? "", /^none does not answer: .*127\.0\.0\.1:9/);
  const addressFile = join(home.homeDir, ".roost/gateway.json");
  assert.equal((await stat(addressFile)).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(await readFile(addressFile, "utf8")).url, url);

  const headers = { authorization: `Bearer ${testToken}` };
  const readStatus = async () =>
    (await (await fetch(`${url}/api/v1/status`, { headers })).json()) as { schedulers: unknown[]; due: unknown[] };
  // The scheduler joins while the gateway already serves.
  let status = await readStatus();
  while (status.schedulers.length === 0) status = await readStatus();
  assert.equal(status.schedulers.length, 1);
  assert.ok(status.due.length >= 4);
  const config = await (await fetch(`${url}/api/v1/config`, { headers })).text();
  assert.ok(!config.includes(new URL(database.url).pathname.slice(1)), "the database's address is not shown");

  // Another gateway of the same home and database: both serve, the one that stops leaves the other's address.
  await using other = start(environment);
  const second = await other.ready;
  const streams = await Promise.all([url, url, second.url].map((base) => fetch(`${base}/api/v1/events`, { headers })));
  gateway.child.kill("SIGTERM");
  assert.deepEqual(await gateway.exited, [0, null]);
  assert.equal(JSON.parse(await readFile(addressFile, "utf8")).url, second.url);
  other.child.disconnect();
  assert.deepEqual(await other.exited, [0, null]);
  await assert.rejects(readFile(addressFile), { code: "ENOENT" });
  for (const stream of streams) await stream.text().catch(() => "cut");
});

test("main ends with a code and a sentence when it cannot begin", async () => {
  await using database = await createTestDatabase();
  await using home = await createHome();
  await using closed = await createHome("");
  const good = { ROOST_HOME: home.homeDir, ROOST_DATABASE_URL: database.url };
  const cases: [Record<string, string>, number, RegExp][] = [
    [{ ROOST_HOME: home.homeDir }, 64, /No database is given/],
    [{ ...good, ROOST_PORT: "many" }, 64, /ROOST_PORT/],
    [{ ...good, ROOST_HOST: "0.0.0.0" }, 79, /beyond loopback.*docs\/phone\.md/],
    [{ ...good, ROOST_HOME: closed.homeDir }, 77, /token/],
    [{ ...good, ROOST_DATABASE_URL: "postgresql://127.0.0.1:1/nowhere" }, 69, /PostgreSQL/],
  ];
  for (const [environment, code, sentence] of cases) {
    await using gateway = start(environment);
    gateway.ready.catch(() => undefined);
    assert.deepEqual(await gateway.exited, [code, null]);
    assert.match(gateway.told(), sentence);
  }
});

test("main refuses a second home on its database, and a copy of the home beside it; a moved home goes on", async () => {
  await using database = await createTestDatabase();
  await using first = await createHome();
  await using second = await createHome();
  const at = (homeDir: string) => ({ ROOST_HOME: homeDir, ROOST_DATABASE_URL: database.url });
  await using running = start(at(first.homeDir));
  await running.ready;
  const copy = `${first.homeDir}-copy`;
  await cp(first.homeDir, copy, { recursive: true });
  await using _copied = { [Symbol.asyncDispose]: () => rm(copy, { recursive: true, force: true }) };

  const workerMain = new URL("../../../packages/worker/src/main.ts", import.meta.url).pathname;
  const other = new RegExp(`belongs to another home, ${first.homeDir} on .*DATABASE_URL`);
  const copied = new RegExp(`${copy} is a copy of the home ${first.homeDir} on .*, which is running`);
  for (const program of [main, workerMain]) {
    for (const [homeDir, sentence] of [
      [second.homeDir, other],
      [copy, copied],
    ] as const) {
      await using refused = start(at(homeDir), program);
      refused.ready.catch(() => undefined);
      assert.deepEqual(await refused.exited, [64, null]);
      assert.match(refused.told(), sentence);
    }
  }

  running.child.kill("SIGTERM");
  await running.exited;
  await using moved = start(at(copy));
  await moved.ready;
  await using back = start(at(first.homeDir));
  back.ready.catch(() => undefined);
  assert.deepEqual(await back.exited, [64, null]);
});
