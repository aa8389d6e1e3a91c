/** Reading and writing a home whose disk is on another machine: two directories, one database and one object store. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { silentLogger, type RoostError } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { formatLabels, parseLabels, type Labels } from "@roost/contract/labels";
import { listHomeFiles } from "../files/list-home-files.ts";
import { readHomeFile, readMarkedFile } from "../files/read-home-file.ts";
import { takeFileRange } from "../files/large-files.ts";
import { removeHomeFile } from "../files/remove-home-file.ts";
import { trustHomeFile } from "../files/trust-home-file.ts";
import { writeHomeFile } from "../files/write-home-file.ts";
import type { Memory } from "../memory.ts";
import { appendDailyNote } from "../notes/append-daily-note.ts";
import { openMemory } from "../open-memory.ts";
import { labelsOfAll } from "../records/line-marks.ts";
import { scanHome } from "../scan/scan-home.ts";
import { getState } from "../state/get-state.ts";
import { setState } from "../state/set-state.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";

const main = { kind: "main" } as const;
const agent = { as: main, by: "agent:main", runId: "run" };

/** A worker's memory on another machine. What both reach as a bucket is one folder here. */
async function openElsewhere(t: TestContext, home: TestMemory): Promise<Memory> {
  const machine = await mkdtemp(join(tmpdir(), "roost-elsewhere-"));
  t.after(() => rm(machine, { recursive: true, force: true }));
  await mkdir(join(machine, ".roost"));
  for (const area of ["objects", "parts"]) {
    await mkdir(join(home.homeDir, ".roost", area), { recursive: true });
    await symlink(join(home.homeDir, ".roost", area), join(machine, ".roost", area));
  }
  const kernel = await home.test.openAnother();
  const memory = await openMemory({ kernel, homeDir: machine, isMirrored: true, migrate: false, logger: silentLogger });
  t.after(() => memory[Symbol.asyncDispose]());
  return memory;
}

/** Who wants to change the path waits for it. */
async function holdPath(home: TestMemory, path: string) {
  const session = await home.kernel.database.openSession();
  await session.query("select pg_advisory_lock(hashtextextended('memory.file:' || $1, 0))", [path]);
  return {
    async waiting(count: number) {
      const sql =
        "select 1 from pg_locks l join pg_database d on d.oid = l.database where d.datname = current_database() and l.locktype = 'advisory' and not l.granted";
      await until("something waits for it", async () => (await session.query(sql)).length >= count);
    },
    leave: () => session[Symbol.asyncDispose](),
  };
}

test("openMirror() shows what is recorded of the home, as it changes", async (t) => {
  await using home = await createTestMemory({
    files: {
      "SOUL.md": "calm\n",
      "skills/tidy/SKILL.md": "---\nname: tidy\ndescription: Tidies.\n---\nTidy up.\n",
      "hooks/look": "#!/bin/sh\n",
      "roost.yaml": "timeZone: Europe/Berlin\n",
    },
  });
  await setState(home.memory, { name: "email", value: { seen: 3 }, by: "test" });
  const there = await openElsewhere(t, home);
  assert.equal(there.timeZone, "Europe/Berlin", "its settings are those of the home");
  const read = async (path: string) => (await readHomeFile(there, path, { as: main })).text;
  assert.equal(await read("SOUL.md"), "calm\n");
  assert.match(await read("memory/email-state.json"), /"seen": 3/);
  assert.match(await read("skills/tidy/SKILL.md"), /Tidy up/);
  assert.equal((await stat(join(there.homeDir, "hooks/look"))).mode & 0o777, 0o700);
  await home.writeOutside("SOUL.md", "calm and kind\n");
  await home.writeOutside("notes/plan.md", "one\n");
  await scanHome(home.memory);
  assert.equal(await read("SOUL.md"), "calm and kind\n");
  assert.equal(await read("notes/plan.md"), "one\n");
  await rm(join(home.homeDir, "notes/plan.md"));
  await scanHome(home.memory);
  await assert.rejects(read("notes/plan.md"), { code: "not_found" });
  // A file where there was a folder, and the other way round.
  await home.writeOutside("deep/er/one.md", "one\n");
  await scanHome(home.memory);
  assert.equal(await read("deep/er/one.md"), "one\n");
  await rm(join(home.homeDir, "deep"), { recursive: true });
  await home.writeOutside("deep", "a file\n");
  await scanHome(home.memory);
  assert.equal(await read("deep"), "a file\n");
  await rm(join(home.homeDir, "deep"));
  await home.writeOutside("deep/two.md", "two\n");
  await scanHome(home.memory);
  assert.equal(await read("deep/two.md"), "two\n");
  // Nothing here changes the home: a file of this folder is no edit.
  await rm(join(there.homeDir, "SOUL.md"));
  await scanHome(there);
  const { length } = await home.events("home", ["file.edited"]);
  await scanHome(home.memory);
  assert.equal((await home.events("home", ["file.edited"])).length, length);
  assert.ok((await listHomeFiles(home.memory, { as: main })).some(({ path }) => path === "SOUL.md"));
});

