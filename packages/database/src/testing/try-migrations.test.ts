import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { tryMigrations } from "./try-migrations.ts";

const schema = "shelter";

async function directoryOf(t: TestContext, files: Record<string, string>): Promise<URL> {
  const path = await mkdtemp(join(tmpdir(), "roost-migrations-"));
  t.after(() => rm(path, { recursive: true }));
  await mkdir(join(path, "before"));
  for (const [name, sql] of Object.entries(files)) await writeFile(join(path, name), sql);
  return pathToFileURL(`${path}/`);
}

const first = "create table shelter.bird (name text);";
const rows = "insert into shelter.bird values ('wren'), (null);";

test("tryMigrations() applies each migration after the first to rows of the schema before it", async (t) => {
  const directory = await directoryOf(t, {
    "001-schema.sql": first,
    "002-size.sql": "alter table shelter.bird add column size integer; update shelter.bird set size = 1;",
    "before/002.sql": rows,
  });
  const seen: unknown[] = [];
  const check = async (database: { query: (sql: string) => Promise<unknown[]> }) => {
    seen.push(...(await database.query("select name, size from shelter.bird order by name")));
  };
  assert.deepEqual(await tryMigrations({ schema, directory, check }), ["002-size"]);
  assert.deepEqual(seen, [
    { name: "wren", size: 1 },
    { name: null, size: 1 },
  ]);
});

test("tryMigrations() refuses a migration without rows, and one that fails on them", async (t) => {
  const second = {
    "001-schema.sql": first,
    "002-named.sql": "alter table shelter.bird alter column name set not null;",
  };
  const without = await directoryOf(t, second);
  await assert.rejects(tryMigrations({ schema, directory: without }), {
    code: "not_found",
    message: /"002-named" of schema "shelter" is tried on no rows: write inserts .*before\/002\.sql/,
  });
  const failing = await directoryOf(t, { ...second, "before/002.sql": rows });
  await assert.rejects(tryMigrations({ schema, directory: failing }), {
    code: "internal",
    message: /"002-named".*null/,
  });
});
