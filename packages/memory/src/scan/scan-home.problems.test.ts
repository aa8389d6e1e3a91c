/** What lies in a home that no file should be: each case stops itself alone, is told once, and ends when it is put right. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { getRun, type Run } from "@roost/kernel";
import { buildContext } from "../context/build-context.ts";
import { hashOf } from "../disk/read-disk-file.ts";
import { readHomeFile } from "../files/read-home-file.ts";
import { writeHomeFile } from "../files/write-home-file.ts";
import { heartbeatDecision } from "../heartbeat/heartbeat-decision.ts";
import { appendDailyNote } from "../notes/append-daily-note.ts";
import { remember } from "../notes/remember.ts";
import { openMemory } from "../open-memory.ts";
import { listFileProblems, sayProblem } from "../records/file-problems.ts";
import { readRecords } from "../records/file-records.ts";
import { insertIntent } from "../records/write-intents.ts";
import { getState } from "../state/get-state.ts";
import { setState } from "../state/set-state.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { startJobRun } from "../testing/run-agent.ts";
import { scanHome } from "./scan-home.ts";

const as = { kind: "main" } as const;
const by = "session:main";

type Make = (home: TestMemory, path: string) => Promise<unknown>;

const folder: Make = (home, path) => mkdir(join(home.homeDir, path), { recursive: true });
const pipe: Make = async (home, path) => execFileSync("mkfifo", [join(home.homeDir, path)]);
const loop: Make = (home, path) => symlink(path, join(home.homeDir, path));
const large: Make = async (home, path) => {
  await home.writeOutside(path, "");
  await truncate(join(home.homeDir, path), 50_000_000);
};

/** Nothing of a failed write is left, and everything that looks at the home still works. */
async function assertWell(home: TestMemory): Promise<void> {
  const { memory } = home;
  assert.deepEqual(await memory.kernel.database.query("select path from memory.file_intent"), []);
  await scanHome(memory);
  await buildContext(memory, { run: await runOf(home, "main") });
  await heartbeatDecision(memory, await runOf(home, "heartbeat"));
  await setState(memory, { name: "well", value: { at: memory.kernel.createId() }, by });
  await openMemory({ kernel: home.kernel, homeDir: home.homeDir, logger: memory.logger });
}

async function runOf({ kernel }: TestMemory, kind: "main" | "heartbeat"): Promise<Run> {
  return getRun(kernel.database, await startJobRun(kernel, { jobId: kind, kind }));
}

async function noticesOf(home: TestMemory): Promise<unknown[]> {
  return (await home.events("notices", ["notice.raised"])).map(({ data }) => data["text"]);
}

for (const [title, path, make, message] of [
  ["a folder", "work/x", folder, /it is a folder/],
  ["the folder memory", "memory", folder, /is a folder of the home/],
  ["a named pipe", "pipe.md", pipe, /it is a named pipe/],
  ["a link to itself", "loop.md", loop, /it is a link/],
  ["a file that has grown over the limit", "work/log.txt", large, /50000000 bytes/],
  ["a file below a file", "file.md/below.md", (home: TestMemory) => home.writeOutside("file.md", "x"), /not a folder/],
  ["a name that is too long for the disk", `${"ü".repeat(127)}x.md`, async () => undefined, /255|too long/],
] as const) {
  test(`writeHomeFile() over ${title} is refused at once and leaves nothing that stops others`, async () => {
    await using home = await createTestMemory({ files: { "AGENTS.md": "rules" } });
    await make(home, path);
    for (const expected of ["absent", hashOf("x")])
      await assert.rejects(writeHomeFile(home.memory, { path, text: "x", expected, as, by }), message);
    await assertWell(home);
  });
}

test("writeHomeFile() over a socket is refused at once and leaves nothing that stops others", async (t) => {
  await using home = await createTestMemory();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(home.homeDir, "s.md"), resolve));
  t.after(() => server.close());
  await assert.rejects(
    writeHomeFile(home.memory, { path: "s.md", text: "x", expected: "absent", as, by }),
    /it is a socket/,
  );
  await assertWell(home);
});

for (const [title, make] of [
  ["a folder", folder],
  ["a named pipe", pipe],
  ["a file over the limit", large],
] as const) {
  test(`settleIntents() ends the intent of a dead writer where ${title} stands now`, async () => {
    await using home = await createTestMemory();
    await make(home, "x.md");
    const { memory } = home;
    const intent = { path: "x.md", previousSha256: null, sha256: hashOf("x"), bytes: 1, author: { by } };
    await insertIntent(memory, { ...intent, id: memory.kernel.createId() });
    await scanHome(memory);
    await assertWell(home);
  });
}

