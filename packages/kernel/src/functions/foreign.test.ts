/** Places for consumers of foreign logs (functions/foreign.sql), and what names a schema by its content. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { canonicalJson } from "@roost/base";
import { createTestKernel } from "../testing/create-test-kernel.ts";

test("take_foreign_offset_1() takes what is new to a group, drops anything lower, and forgets with its transaction", async () => {
  await using t = await createTestKernel();
  const take = (offset: number, group = "g") =>
    t.database
      .query<{ isNew: boolean }>(`select roost.take_foreign_offset_1($1, 'orders', 3, $2) as "isNew"`, [group, offset])
      .then(([row]) => row!.isNew);
  assert.deepEqual([await take(7), await take(7), await take(6), await take(9)], [true, false, false, true]);
  assert.equal(await take(0, "another"), true);
  const undone = t.kernel.transact(async (tx) => {
    await tx.query("select roost.take_foreign_offset_1('g', 'orders', 3, 20)");
    throw new Error("the effect failed");
  });
  await assert.rejects(undone, /the effect failed/);
  assert.equal(await take(20), true);
});

test("take_foreign_event_1() takes an event of a source once, for seven days", async () => {
  await using t = await createTestKernel();
  const take = (source: string) =>
    t.database
      .query<{ isNew: boolean }>(`select roost.take_foreign_event_1($1, 'e') as "isNew"`, [source])
      .then(([row]) => row!.isNew);
  const forget = () => t.database.query("select roost.forget_foreign_events_1()");
  assert.deepEqual([await take("a"), await take("a"), await take("b")], [true, false, true]);
  await t.clock.advance(6 * 86_400_000);
  await forget();
  assert.equal(await take("a"), false);
  await t.clock.advance(2 * 86_400_000);
  await forget();
  assert.equal(await take("a"), true);
});

test("Each registered schema has the hash of its content, whatever the order of its fields", async () => {
  await using t = await createTestKernel();
  const rows = await t.database.query<{ schema: object; id: string }>(
    "select schema, content_id as id from roost.event_schema",
  );
  assert.ok(rows.length > 10);
  for (const { schema, id } of rows) assert.equal(id, createHash("sha256").update(canonicalJson(schema)).digest("hex"));
});