test("writeHomeFile() elsewhere is in the log with its labels at once, and the disk follows once", async (t) => {
  await using home = await createTestMemory({ files: { "notes/plan.md": "one\ntwo\nthree\nfour\n" } });
  const there = await openElsewhere(t, home);
  const path = "notes/plan.md";
  const { sha256 } = await readHomeFile(there, path, { as: main });
  const labels = parseLabels(["trust:untrusted", "src:web:example.org"]);
  const written = await writeHomeFile(there, {
    ...agent,
    path,
    expected: sha256,
    labels,
    text: "one\ntwo\nthree\nFOUR\n",
  });
  assert.equal(written.state, "written");
  assert.equal((await writeHomeFile(there, { ...agent, path, expected: sha256, text: "other\n" })).state, "conflict");
  const note = { ...agent, text: "seen", idempotencyKey: "note 1" };
  const { path: day } = await appendDailyNote(there, note);
  assert.equal((await appendDailyNote(there, note)).sha256, undefined, "the same note is written once");
  assert.match((await readHomeFile(there, day, { as: main })).text, /seen\n$/);
  await setState(there, { name: "email", value: 1, by: "agent:main" });

  assert.equal(await home.read(path), "one\ntwo\nthree\nfour\n");
  // Until then the home neither takes what stands there for an edit nor writes over it.
  const late = await writeHomeFile(home.memory, { ...agent, path, expected: sha256, text: "one\n" });
  assert.equal(late.state, "conflict");
  await scanHome(home.memory);
  assert.equal(await home.read(path), "one\ntwo\nthree\nFOUR\n");
  assert.match(await home.read(day), /seen\n$/);
  assert.equal((await getState(home.memory, "email"))?.value, 1);
  assert.match(await home.read("memory/email-state.json"), /^1/);
  const marked = await readMarkedFile(home.memory, path, { as: main });
  assert.ok(formatLabels(labelsOfAll(marked.marks)).includes("src:web:example.org"));
  const ofPlan = (await home.events("home", ["file.written", "file.edited"])).filter(({ subject }) => subject === path);
  assert.deepEqual(
    ofPlan.map(({ type }) => type),
    ["file.edited", "file.written"],
  );
  const behind = await home.kernel.database.query("select path from memory.file where behind is not null");
  assert.deepEqual(behind, []);
});