test("A home in which every file that sessions read is something else comes up, says so once, and recovers", async () => {
  await using home = await createTestMemory({ files: { "memory/mail-state.json": `{"unread":3}` } });
  const { memory } = home;
  await folder(home, "SOUL.md");
  await pipe(home, "AGENTS.md");
  await loop(home, "USER.md");
  await large(home, "MEMORY.md");
  await pipe(home, "HEARTBEAT.md");
  await rm(join(home.homeDir, "memory/mail-state.json"));
  await folder(home, "memory/mail-state.json");
  await home.writeOutside("jobs", "a file");
  await assertWell(home);
  await assertWell(home);

  const problems = new Map((await listFileProblems(home.test.database)).map(({ path, reason }) => [path, reason]));
  assert.deepEqual([...problems.keys()].toSorted(), [
    "AGENTS.md",
    "HEARTBEAT.md",
    "MEMORY.md",
    "SOUL.md",
    "USER.md",
    "jobs",
    "memory/mail-state.json",
  ]);
  assert.match(problems.get("MEMORY.md") ?? "", /50000000 bytes \(limit/);
  const [notice, ...others] = await noticesOf(home);
  assert.match(String(notice), /^7 files of the home could not be used: .*and 2 more\. Everything else goes on/);
  assert.deepEqual(others, []);
  assert.equal((await home.events("home", ["file.failed"])).length, 7);

  const { context } = await buildContext(memory, {
    run: await runOf(home, "main"),
  });
  const shown = new Map(context.sections.map(({ name, text }) => [name, text]));
  assert.equal(shown.get("SOUL.md"), "(SOUL.md could not be read: it is a folder, not a file)");
  assert.equal(shown.get("AGENTS.md"), "(AGENTS.md could not be read: it is a named pipe, not a file)");
  assert.match(shown.get("MEMORY.md") ?? "", /could not be read: it has 50000000 bytes/);
  // The log has the state, whatever stands in its file's place.
  assert.deepEqual((await getState(memory, "mail"))?.value, { unread: 3 });
  assert.equal((await setState(memory, { name: "mail", value: { unread: 4 }, by })).state, "changed");

  for (const path of ["SOUL.md", "AGENTS.md", "USER.md", "MEMORY.md", "HEARTBEAT.md", "jobs", "memory/mail-state.json"])
    await rm(join(home.homeDir, path), { recursive: true });
  await scanHome(memory);
  await scanHome(memory);
  assert.deepEqual(await listFileProblems(home.test.database), []);
  assert.match(String((await noticesOf(home)).at(-1)), /^The problem with /);
  assert.equal((await home.events("home", ["file.recovered"])).length, 7);
  assert.match(await home.read("memory/mail-state.json"), /"unread": 4/);
});

test("writeHomeFile() and setState() that the disk refuses leave no intent, and the state's file follows later", async () => {
  await using home = await createTestMemory({ files: { "memory/mail-state.json": `{"unread":3}` } });
  const { memory } = home;
  await withMode(home, "memory", 0o500, async () => {
    await assert.rejects(
      writeHomeFile(memory, { path: "memory/new.md", text: "x", expected: "absent", as, by }),
      /permission denied/,
    );
    assert.deepEqual(await memory.kernel.database.query("select path from memory.file_intent"), []);
    assert.equal((await setState(memory, { name: "mail", value: { unread: 4 }, by })).state, "changed");
    await scanHome(memory);
  });
  assert.deepEqual(
    (await listFileProblems(home.test.database)).map(({ path }) => path),
    ["memory/mail-state.json"],
  );
  assert.equal((await noticesOf(home)).length, 1);
  await assertWell(home);
  assert.match(await home.read("memory/mail-state.json"), /"unread": 4/);
  assert.deepEqual(await listFileProblems(home.test.database), []);
});

test("appendDailyNote() and remember() fail alone where the note of the day is a folder", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  await folder(home, `memory/${memory.calendar.dayAt(memory.kernel.clock.nowMs())}.md`);
  await assert.rejects(appendDailyNote(memory, { text: "x", as, by }), /it is a folder/);
  await assert.rejects(remember(memory, { text: "x", as, by }), /it is a folder/);
  await assertWell(home);
});

