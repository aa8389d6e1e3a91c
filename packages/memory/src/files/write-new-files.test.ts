import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { mainLabels, untrustedFrom } from "@roost/contract/labels";
import { resolveHomePath } from "../disk/home-path.ts";
import { hashOf } from "../disk/read-disk-file.ts";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory } from "../testing/create-test-memory.ts";
import type { Memory } from "../memory.ts";
import { writeNewFiles, type NewFile } from "./write-new-files.ts";

function newFiles({ homeDir }: Memory, texts: Record<string, string>): Promise<NewFile[]> {
  return Promise.all(
    Object.entries(texts).map(async ([path, text]) => ({
      target: await resolveHomePath(homeDir, path),
      bytes: Buffer.from(text),
      request: { by: "person:owner", labels: path.startsWith("work/") ? untrustedFrom("import", "x") : mainLabels },
    })),
  );
}

/** Of each recorded file, by path. */
async function trustOf({ kernel: { database, labelSets } }: Memory): Promise<string[]> {
  const rows = await database.query<{ labels: number }>("select labels from memory.file order by path");
  return Promise.all(rows.map(async ({ labels }) => (await labelSets.read(database, labels)).trust));
}

const texts = { "notes/a.md": "a\n", "notes/b.md": "b\n", "work/c/d.md": "from outside\n" };
const nothing = async () => undefined;

test("writeNewFiles() writes and records all by one transaction, with their labels, and a scan finds nothing left", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  let calls = 0;
  const alongside = async () => void (calls += 1);
  assert.equal(await writeNewFiles(memory, await newFiles(memory, texts), { alongside }), true);
  assert.equal(calls, 1);
  for (const [path, text] of Object.entries(texts)) assert.equal(await home.read(path), text);
  const events = await home.events("home", ["file.written"]);
  assert.deepEqual(
    events.map(({ data }) => [data["path"], data["by"], data["sha256"]]),
    Object.entries(texts).map(([path, text]) => [path, "person:owner", hashOf(text)]),
  );
  assert.deepEqual(await trustOf(memory), ["owner", "owner", "untrusted"]);
  assert.deepEqual((await scanHome(memory)).edited, []);
  assert.deepEqual(await home.test.database.query("select id from memory.file_intent"), []);
});

test("writeNewFiles() records what it made with its labels when one of them is there, and leaves that one as it is", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  // No scan has seen it.
  await home.writeOutside("notes/b.md", "mine\n");
  const given = await newFiles(memory, texts);
  for (const { request } of given.slice(0, 1)) request.labels = untrustedFrom("import", "x");
  // The faulty one is the last: all others are on the disk.
  assert.equal(await writeNewFiles(memory, [given[0]!, given[2]!, given[1]!], { alongside: nothing }), false);
  assert.equal(await home.read("notes/b.md"), "mine\n");
  assert.equal(await home.read("notes/a.md"), "a\n");
  const events = await home.events("home", ["file.written"]);
  assert.deepEqual(events.map(({ data }) => [data["path"], data["by"]]).toSorted(), [
    ["notes/a.md", "person:owner"],
    ["work/c/d.md", "person:owner"],
  ]);
  // Of notes/a.md, of notes/b.md, which the person wrote, and of work/c/d.md.
  assert.deepEqual(await trustOf(memory), ["untrusted", "owner", "untrusted"]);
  assert.deepEqual(await home.test.database.query("select id from memory.file_intent"), []);
});

test("writeNewFiles() that died after its files and before its commit is recorded once, with its author and labels", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  // As a process that ends there: the intents are committed, the files are on the disk, nothing else is.
  const alongside = async () => {
    throw new Error("killed");
  };
  await assert.rejects(writeNewFiles(memory, await newFiles(memory, texts), { alongside }), /killed/);
  assert.equal((await home.test.database.query("select id from memory.file_intent")).length, 3);
  const another = await home.openAnother();
  await Promise.all([scanHome(memory), scanHome(another)]);
  const events = await home.events("home");
  assert.deepEqual(
    events.map(({ type, data }) => [type, data["path"], data["by"]]).toSorted(),
    Object.keys(texts).map((path) => ["file.written", path, "person:owner"]),
  );
  assert.deepEqual(await trustOf(memory), ["owner", "owner", "untrusted"]);
  assert.deepEqual(await home.test.database.query("select id from memory.file_intent"), []);
  assert.deepEqual(
    (await readdir(home.homeDir, { recursive: true })).filter((name) => name.includes(".roost-")),
    [],
  );
});
