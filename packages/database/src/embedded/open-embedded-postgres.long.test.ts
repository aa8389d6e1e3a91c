// Real servers on real directories; as root these run as another user below a directory that only root can enter.
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { silentLogger } from "@roost/base";
import { openDatabase } from "../open-database.ts";
import { findFastDirectory } from "../testing/open-test-cluster.ts";
import { openEmbeddedPostgres } from "./open-embedded-postgres.ts";
import { readPostmasterFile } from "./postmaster-file.ts";
import { stopServer } from "./start-server.ts";
import type { EmbeddedPostgres } from "./watch-server.ts";

const modulePath = new URL("./open-embedded-postgres.ts", import.meta.url).href;
const loggerPath = import.meta.resolve("@roost/base");

/** What a first start and stop leave behind. */
let prepared: string;
before(async () => {
  prepared = join(await mkdtemp(join(await findFastDirectory(), "roost-embedded-")), "postgres");
  await (await openEmbeddedPostgres({ dir: prepared, logger: silentLogger })).stop();
});
after(() => rm(dirname(prepared), { recursive: true, force: true }));

test("openEmbeddedPostgres() starts on a fresh directory, and keeps its content over stop and start", async (t) => {
  const dir = await makeDirectory(t);
  const stages: string[] = [];
  const first = await open(t, dir, (stage) => stages.push(stage));
  assert.deepEqual(stages, ["creating database", "starting"]);
  assert.equal(first.adopted, false);
  await query(first, "CREATE TABLE kept AS SELECT 1 AS one");
  await first.stop();
  await assert.rejects(query(first, "SELECT 1"), { code: "unavailable" });
  assert.equal(first.lost.aborted, false);
  const second = await open(t, dir);
  assert.deepEqual(await query(second, "SELECT * FROM kept"), [{ one: 1 }]);
});

test("openEmbeddedPostgres() listens on no network, syncs, and hands out a role without superuser", async (t) => {
  const postgres = await open(t, await makeDirectory(t));
  const [found] = await query(
    postgres,
    `SELECT current_setting('listen_addresses') AS addresses, current_setting('fsync') AS fsync,
      current_setting('synchronous_commit') AS commit, current_setting('data_checksums') AS checksums,
      current_setting('is_superuser') AS superuser, current_setting('server_encoding') AS encoding`,
  );
  assert.deepEqual(found, {
    addresses: "",
    fsync: "on",
    commit: "on",
    checksums: "on",
    superuser: "off",
    encoding: "UTF8",
  });
  await assert.rejects(query(postgres, "COPY (SELECT 1) TO PROGRAM 'cat'"), { message: /permission denied/ });
});

test("openEmbeddedPostgres() keeps every acknowledged row when the server is killed", async (t) => {
  const dir = await makePrepared(t);
  const killed = await open(t, dir);
  const lost = once(killed.lost, "abort");
  await query(killed, "CREATE TABLE kept AS SELECT 1 AS one");
  process.kill(killed.pid, "SIGKILL");
  await lost;
  const next = await open(t, dir);
  assert.notEqual(next.pid, killed.pid);
  assert.equal(next.adopted, false);
  assert.deepEqual(await query(next, "SELECT * FROM kept"), [{ one: 1 }]);
});

test("openEmbeddedPostgres() adopts the server whose owner was killed, and can stop it", async (t) => {
  const dir = await makePrepared(t);
  const owner = startOwner(t, dir);
  const { pid } = JSON.parse(await firstLine(owner)) as { pid: number };
  await killAndWait(owner);
  const adopted = await open(t, dir);
  assert.deepEqual([adopted.pid, adopted.adopted], [pid, true]);
  await query(adopted, "CREATE TABLE kept AS SELECT 1 AS one");
  await adopted.stop();
  const next = await open(t, dir);
  assert.equal(next.adopted, false);
  assert.deepEqual(await query(next, "SELECT * FROM kept"), [{ one: 1 }]);
});

test("openEmbeddedPostgres() tells that an adopted server ended", async (t) => {
  const dir = await makePrepared(t);
  const owner = startOwner(t, dir);
  await firstLine(owner);
  await killAndWait(owner);
  const adopted = await open(t, dir);
  const lost = once(adopted.lost, "abort");
  process.kill(adopted.pid, "SIGKILL");
  await lost;
  // The next start also removes the shared memory that the killed one left.
  assert.equal((await open(t, dir)).adopted, false);
});

test("openEmbeddedPostgres() gives two openers of a fresh directory the same server", async (t) => {
  const dir = await makeDirectory(t);
  const [first, second] = await Promise.all([open(t, dir), open(t, dir)]);
  assert.equal(first.pid, second.pid);
  assert.deepEqual([first.adopted, second.adopted].toSorted(), [false, true]);
  assert.deepEqual(await query(second, "SELECT 1 AS one"), [{ one: 1 }]);
});

