/** The example of docs/services.md, as a reader has it who follows only that page. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { findServiceFolders, folderOf, loadService, provideModulesTo } from "@roost/service";
import { openTestService } from "@roost/service/testing";
import { readExample } from "./home-services.fixture.ts";

const linesMax = 120;

/** As the page describes it: the test knows its types no other way. */
interface Client {
  addBook(input: { title: string; friend: string }): Promise<{ book: { id: string } }>;
  listBooks(input: {
    limit: number;
    after?: string | undefined;
  }): Promise<{ items: { title: string }[]; next: string }>;
  readBook(input: { bookId: string }): Promise<{ isNew: boolean }>;
  listFriends(): Promise<{ items: { friend: string; count: number }[] }>;
}

test("The example of docs/services.md is a service of less than 120 lines that runs as the page says", async (context) => {
  const files = await readExample();
  const lines = [...files.values()]
    .join("")
    .split("\n")
    .filter((line) => line.trim() !== "").length;
  assert.ok(lines < linesMax, `it has ${lines} lines, ${linesMax} is the limit`);
  const parent = await mkdtemp(join(tmpdir(), "roost-example-"));
  context.after(() => rm(parent, { recursive: true, force: true }));
  for (const [path, text] of files) {
    await mkdir(dirname(join(parent, path)), { recursive: true });
    await writeFile(join(parent, path), text);
  }
  using _modules = provideModulesTo(parent);
  const service = await loadService(folderOf(await findServiceFolders([parent]), "shelf"));
  await using opened = await openTestService(service);
  const client = opened.clientFor(service.contract) as unknown as Client;
  const { book } = await client.addBook({ title: "The Left Hand of Darkness", friend: "Mara" });
  await client.addBook({ title: "Ubik", friend: "Mara" });
  const { items, next } = await client.listBooks({ limit: 1 });
  assert.deepEqual(items, [book]);
  const { items: others } = await client.listBooks({ limit: 5, after: next });
  assert.deepEqual(
    others.map(({ title }) => title),
    ["Ubik"],
  );
  const bookId = book.id;
  assert.deepEqual(await client.readBook({ bookId }), { isNew: true });
  assert.deepEqual(await client.readBook({ bookId }), { isNew: false });
  await assert.rejects(client.readBook({ bookId: crypto.randomUUID() }), { code: "not_found" });
  await until(async () => (await client.listFriends()).items.length > 0);
  assert.deepEqual((await client.listFriends()).items, [{ friend: "Mara", count: 1 }]);
});