test("catchUpDisk() merges what a person edited meanwhile, and keeps both where it cannot", async (t) => {
  await using home = await createTestMemory({ files: { "notes/plan.md": "one\ntwo\nthree\nfour\n" } });
  const there = await openElsewhere(t, home);
  const path = "notes/plan.md";
  const write = async (text: string, labels?: Labels) => {
    const { sha256 } = await readHomeFile(there, path, { as: main });
    assert.equal((await writeHomeFile(there, { ...agent, path, expected: sha256, text, labels })).state, "written");
  };
  await write("one\ntwo\nthree\nFOUR\n");
  await home.writeOutside(path, "ONE\ntwo\nthree\nfour\n");
  await scanHome(home.memory);
  assert.equal(await home.read(path), "ONE\ntwo\nthree\nFOUR\n");
  assert.equal((await readHomeFile(there, path, { as: main })).text, "ONE\ntwo\nthree\nFOUR\n");

  await write("of the run\ntwo\nthree\nFOUR\n", parseLabels(["trust:untrusted", "src:web:example.org"]));
  await home.writeOutside(path, "of the person\ntwo\nthree\nFOUR\n");
  await scanHome(home.memory);
  await scanHome(home.memory);
  assert.equal(await home.read(path), "of the person\ntwo\nthree\nFOUR\n");
  const kept = (await listHomeFiles(there, { as: main })).find((file) => /plan\.agent-/.test(file.path))!;
  assert.equal(await readFile(join(home.homeDir, kept.path), "utf8"), "of the run\ntwo\nthree\nFOUR\n");
  const { marks } = await readMarkedFile(home.memory, kept.path, { as: main });
  assert.ok(formatLabels(labelsOfAll(marks)).includes("trust:untrusted"), "it keeps its marks beside the other");
  const quoting = (await home.events("notices")).find(({ data }) => String(data["text"]).includes(kept.path))!;
  assert.ok(quoting.labels.includes("trust:untrusted"), "the notice quotes it");
  const told = (await home.events("notices")).map(({ data }) => (data as { text: string }).text);
  assert.equal(told.filter((text) => text.includes(kept.path)).length, 1);
  assert.match(told.join("\n"), /- of the person\n\+ of the run/);
});

test("removeHomeFile() and trustHomeFile() take nothing of what a worker elsewhere writes at that moment", async (t) => {
  const path = "notes/plan.md";
  await using home = await createTestMemory({ files: { [path]: "one\n" } });
  const there = await openElsewhere(t, home);
  const write = async (text: string) => {
    const { sha256 } = await readHomeFile(there, path, { as: main });
    return await writeHomeFile(there, {
      ...agent,
      path,
      expected: sha256,
      text,
      labels: parseLabels(["trust:untrusted", "src:web:example.org"]),
    });
  };
  /** Both wait for the path, the write in front. */
  const afterWrite = async <Outcome>(text: string, act: () => Promise<Outcome>) => {
    const held = await holdPath(home, path);
    const writing = write(text);
    await held.waiting(1);
    const acting = act().catch((error: unknown) => error);
    await held.waiting(2);
    await held.leave();
    const written = await writing;
    assert.ok(written.state === "written");
    return { sha256: written.sha256, outcome: await acting };
  };
  const expected = (await readHomeFile(home.memory, path, { as: main })).sha256;
  const first = await afterWrite("two\n", () =>
    removeHomeFile(home.memory, { path, expected, as: main, by: "host:laptop" }),
  );
  assert.deepEqual(first.outcome, { state: "conflict", sha256: first.sha256 });
  assert.equal(await home.read(path), "two\n");
  const second = await afterWrite("two\nthree\n", () =>
    trustHomeFile(home.memory, { path, sha256: first.sha256, by: "person:owner" }),
  );
  assert.equal((second.outcome as RoostError).code, "conflict");
  await scanHome(home.memory);
  assert.equal(await home.read(path), "two\nthree\n");
  const { marks } = await readMarkedFile(home.memory, path, { as: main });
  assert.ok(formatLabels(labelsOfAll(marks)).includes("trust:untrusted"));
});

test("catchUpDisk() keeps what a worker elsewhere wrote where the disk has become too large, a folder, or a file in a folder's place", async (t) => {
  const [large, folder, below] = ["notes/large.md", "notes/folder.md", "plans/week/monday.md"];
  await using home = await createTestMemory({ files: { [large]: "one\n", [folder]: "one\n", [below]: "one\n" } });
  const there = await openElsewhere(t, home);
  for (const path of [large, folder, below]) {
    const { sha256 } = await readHomeFile(there, path, { as: main });
    const labels = parseLabels(["trust:untrusted", "src:web:example.org"]);
    await writeHomeFile(there, { ...agent, path, expected: sha256, text: `of the run: ${path}\n`, labels });
  }
  await home.writeOutside(large, "x".repeat(2 ** 20 + 1));
  await rm(join(home.homeDir, folder));
  await home.writeOutside(`${folder}/one.md`, "one\n");
  await rm(join(home.homeDir, "plans"), { recursive: true });
  await home.writeOutside("plans", "a file now\n");
  await scanHome(home.memory);
  await scanHome(home.memory);
  const files = await listHomeFiles(home.memory, { as: main });
  const notices = (await home.events("notices")).map(({ data }) => (data as { text: string }).text);
  assert.equal(await home.read("plans"), "a file now\n");
  for (const path of [large, folder, below]) {
    const beside = path === below ? "monday.md" : path;
    const kept = files.find((file) => file.path.startsWith(beside.replace(".md", ".agent-")))!;
    assert.equal(await home.read(kept.path), `of the run: ${path}\n`);
    const { marks } = await readMarkedFile(home.memory, kept.path, { as: main });
    assert.ok(formatLabels(labelsOfAll(marks)).includes("trust:untrusted"), "it keeps its marks");
    assert.equal(notices.filter((text) => text.includes(kept.path)).length, 1);
  }
  assert.deepEqual(await home.kernel.database.query("select path from memory.file where behind is not null"), []);
});