test("openEmbeddedPostgres() starts after a crash in the middle of creating the database", async (t) => {
  const dir = await makeDirectory(t);
  await mkdir(dir);
  const owner = startOwner(t, dir);
  // Or it is there already, which fails below.
  await until(dir, async () => (await readdir(dir)).some((name) => /^data(?:\.initializing-|$)/.test(name)));
  await killAndWait(owner);
  assert.equal((await readdir(dir)).includes("data"), false);
  const next = await open(t, dir);
  assert.deepEqual(await query(next, "SELECT 1 AS one"), [{ one: 1 }]);
});

test("openEmbeddedPostgres() removes what an earlier crash left half made", async (t) => {
  const dir = await makeDirectory(t);
  const ended = spawn("true");
  await once(ended, "exit");
  const left = join(dir, `data.initializing-${ended.pid}-0000`);
  await mkdir(left, { recursive: true });
  await writeFile(join(left, "PG_VERSION"), "18\n");
  await open(t, dir);
  assert.deepEqual(
    (await readdir(dir)).filter((name) => name.startsWith("data")),
    ["data"],
  );
});

test("openEmbeddedPostgres() starts over the traces of a dead server, its number in use by a zombie or another program", async (t) => {
  const dir = await makePrepared(t);
  const { uid, gid } = await stat(join(dir, "data"));
  // The shell's child ends at once, and what the shell becomes never collects it.
  const parent = spawn("/bin/sh", ["-c", "true & echo $!; exec sleep 600"], { uid, gid, cwd: "/" });
  t.after(() => parent.kill("SIGKILL"));
  const zombiePid = Number(await firstLine(parent));
  for (const pid of [zombiePid, parent.pid as number]) {
    await writeFile(join(dir, "data", "postmaster.pid"), `${pid}\n${join(dir, "data")}\n1\n5432\n\n\n\nready   \n`);
    const next = await open(t, dir);
    assert.deepEqual(await query(next, "SELECT 1 AS one"), [{ one: 1 }]);
    await next.stop();
  }
});

test("openEmbeddedPostgres() starts over a torn postmaster.pid, and ends a server first that still runs without it", async (t) => {
  const dir = await makePrepared(t);
  const file = join(dir, "data", "postmaster.pid");
  for (const torn of ["", "4194000\n/some"]) {
    await writeFile(file, torn);
    const next = await open(t, dir);
    assert.deepEqual(await query(next, "SELECT 1 AS one"), [{ one: 1 }], JSON.stringify(torn));
    await next.stop();
  }
  const owner = startOwner(t, dir);
  const { pid } = JSON.parse(await firstLine(owner)) as { pid: number };
  await killAndWait(owner);
  await truncate(file, 0);
  const next = await open(t, dir);
  assert.notEqual(next.pid, pid);
  assert.deepEqual(await query(next, "SELECT 1 AS one"), [{ one: 1 }]);
});

test("openEmbeddedPostgres() starts over a lock file of its socket that a server had no time to fill", async (t) => {
  const dir = await makePrepared(t);
  const file = join(dir, "socket", ".s.PGSQL.5432.lock");
  for (const torn of ["", "419"]) {
    await mkdir(join(dir, "socket"), { recursive: true });
    await writeFile(file, torn);
    const next = await open(t, dir);
    assert.deepEqual(await query(next, "SELECT 1 AS one"), [{ one: 1 }], JSON.stringify(torn));
    await next.stop();
  }
});

test("openEmbeddedPostgres() refuses a database whose PG_VERSION is torn, and does not call it something else", async (t) => {
  const dir = await makePrepared(t);
  const path = join(dir, "data", "PG_VERSION");
  const whole = await readFile(path);
  await truncate(path, 0);
  await assert.rejects(open(t, dir), { code: "invalid_input", message: /PG_VERSION is damaged.*write the major/ });
  await writeFile(path, whole);
  await open(t, dir);
});

test("openEmbeddedPostgres() starts a server anew whose socket was cleaned away", async (t) => {
  const dir = await makePrepared(t);
  const owner = startOwner(t, dir);
  const { pid } = JSON.parse(await firstLine(owner)) as { pid: number };
  await killAndWait(owner);
  for (const name of await readdir(join(dir, "socket"))) await rm(join(dir, "socket", name));
  const next = await open(t, dir);
  assert.notEqual(next.pid, pid);
  assert.deepEqual(await query(next, "SELECT 1 AS one"), [{ one: 1 }]);
});

