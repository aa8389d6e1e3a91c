import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Database } from "@roost/database";
import type { RehearsalMessage, RehearsalTask } from "./rehearsal-task.ts";
import { dropLeftoverDatabases, scratchPrefix } from "./scratch/drop-leftover-databases.ts";
import { openRehearsedHome, type RehearsedHome } from "./testing/open-rehearsed-home.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

/** As the gateway starts it. */
function start(home: RehearsedHome, task: Partial<RehearsalTask> = {}) {
  const child = spawn(process.execPath, ["--permission", "--allow-fs-read=*", program], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {},
  });
  const asked: RehearsalTask = { databaseUrl: home.test.url, homeDir: home.homeDir, hours: 24, model: null, ...task };
  child.stdin.write(`${JSON.stringify(asked)}\n`);
  const said = (async function* (): AsyncGenerator<RehearsalMessage> {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as RehearsalMessage;
  })();
  return { child, said, exited: once(child, "exit") as Promise<[number | null, string | null]> };
}

async function scratchNames(database: Database): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    "select datname as name from pg_database where starts_with(datname, $1)",
    [await scratchPrefix(database)],
  );
  return rows.map(({ name }) => name);
}

/** Every row of every table, and every file with its times. */
async function fingerprint({ test: { database }, homeDir }: RehearsedHome): Promise<Record<string, string>> {
  const marks: Record<string, string> = {};
  const hash = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('roost', 'memory') order by 1`,
  );
  for (const { name } of tables) {
    const [row] = await database.query<{ rows: string | null }>(
      `select string_agg(t::text, e'\\n' order by t::text) as rows from ${name} t`,
    );
    marks[name] = hash(row?.rows ?? "");
  }
  for (const entry of await readdir(homeDir, { recursive: true })) {
    const path = join(homeDir, entry);
    const { mtimeMs, ctimeMs, ino, mode } = await stat(path);
    const text = (mode & 0o170000) === 0o100000 ? hash(await readFile(path)) : "directory";
    marks[entry] = `${text} ${mtimeMs} ${ctimeMs} ${ino}`;
  }
  return marks;
}

test("the program of a rehearsal leaves the home's database and files as they are", async () => {
  await using home = await openRehearsedHome({
    now: "2025-11-21T05:30:00Z",
    files: { "memory/mail-state.json": '{"unread":1}\n' },
  });
  await home.define(
    { id: "beat", session: "heartbeat", prompt: "", trigger: { kind: "every", every: "30m" } },
    { id: "blog", prompt: "write", trigger: { kind: "every", every: "1h" } },
  );
  const before = await fingerprint(home);
  const { said, exited } = start(home, { hours: 1 });
  let last: RehearsalMessage | undefined;
  for await (const message of said) last = message;
  assert.deepEqual(await exited, [0, null]);
  assert.ok(last?.kind === "report", JSON.stringify(last));
  assert.deepEqual([last.report.totals.runs, last.report.totals.failedRuns], [3, 0]);
  assert.deepEqual(await fingerprint(home), before);
  assert.deepEqual(await scratchNames(home.test.database), []);
});

test("dropLeftoverDatabases() drops what a killed rehearsal left, and no rehearsal that is played", async () => {
  await using home = await openRehearsedHome({ now: "2025-11-21T05:30:00Z" });
  const { database } = home.test;
  await home.define({ id: "often", prompt: "look", overlap: "allow", trigger: { kind: "every", every: "1m" } });
  const { child, said, exited } = start(home, { hours: 168 });
  await said.next();
  const [name] = await scratchNames(database);
  assert.ok(name);
  assert.deepEqual(await dropLeftoverDatabases(database), []);
  assert.deepEqual(await scratchNames(database), [name]);
  child.kill("SIGKILL");
  await exited;
  // The server sees the lost connection a moment later.
  let dropped: string[] = [];
  while (dropped.length === 0) dropped = await dropLeftoverDatabases(database);
  assert.deepEqual(dropped, [name]);
  assert.deepEqual(await scratchNames(database), []);
});

test("the program of a rehearsal stops, and drops its database, when who asked for it is gone", async () => {
  await using home = await openRehearsedHome({ now: "2025-11-21T05:30:00Z" });
  await home.define({ id: "often", prompt: "look", overlap: "allow", trigger: { kind: "every", every: "1m" } });
  const { child, said, exited } = start(home, { hours: 168 });
  await said.next();
  child.stdin.end();
  let last: RehearsalMessage | undefined;
  for await (const message of said) last = message;
  assert.deepEqual(last, { kind: "failed", code: "timeout", message: "whoever asked for the rehearsal is gone" });
  await exited;
  assert.deepEqual(await scratchNames(home.test.database), []);
});

test("the program of a rehearsal comes to the same report each time, also where runs are cut off and tried again", async () => {
  await using home = await openRehearsedHome({ now: "2025-11-21T05:30:00Z" });
  const retry = { attemptsMax: 3, backoffMs: 120_000, backoffFactor: 2, backoffMsMax: 600_000 };
  await home.define(
    { id: "cut-off", prompt: "look", timeoutMs: 30_000, retry, trigger: { kind: "every", every: "1h" } },
    { id: "both", prompt: "look", overlap: "allow", jitterMs: 600_000, trigger: { kind: "every", every: "30m" } },
    { id: "main", session: "main", prompt: "look back", trigger: { kind: "every", every: "1h" } },
  );
  const play = async () => {
    let last: RehearsalMessage | undefined;
    for await (const message of start(home, { hours: 2, fromMs: Date.parse("2025-11-22T00:00:00Z") }).said)
      last = message;
    assert.ok(last?.kind === "report", JSON.stringify(last));
    return last.report;
  };
  const first = await play();
  assert.deepEqual([first.totals.runs, first.totals.failedRuns], [8, 2]);
  assert.deepEqual(await play(), first);
});
