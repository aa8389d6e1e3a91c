import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError, type JsonObject } from "@roost/base";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { testEvents } from "./testing/test-events.ts";
import type { KernelTransaction } from "./transact.ts";

const note = (n: number) => ({ type: "note.written", subject: "s", data: { n } });

test("transact() appends what its work emitted, in order, with its commit", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const ids = await t.kernel.transact(async (tx) => [1, 2, 3].map((n) => tx.emit(note(n))));
  const rows = await t.database.query(`select id, "offset", data from roost.event order by "offset"`);
  assert.deepEqual(
    rows,
    [1, 2, 3].map((n, index) => ({ id: ids[index], offset: index, data: { n } })),
  );
});

test("transact() appends nothing and calls nothing back when its work throws", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const called: string[] = [];
  using _ = t.kernel.wakeups.subscribe("door", () => called.push("wake"));
  const failing = t.kernel.transact(async (tx) => {
    tx.emit(note(1));
    tx.wake("door");
    tx.afterCommit(() => called.push("callback"));
    throw new Error("no");
  });
  await assert.rejects(failing, /no/);
  assert.deepEqual(await t.database.query("select id from roost.event"), []);
  assert.deepEqual(called, []);
});

test("transact() refuses a channel that cannot be woken before it commits", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const failing = t.kernel.transact(async (tx) => {
    tx.emit(note(1));
    tx.wake(`runs:${"x".repeat(300)}`);
  });
  await assert.rejects(failing, { code: "invalid_input", message: /wake-up channel/ });
  assert.deepEqual(await t.database.query("select id from roost.event"), []);
});

test("transact() appends once although its work ran twice", async () => {
  await using t = await createTestKernel({ events: testEvents });
  let attempts = 0;
  const called: number[] = [];
  await t.kernel.transact(async (tx) => {
    attempts += 1;
    tx.emit(note(attempts));
    const attempt = attempts;
    tx.afterCommit(() => called.push(attempt));
    if (attempts === 1) await tx.query("do $$ begin raise exception 'lost' using errcode = '40001'; end $$");
  });
  assert.equal(attempts, 2);
  assert.deepEqual(await t.database.query(`select "offset", data from roost.event`), [{ offset: 0, data: { n: 2 } }]);
  assert.deepEqual(called, [2]);
});

test("transact() wakes and calls back after the commit, whatever a callback throws", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const seen: unknown[] = [];
  using _log = t.kernel.wakeups.subscribe("log:notes", () => seen.push("log:notes"));
  using _door = t.kernel.wakeups.subscribe("door", () => seen.push("door"));
  await t.kernel.transact(async (tx) => {
    tx.emit(note(1));
    tx.wake("door");
    tx.afterCommit(() => {
      throw new Error("in a callback");
    });
    tx.afterCommit(() => seen.push("callback"));
    assert.deepEqual(seen, []);
  });
  assert.deepEqual(seen, ["log:notes", "door", "callback"]);
});

test("KernelTransaction.emit() refuses an invalid draft where it is made", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.transact(async (tx) => {
    assert.throws(() => tx.emit({ type: "note.written", data: { n: "one" } }), {
      code: "invalid_input",
      message: /note.written.*n: must be number/,
    });
    tx.emit(note(1));
  });
  assert.equal((await t.database.query("select id from roost.event")).length, 1);
});

test("KernelTransaction.emit() of an unknown type fails the transaction and says how to register it", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const failing = t.kernel.transact(async (tx) => {
    tx.emit(note(1));
    return tx.emit({ type: "cake.eaten", data: {} });
  });
  await assert.rejects(failing, {
    code: "invalid_input",
    message: /"cake.eaten" is not registered.*registry.register/,
  });
  assert.deepEqual(await t.database.query("select id from roost.event"), []);
});

test("KernelTransaction.emit() knows a type that another process registered meanwhile", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const another = await t.openAnother();
  const eaten = { ...testEvents[0]!, type: "cake.eaten", topic: "cakes" };
  await another.registry.register([eaten]);
  await t.kernel.transact(async (tx) => tx.emit({ type: "cake.eaten", data: { n: 1 } }));
  await another.registry.register([
    {
      ...eaten,
      version: 2,
      schema: {
        ...eaten.schema,
        properties: { ...(eaten.schema["properties"] as JsonObject), crumbs: { type: "boolean" } },
      },
    },
  ]);
  await t.kernel.transact(async (tx) => tx.emit({ type: "cake.eaten", data: { n: 2, crumbs: true } }));
  const rows = await t.database.query("select version, data from roost.event order by time");
  assert.deepEqual(rows, [
    { version: 1, data: { n: 1 } },
    { version: 2, data: { n: 2, crumbs: true } },
  ]);
});

test("KernelTransaction refuses everything once its work has ended", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const kept: { tx?: KernelTransaction } = {};
  await t.kernel.transact(async (tx) => {
    kept.tx = tx;
  });
  const ended = (error: unknown) =>
    error instanceof RoostError && error.code === "internal" && /has ended/.test(error.message);
  assert.throws(() => kept.tx!.emit(note(1)), ended);
  assert.throws(() => kept.tx!.wake("door"), ended);
  await assert.rejects(kept.tx!.query("select 1"), ended);
});
