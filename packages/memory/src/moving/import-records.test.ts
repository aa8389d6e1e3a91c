import assert from "node:assert/strict";
import { test } from "node:test";
import { newFilesMax } from "../files/write-new-files.ts";
import { createTestMemory } from "../testing/create-test-memory.ts";
import { importRecords, type MemoryRecord } from "./import-records.ts";

const labels = ["trust:untrusted", "src:import:x"];

test("importRecords() makes files of which one has another as its folder, refuses that one, and tells of each what it did", async () => {
  await using home = await createTestMemory();
  const paths = ["notes/b", "notes/b/x.md", ...Array.from({ length: newFilesMax + 8 }, (_, at) => `notes/c${at}.md`)];
  const records = paths.map((path): MemoryRecord => ({ kind: "file", ref: path, path, text: `${path}\n`, labels }));
  const terms = { source: "folder:x", by: "person:owner", isWholeHome: true };
  const outcomes = await importRecords(home.memory, records, terms);
  const actions = outcomes.map(({ action }) => action);
  assert.equal(actions.filter((action) => action === "refused").length, 1, JSON.stringify(outcomes));
  assert.equal(actions.filter((action) => action === "created").length, paths.length - 1, JSON.stringify(outcomes));
  const { database, labelSets } = home.kernel;
  const rows = await database.query<{ path: string; labels: number }>("select path, labels from memory.file");
  assert.equal(rows.length, paths.length - 1);
  for (const row of rows) assert.equal((await labelSets.read(database, row.labels)).trust, "untrusted", row.path);
  assert.deepEqual(await database.query("select id from memory.file_intent"), []);
  const again = await importRecords(home.memory, records, terms);
  assert.equal(again.filter(({ action }) => action === "same").length, paths.length - 1);
});
