/** The program as people start it: what it prints to whom, and its exit codes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isProcessAlive } from "@roost/base";
import { createTestDatabase } from "@roost/database/testing";
import { readOwner } from "./home/owner.ts";
import { startDetached } from "./start-detached.ts";
import { createTemporaryHome } from "./testing/temporary-home.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const program = fileURLToPath(new URL("testing/supervisor-program.ts", import.meta.url));

async function run(args: string[], environment: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { out, err, code: code as number };
}

test("roost up --help shows its usage and its exit codes", async () => {
  const { out, err, code } = await run(["--help"], {});
  assert.match(out, /^Usage: roost up[\s\S]*Exit codes: 0 /);
  assert.deepEqual([err, code], ["", 0]);
});

test("roost up answers bad arguments and settings with 64 and one sentence", async () => {
  assert.equal((await run(["sideways"], {})).code, 64);
  const { out, err, code } = await run([], { ROOST_WORKERS: "0" });
  assert.match(err, /^ROOST_WORKERS is "0": give a whole number from 1 to 64\n$/);
  assert.deepEqual([out, code], ["", 64]);
});

test("roost up ends at once when the server of DATABASE_URL has no such database", async () => {
  await using paths = await createTemporaryHome();
  await using database = await createTestDatabase();
  const { err, code } = await run([], { ROOST_HOME: paths.home, DATABASE_URL: withoutDatabase(database.url) });
  assert.match(err, /correct DATABASE_URL: PostgreSQL: database "no_such_one" does not exist/);
  assert.equal(code, 64);
  assert.equal(existsSync(paths.owner), false);
});

test("roost up waits for a database that is down and says so, until it is stopped", async (context) => {
  await using paths = await createTemporaryHome();
  const environment = { ...process.env, ROOST_HOME: paths.home, DATABASE_URL: "postgresql://127.0.0.1:1/nowhere" };
  const child = spawn(process.execPath, [main], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  context.after(() => child.kill("SIGKILL"));
  const closed = once(child, "close");
  let written = "";
  const isWaiting = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => /waiting for the database/.test((written += String(chunk))) && resolve());
  });
  await Promise.race([isWaiting, closed]);
  assert.match(written, /ECONNREFUSED 127\.0\.0\.1:1; waiting for the database of DATABASE_URL/);
  child.kill("SIGTERM");
  assert.deepEqual(await closed, [0, null], written);
});

test("roost down says so when nothing runs", async () => {
  await using paths = await createTemporaryHome();
  const { err, code } = await run(["down"], { ROOST_HOME: paths.home });
  assert.match(err, /Roost is not running for .*: start it with \S*roost up/);
  assert.equal(code, 66);
});

test("roost up --detach returns when everything is ready and leaves it running, roost down stops it", async (context) => {
  await using paths = await createTemporaryHome();
  await using database = await createTestDatabase();
  let written = "";
  const code = await startDetached({
    program,
    environment: { ...process.env, ROOST_HOME: paths.home, DATABASE_URL: database.url },
    write: (piece) => (written += piece),
  });
  assert.equal(code, 0, written);
  const owner = await readOwner(paths.owner);
  assert.ok(owner && isProcessAlive(owner.identity));
  context.after(() => isProcessAlive(owner.identity) && process.kill(owner.pid, "SIGKILL"));
  const down = await run(["down"], { ROOST_HOME: paths.home });
  assert.match(down.out, new RegExp(`Process ${owner.pid} has stopped`));
  assert.equal(down.code, 0, down.err);
  assert.equal(isProcessAlive(owner.identity), false);
});

test("roost up --detach fails with what the detached one says", async () => {
  await using paths = await createTemporaryHome();
  await using database = await createTestDatabase();
  let written = "";
  const code = await startDetached({
    program,
    environment: { ...process.env, ROOST_HOME: paths.home, DATABASE_URL: withoutDatabase(database.url) },
    write: (piece) => (written += piece),
  });
  assert.equal(code, 1);
  assert.match(written, /database "no_such_one" does not exist/m);
});

function withoutDatabase(url: string): string {
  const other = new URL(url);
  other.pathname = "/no_such_one";
  return other.href;
}
