import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { testEvents } from "./testing/test-events.ts";

test("transact() appends what its work emitted, in order, with its commit", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const ids = await t.kernel.transact(async (tx) => [1, 2, 3].map((n) => tx.emit({ type: "note.written", subject: "r1", data: { n } })));
  const rows = await t.database.query(`select id, "offset", data from roost.event order by "offset"`);
  assert.deepEqual(rows, [1, 2, 3].map((n, index) => ({ id: ids[index], offset: index, data: { n } })));
});

test("transact() appends nothing when its work throws", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const failing = t.kernel.transact(async (tx) => {
    tx.emit({ type: "note.written", data: { n: 1 } });
    throw new Error("no");
  });
  await assert.rejects(failing, /no/);
  assert.deepEqual(await t.database.query("select id from roost.event"), []);
});