test("openEmbeddedPostgres() puts the socket elsewhere when the directory's name is too long for one", async (t) => {
  const dir = join(await makeDirectory(t), "long-".repeat(24));
  const postgres = await open(t, dir);
  assert.doesNotMatch(postgres.url, /long-/);
  assert.deepEqual(await query(postgres, "SELECT 1 AS one"), [{ one: 1 }]);
  const socketDirectory = new URL(postgres.url).searchParams.get("host") ?? "";
  t.after(() => rm(socketDirectory, { recursive: true }));
  assert.equal((await stat(socketDirectory)).mode & 0o777, 0o700);
});

test("openEmbeddedPostgres() refuses data of another major version and says what to do", async (t) => {
  const dir = await makeDirectory(t);
  await mkdir(join(dir, "data"), { recursive: true });
  await writeFile(join(dir, "data", "PG_VERSION"), "17\n");
  await assert.rejects(open(t, dir), {
    code: "invalid_input",
    message: /made by PostgreSQL 17, the bundled one is 18/,
  });
});

test("openEmbeddedPostgres() leaves a directory alone that holds something else", async (t) => {
  const dir = await makeDirectory(t);
  await mkdir(join(dir, "data"), { recursive: true });
  await writeFile(join(dir, "data", "letter.txt"), "dear");
  await assert.rejects(open(t, dir), { code: "conflict", message: /not a database/ });
  assert.deepEqual(await readdir(join(dir, "data")), ["letter.txt"]);
});

test("openEmbeddedPostgres() closes a data directory that a copy left open to others", async (t) => {
  const dir = await makePrepared(t);
  await chmod(join(dir, "data"), 0o755);
  await open(t, dir);
  assert.equal((await stat(join(dir, "data"))).mode & 0o777, 0o700);
});

test("openEmbeddedPostgres() writes no words of a failed statement to its log", async (t) => {
  const dir = await makePrepared(t);
  const postgres = await open(t, dir);
  await assert.rejects(query(postgres, "SELECT 'my secret' FROM nowhere"));
  await query(postgres, "CREATE TABLE diary (day text PRIMARY KEY)");
  await query(postgres, "INSERT INTO diary VALUES ('my secret')");
  await assert.rejects(query(postgres, "INSERT INTO diary VALUES ('my secret')"));
  await postgres.stop();
  const log = await readFile(join(dir, "postgres.log"), "utf8");
  assert.match(log, /relation "nowhere" does not exist/);
  assert.doesNotMatch(log, /my secret/);
});

async function open(t: TestContext, dir: string, onProgress?: (stage: string) => void): Promise<EmbeddedPostgres> {
  const postgres = await openEmbeddedPostgres({
    dir,
    logger: silentLogger,
    onProgress,
  });
  t.after(() => postgres.stop());
  return postgres;
}

async function query(postgres: EmbeddedPostgres, text: string): Promise<unknown[]> {
  await using database = await openDatabase({
    url: postgres.url,
    applicationName: "roost test",
    logger: silentLogger,
    poolMax: 1,
  });
  return await database.query(text);
}

/** Hooks run in the order they were added, so this one ends by itself whatever server is left there. */
async function makeDirectory(t: TestContext): Promise<string> {
  const parent = await mkdtemp(join(await findFastDirectory(), "roost-embedded-"));
  const directory = join(parent, "postgres");
  t.after(async () => {
    const left = await readPostmasterFile(join(directory, "data"));
    if (left !== undefined) await stopServer({ pid: left.pid, child: undefined }, join(directory, "data"));
    await rm(parent, { recursive: true, force: true, maxRetries: 5 });
  });
  return directory;
}

/** Begins after a first start and stop: making a cluster takes ten times as long as copying one. */
async function makePrepared(t: TestContext): Promise<string> {
  const directory = await makeDirectory(t);
  await promisify(execFile)("cp", ["-a", prepared, directory]);
  return directory;
}

/** A process that opens a server on `dir`, prints its number and keeps it. */
function startOwner(t: TestContext, dir: string): ChildProcess {
  const script = `
    import { openEmbeddedPostgres } from ${JSON.stringify(modulePath)};
    import { silentLogger } from ${JSON.stringify(loggerPath)};
    const postgres = await openEmbeddedPostgres({ dir: ${JSON.stringify(dir)}, logger: silentLogger });
    console.log(JSON.stringify({ pid: postgres.pid }));
    setInterval(() => undefined, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => owner.kill("SIGKILL"));
  return owner;
}

async function killAndWait(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  for await (const line of createInterface(child.stdout)) return line;
  return assert.fail("the process ended without a line");
}

async function until(directory: string, holds: () => Promise<boolean>): Promise<void> {
  const changes = watch(directory);
  // Before it is looked: what changes meanwhile is told too.
  let changed = once(changes, "change");
  try {
    while (!(await holds())) {
      await changed;
      changed = once(changes, "change");
    }
  } finally {
    changes.close();
  }
}
