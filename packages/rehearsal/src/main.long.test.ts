import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "@roost/base/testing/until";
import type { Database } from "@roost/database";
import type { ReplayMessage, ReplayTask } from "./replay/replay-task.ts";
import type { RehearsalMessage, RehearsalTask } from "./rehearsal-task.ts";
import { dropLeftoverDatabases, scratchPrefix } from "./scratch/drop-leftover-databases.ts";
import { fingerprint } from "./testing/fingerprint.ts";
import { openReplayedHome } from "./testing/open-replayed-home.ts";
import { openRehearsedHome, type RehearsedHome } from "./testing/open-rehearsed-home.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));
const compiled = fileURLToPath(new URL("../../../node_modules/.roost/compile-cache-confined", import.meta.url));

/** As the gateway starts it. */
function start(home: RehearsedHome, asked: Partial<RehearsalTask> = {}) {
  const { homeDir, test } = home;
  const task: RehearsalTask = { kind: "rehearse", databaseUrl: test.url, homeDir, hours: 24, model: null, ...asked };
  return startProgram<RehearsalMessage>(task);
}

function startProgram<Message>(task: RehearsalTask | ReplayTask) {
  mkdirSync(compiled, { recursive: true });
  const rights = ["--permission", "--allow-fs-read=*", `--allow-fs-write=${compiled}`];
  const child = spawn(process.execPath, [...rights, program], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { NODE_COMPILE_CACHE: compiled },
  });
  child.stdin.write(`${JSON.stringify(task)}\n`);
  const said = (async function* (): AsyncGenerator<Message> {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Message;
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

test("the program of a rehearsal leaves the home's database and files as they are", async () => {
  await using home = await openRehearsedHome({
    now: "2025-11-21T05:30:00Z",
    files: { "memory/mail-state.json": '{"unread":1}\n' },
  });
  await home.define(
    { id: "beat", session: "heartbeat", prompt: "", trigger: { kind: "every", every: "30m" } },
    { id: "blog", prompt: "write", trigger: { kind: "every", every: "1h" } },
  );
  const before = await fingerprint(home.test.database, home.homeDir);
  const { said, exited } = start(home, { hours: 1 });
  let last: RehearsalMessage | undefined;
  for await (const message of said) last = message;
  assert.deepEqual(await exited, [0, null]);
  assert.ok(last?.kind === "report", JSON.stringify(last));
  assert.deepEqual([last.report.totals.runs, last.report.totals.failedRuns], [3, 0]);
  assert.deepEqual(await fingerprint(home.test.database, home.homeDir), before);
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
  const dropped = await until(async () => {
    const names = await dropLeftoverDatabases(database);
    return names.length > 0 && names;
  });
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
  assert.deepEqual(last, { kind: "failed", code: "timeout", message: "its parent process is gone" });
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

test("the program of a replay says what it found, and changes nothing", async () => {
  await using home = await openReplayedHome({ script: () => "done", files: { "AGENTS.md": "Be kind." } });
  await home.define({ id: "mail", session: "cron", prompt: "look", trigger: { kind: "every", every: "1d" } });
  const { id: runId } = await home.runJob("mail");
  const { homeDir, test } = home;
  await home.write("AGENTS.md", "Be brief.");
  const before = await fingerprint(test.database, homeDir);
  const task: ReplayTask = { kind: "replay", databaseUrl: test.url, homeDir, runId, model: null };
  const told: ReplayMessage[] = [];
  for await (const message of startProgram<ReplayMessage>(task).said) told.push(message);
  const [message] = told;
  assert.ok(told.length === 1 && message?.kind === "report", JSON.stringify(told));
  assert.deepEqual(
    [message.report.verdict, message.report.differences[0]?.part, message.report.answeredCount],
    ["diverged", "AGENTS.md", 2],
  );
  assert.deepEqual(await fingerprint(test.database, homeDir), before);
});