test("openMirror() shows everything else where one path is recorded as a file and as a folder", async (t) => {
  await using home = await createTestMemory({ files: { "SOUL.md": "calm\n" } });
  const [there, elsewhere] = [await openElsewhere(t, home), await openElsewhere(t, home)];
  const write = (memory: Memory, path: string) =>
    writeHomeFile(memory, { ...agent, path, expected: "absent", text: "x\n" });
  // Each looks before it sees what the other writes.
  const held = await holdPath(home, "notes/deep");
  const writing = write(there, "notes/deep");
  await held.waiting(1);
  await write(elsewhere, "notes/deep/one.md");
  await held.leave();
  await writing;
  const read = async (memory: Memory, path: string) => (await readHomeFile(memory, path, { as: main })).text;
  for (const memory of [there, elsewhere]) await read(memory, "SOUL.md");
  // What has no place is fetched once, not at each change.
  const gets = t.mock.method(elsewhere.versions, "get");
  await write(there, "notes/other.md");
  assert.equal(await read(elsewhere, "notes/other.md"), "x\n");
  assert.equal(gets.mock.callCount(), 1);
  // The home's disk takes one of them and keeps the other beside it: then both are shown.
  await home.writeOutside("SOUL.md", "calm and kind\n");
  await scanHome(home.memory);
  await scanHome(home.memory);
  for (const memory of [there, elsewhere]) {
    assert.equal(await read(memory, "SOUL.md"), "calm and kind\n");
    const files = await listHomeFiles(memory, { as: main, under: "notes" });
    assert.match(
      files.map(({ path }) => path).join(" "),
      /^notes\/deep(?:\/one\.md)? notes\/(?:deep|one)\.agent-\w+(?:\.md)? notes\/other\.md$/,
    );
  }
});

test("what is done on the home's disk itself is refused where that is elsewhere, and nothing of it begins", async (t) => {
  await using home = await createTestMemory({
    files: { "notes/plan.md": "one\n", "notes/large.md": "x".repeat(2 ** 20 + 1) },
  });
  // A large file is recorded once its times are a moment old.
  await until("the large file is recorded", async () => {
    await scanHome(home.memory);
    return (await home.kernel.database.query("select from memory.file where path = 'notes/large.md'")).length > 0;
  });
  const there = await openElsewhere(t, home);
  const path = "notes/plan.md";
  const { sha256 } = await readHomeFile(there, path, { as: main });
  const before = await home.kernel.database.query("select * from memory.file order by path");
  const elsewhere = { code: "unavailable", message: /where the home's disk is/ };
  await assert.rejects(removeHomeFile(there, { path, expected: sha256, as: main, by: "person:owner" }), elsewhere);
  await assert.rejects(trustHomeFile(there, { path, by: "person:owner" }), elsewhere);
  const range = { path: "notes/new.md", sha256, bytes: 1, from: 0, content: new Uint8Array(1), expected: "absent" };
  await assert.rejects(takeFileRange(there, { ...range, as: main, by: "host:laptop" }), elsewhere);
  await assert.rejects(readHomeFile(there, "notes/large.md", { as: main }), {
    code: "unavailable",
    message: /is large: it is read in parts/,
  });
  await assert.rejects(readHomeFile(there, "notes/none.md", { as: main }), { code: "not_found" });
  assert.deepEqual(await home.kernel.database.query("select * from memory.file order by path"), before);
});
