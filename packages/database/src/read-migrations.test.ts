import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { readMigrations } from "./read-migrations.ts";

test("readMigrations() reads the .sql files of a directory in the order of their numbers", async (t) => {
  const directory = await makeDirectory(t, { "010-b.sql": "SELECT 2", "002-a.sql": "SELECT 1", "README.md": "" });
  assert.deepEqual(await readMigrations(directory), [
    { name: "002-a", sql: "SELECT 1" },
    { name: "010-b", sql: "SELECT 2" },
  ]);
});

test("readMigrations() refuses a name that has no place in the order", async (t) => {
  const unnumbered = await makeDirectory(t, { "create.sql": "" });
  await assert.rejects(readMigrations(unnumbered), { code: "invalid_input", message: /"create\.sql" must be named/ });
  const doubled = await makeDirectory(t, { "001-a.sql": "", "001-b.sql": "" });
  await assert.rejects(readMigrations(doubled), {
    code: "invalid_input",
    message: /two migrations have the number 001/,
  });
});

async function makeDirectory(t: TestContext, files: Record<string, string>): Promise<URL> {
  const directory = await mkdtemp(join(tmpdir(), "roost-migrations-"));
  t.after(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return pathToFileURL(directory);
}
