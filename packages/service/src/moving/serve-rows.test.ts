import assert from "node:assert/strict";
import { test } from "node:test";
import { importRows, type RowsImported } from "@roost/contract";
import { createTestDatabase } from "@roost/database/testing";
import type { ServiceDatabase } from "../service.ts";
import { serveRows } from "./serve-rows.ts";

test("serveRows() numbers what comes next behind the rows that came, and a dry run moves no number", async () => {
  await using test = await createTestDatabase();
  const { database } = test;
  await database.query("create schema shelf");
  await database.query("create table shelf.book (id bigint generated always as identity primary key, title text)");
  const served = serveRows(
    { database: database as unknown as ServiceDatabase },
    { schema: "shelf", tables: [{ table: "book", key: ["id"] }] },
  );
  const { handler } = served.find(({ operation }) => operation === importRows)!;
  const take = async (ids: number[], isDryRun = false) => {
    const lines = ids.map((id) => JSON.stringify({ table: "book", row: { id, title: `number ${id}` } }));
    const content = { mediaType: "application/x-ndjson", bytes: new TextEncoder().encode(lines.join("\n")) };
    return (await handler({ isDryRun, content } as never, {} as never)) as RowsImported;
  };
  const add = async () => {
    const rows = await database.query<{ id: number }>(
      "insert into shelf.book (title) values ('new') returning id::int",
    );
    return rows[0]!.id;
  };
  assert.equal((await take([9_000], true)).createdCount, 1);
  assert.equal(await add(), 1);
  assert.equal((await take([7, 40])).createdCount, 2);
  assert.equal(await add(), 41);
  assert.equal((await take([7, 12])).createdCount, 1);
  assert.equal(await add(), 42, "the numbers never go back");
});