test("scanHome() tells the person of a file that conversations are shown in part, and when it is whole again", async () => {
  const text = (count: number) => `# Memory\n${"- a line of ü\n".repeat(count)}`;
  // More bytes than characters are shown, but not more characters.
  await using home = await createTestMemory({ files: { "MEMORY.md": text(1_400), "notes.md": text(5_000) } });
  await scanHome(home.memory);
  assert.deepEqual(await noticesOf(home), []);
  await home.writeOutside("MEMORY.md", `${text(3_000)}noted last`);
  await scanHome(home.memory);
  await scanHome(home.memory);
  const [notice, ...others] = await noticesOf(home);
  assert.match(
    String(notice),
    /^MEMORY\.md is used in part: only 20000 of its 42019 characters are shown to conversations: move/,
  );
  assert.deepEqual(others, []);
  const [problem] = await listFileProblems(home.test.database);
  assert.ok(problem !== undefined && String(notice).startsWith(sayProblem(problem)));
  const { context } = await buildContext(home.memory, { run: await runOf(home, "main") });
  const shown = context.sections.find(({ name }) => name === "MEMORY.md")?.text ?? "";
  assert.match(shown, /^# Memory\n[^]*\n\[22019 of 42019 characters are left out; [^]*noted last$/);
  await home.writeOutside("MEMORY.md", text(10));
  await scanHome(home.memory);
  assert.match(String((await noticesOf(home)).at(-1)), /problem with MEMORY\.md is over/);
});

test("scanHome() takes nothing for deleted in a folder that it cannot look into, and keeps the intents in it", async () => {
  await using home = await createTestMemory({
    files: { "memory/a.md": "a", "memory/mail-state.json": "{}", "b.md": "b" },
  });
  const { memory } = home;
  const intent = { path: "memory/a.md", previousSha256: hashOf("a"), sha256: hashOf("x"), bytes: 1, author: { by } };
  await insertIntent(memory, { ...intent, id: memory.kernel.createId() });
  await withMode(home, "memory", 0, async () => {
    await home.writeOutside("b.md", "edited");
    assert.deepEqual((await scanHome(memory)).edited, ["b.md"]);
    await scanHome(memory);
  });
  assert.deepEqual((await listFileProblems(home.test.database)).map(({ path }) => path).toSorted(), [
    "memory",
    "memory/a.md",
  ]);
  const [notice, ...others] = await noticesOf(home);
  assert.match(String(notice), /^2 files of the home could not be used: .*permission denied/);
  assert.deepEqual(others, []);
  assert.equal((await memory.kernel.database.query("select 1 from memory.file_intent")).length, 1);
  assert.deepEqual((await scanHome(memory)).edited, []);
  assert.deepEqual(await listFileProblems(home.test.database), []);
  await assertWell(home);
  assert.equal((await getState(memory, "mail"))?.version, 1);
  assert.equal((await readHomeFile(memory, "memory/a.md", { as })).text, "a");
});

test("scanHome() removes what dead writers left beside their files, keeps its content, and leaves live ones alone", async () => {
  await using home = await createTestMemory({ files: { "memory/a.md": "a" } });
  const { memory } = home;
  const left = ["tmp", "prev"].map((kind) => `memory/.roost-${memory.kernel.createId()}.${kind}`);
  for (const path of left) await home.writeOutside(path, path);
  const leftovers = async () =>
    (await readdir(join(home.homeDir, "memory"))).filter((name) => name.startsWith(".roost-")).length;
  await scanHome(memory);
  assert.equal(await leftovers(), 2);
  await scanHome(memory, { nowMs: Date.now() + 11 * 60_000 });
  assert.equal(await leftovers(), 0);
  for (const path of left) assert.ok(await memory.versions.get(hashOf(path)), path);
});

test("scanHome() leaves names alone that no path can have, and says so once", async () => {
  await using home = await createTestMemory({ files: { "a.md": "a" } });
  await home.writeOutside("memory/two\nlines.md", "x");
  await writeFile(Buffer.concat([Buffer.from(`${home.homeDir}/memory/`), Buffer.from([0xff, 0xfe])]), "x");
  await writeFile(join(home.homeDir, "memory/ends with a dot."), "x");
  await assertWell(home);
  await assertWell(home);
  assert.equal((await noticesOf(home)).length, 1);
  assert.match(String((await noticesOf(home))[0]), /two\\nlines\.md/);
});

test("scanHome() that is brief records the files that sessions read first, and leaves the others to the next", async () => {
  await using home = await createTestMemory({ files: { "SOUL.md": "a" } });
  for (const name of ["a", "b", "c", "d"]) await home.writeOutside(`imported/${name}.txt`, name);
  await home.writeOutside("SOUL.md", "b");
  const first = await scanHome(home.memory, { changesMax: 2 });
  assert.deepEqual([first.edited.length, first.edited.includes("SOUL.md"), first.isComplete], [2, true, false]);
  assert.equal((await scanHome(home.memory)).edited.length, 3);

  for (const day of ["01", "02", "03"]) await home.writeOutside(`memory/2026-01-${day}.md`, "x");
  for (const name of ["e", "f"]) await home.writeOutside(`imported/${name}.txt`, name);
  await home.writeOutside("SOUL.md", "c");
  const second = await scanHome(home.memory, { changesMax: 4, othersMax: 1 });
  const newest = ["SOUL.md", "memory/2026-01-01.md", "memory/2026-01-02.md", "memory/2026-01-03.md"];
  assert.deepEqual(second.edited, newest);
  const none = await scanHome(home.memory, { othersMax: 1 });
  assert.deepEqual([none.edited, none.isComplete], [[], false], "one of two is left with the other");
  assert.deepEqual((await scanHome(home.memory)).edited, ["imported/e.txt", "imported/f.txt"]);
});

test("openMemory() does not wait for the files that thousands were put beside; a scan that is stopped keeps what it has recorded", async () => {
  await using home = await createTestMemory();
  const { memory, kernel, homeDir } = home;
  await scanHome(memory);
  const paths = Array.from({ length: 120 }, (_, index) => `papers/${index}.md`);
  for (const path of paths) await home.writeOutside(path, `paper ${path}`);
  await home.writeOutside("SOUL.md", "Be calm.");
  const recorded = async () => (await readRecords(kernel.database)).keys().toArray();
  await openMemory({ kernel, homeDir, logger: memory.logger });
  assert.deepEqual(
    (await recorded()).filter((path) => path.startsWith("papers/") || path === "SOUL.md"),
    ["SOUL.md"],
  );
  const stop = new AbortController();
  const put: typeof memory.versions.put = async (...given) => {
    stop.abort();
    return await memory.versions.put(...given);
  };
  const versions = new Proxy(memory.versions, { get: (all, name) => (name === "put" ? put : Reflect.get(all, name)) });
  const stopped = await scanHome({ ...memory, versions }, { signal: stop.signal });
  const rest = await scanHome(memory);
  assert.deepEqual([stopped.isComplete, rest.isComplete], [false, true]);
  assert.ok(stopped.edited.length > 0 && rest.edited.length > 0, "a slice, and the others");
  assert.deepEqual([...stopped.edited, ...rest.edited].toSorted(), paths.toSorted());
});

test("scanHome() records a batch without the one file that cannot be recorded", async () => {
  await using home = await createTestMemory();
  for (const name of ["a", "b", "c"]) await home.writeOutside(`${name}.md`, name);
  await home.memory.kernel.database.query("alter table memory.file add constraint no_b check (path <> 'b.md')");
  assert.deepEqual((await scanHome(home.memory)).edited, ["a.md", "c.md"]);
  assert.deepEqual(
    (await listFileProblems(home.test.database)).map(({ path }) => path),
    ["b.md"],
  );
});

/** Root reads everything, so that it becomes another user for a while. */
async function withMode(home: TestMemory, path: string, mode: number, work: () => Promise<void>): Promise<void> {
  const absolute = join(home.homeDir, path);
  const isRoot = process.getuid?.() === 0;
  const nobody = 65534;
  // Another user may not open connections: there are as many as the look takes.
  if (isRoot) await Promise.all(Array.from({ length: 8 }, () => home.test.database.query("select pg_sleep(0.1)")));
  if (isRoot) execFileSync("chown", ["-R", `${nobody}:${nobody}`, home.homeDir]);
  await chmod(absolute, mode);
  if (isRoot) process.seteuid?.(nobody);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    await chmod(absolute, 0o700);
  }
}

test("scanHome() tells once of a large file that a write left and that is no version, and leaves it where it is", async () => {
  await using home = await createTestMemory();
  const path = `work/.roost-${home.memory.kernel.createId()}.prev`;
  await large(home, path);
  const nowMs = Date.now() + 11 * 60_000;
  for (let count = 0; count < 2; count += 1) await scanHome(home.memory, { nowMs });
  assert.deepEqual(
    (await listFileProblems(home.test.database)).map((problem) => problem.path),
    [path],
  );
  const [notice, ...others] = await noticesOf(home);
  assert.match(String(notice), /\.prev could not be used: it was left by a write, and has 50000000 bytes/);
  assert.deepEqual(others, []);
  await rm(join(home.homeDir, path));
  await scanHome(home.memory, { nowMs });
  assert.deepEqual(await listFileProblems(home.test.database), []);
});
