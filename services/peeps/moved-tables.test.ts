import assert from "node:assert/strict";
import { test } from "node:test";
import type { MovedRow } from "@roost/contract";
import { peepsContract } from "./contract.ts";
import { movedTables } from "./moved-tables.ts";
import { bookOf, find, idaCard, messageOf, openPeeps, settle, type TestPeeps } from "./open-peeps.fixture.ts";

test("peeps gives all its rows to an export, and takes them back into another home: again the same, once", async () => {
  await using one = await openPeeps();
  const { client } = one;
  const png = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(5000, 7)]);
  const pictured = [
    ...idaCard,
    `PHOTO;ENCODING=b:${png.toString("base64")}`,
    "ADR:;;Quay 1;;;;",
    "URL:https://ida.example",
  ];
  await client.importContacts({
    book: bookOf(pictured, ["UID:2", "FN:Bo Ek"], ["UID:3", "FN:Cy Ek"], ["UID:4", "FN:Di Ek"]),
  });
  const idOf = async (name: string) => (await find(one, name)).id;
  const [bo, cy, di] = [await idOf("Bo"), await idOf("Cy"), await idOf("Di")];
  // Merged over two steps: whichever id is smaller, one of them refers to a row behind it.
  await client.mergePeople({ personId: cy, otherId: bo });
  await client.mergePeople({ personId: di, otherId: cy });
  await client.setCadence({ tag: "crew", days: 30 });
  await client.remind({ personId: di, text: "Return the drill", dueOn: "2021-01-31", every: "month" });
  await client.receiveMessages({
    messages: [messageOf(), messageOf({ externalId: "b", text: "My birthday is 4 May" })],
    watch: { source: "imessage", name: "mac", place: { rowid: 7 }, lagMs: 5 },
  });
  await settle(one, 2);
  const exported = await rowsOf(one, 3);
  const tables = await one.opened.database.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'svc_peeps'::regnamespace and relkind = 'r' and relname <> 'migration'",
  );
  const named = new Set(movedTables.map(({ table }) => table));
  assert.deepEqual(
    tables.map(({ name }) => name).filter((name) => !named.has(name)),
    [],
    "every table is exported",
  );
  for (const table of ["person", "merged_person", "picture", "message", "watch", "reminder"])
    assert.ok(
      exported.some((row) => row.table === table),
      table,
    );

  await using two = await openPeeps();
  const take = (rows: unknown[], isDryRun = false) => {
    const bytes = new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join("\n"));
    return two.client.importRows({ isDryRun, content: { mediaType: "application/x-ndjson", bytes } });
  };
  assert.equal((await take(exported, true)).createdCount > 0, true);
  assert.deepEqual(await rowsOf(two), [], "a dry run changes nothing");
  const first = await take(exported.toReversed());
  assert.ok(first.others.length > 0 && first.others.every(({ action }) => action === "waits"), JSON.stringify(first));
  for (let round = 0; round < 3; round += 1) await take(exported);
  assert.deepEqual(await rowsOf(two), exported);
  assert.deepEqual(await take(exported), { createdCount: 0, sameCount: exported.length, others: [] });
  assert.equal(
    (await two.client.unmergePerson({ personId: bo })).person.name,
    "Bo Ek",
    "a merge can still be taken back",
  );
  assert.equal((await two.client.receiveMessages({ messages: [messageOf()] })).repeated, 1);

  const person = exported[0] ?? assert.fail();
  const odd = await take([
    { ...person, row: { ...person.row, name: "Another" } },
    { ...person, row: { ...person.row, shoe: 44 } },
    { ...person, table: "shoe" },
    "torn",
  ]);
  assert.deepEqual(
    odd.others.map(({ action, reason }) => `${action}: ${reason}`),
    [
      "kept: another row stands here",
      "refused: person has no column shoe on both sides: it is of another version",
      "refused: there is no table shoe here: it is of another version of the service",
      "refused: it is no row of an export",
    ],
  );
  const agent = two.opened.clientFor(peepsContract, { id: "client:x", kind: "client", scopes: ["*"] });
  await assert.rejects(agent.exportRows({}), { code: "forbidden" });
});

async function rowsOf({ client }: TestPeeps, limit = 500): Promise<MovedRow[]> {
  const rows: MovedRow[] = [];
  for (let after: string | undefined; ;) {
    const { items, next } = await client.exportRows({ limit, after });
    rows.push(...items);
    if (next === null) return rows;
    after = next;
  }
}
