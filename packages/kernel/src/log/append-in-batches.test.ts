import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue, RoostError } from "@roost/base";
import type { Database } from "@roost/database";
import { openKernel, type Kernel } from "../open-kernel.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { testEvents } from "../testing/test-events.ts";
import type { EventDraft } from "./event.ts";

const note = (n: number, subject = `s${n}`): EventDraft => ({ type: "note.written", subject, data: { n } });

/** A gate in front of the appends of a database. */
function createGate(database: Database) {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const query: Database["query"] = async (text, values, options) => {
    if (options?.name === "roost_append_events") await opened;
    return await database.query(text, values, options);
  };
  return {
    open,
    database: new Proxy(database, { get: (target, name) => (name === "query" ? query : bind(target, name)) }),
  };
}

function openBehind({ database }: ReturnType<typeof createGate>, { kernel }: TestKernel): Promise<Kernel> {
  return openKernel({ database, logger: kernel.logger, migrate: false, events: [] });
}

function bind(target: Database, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}

test("Kernel.append() acknowledges with the place of each event, in order", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const positions = await t.kernel.append([note(1, "s"), note(2, "s"), { ...note(3, "s"), id: "mine" }]);
  assert.deepEqual(
    positions.map((position) => position.offset),
    [0, 1, 2],
  );
  assert.equal(positions[2]?.id, "mine");
  assert.deepEqual(await t.kernel.append([]), []);
});

test("Kernel.append() commits what waits together in one transaction", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await Promise.all(Array.from({ length: 200 }, (_, n) => t.kernel.append([note(n)])));
  const [counted] = await t.database.query(
    "select count(distinct xmin::text)::int as transactions, count(*)::int as events from roost.event",
  );
  assert.deepEqual(counted, { transactions: 1, events: 200 });
});

test("Kernel.append() never splits the events of one call and bounds a group", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const calls = Array.from({ length: 5 }, (_, call) => Array.from({ length: 300 }, (_, n) => note(n, `call ${call}`)));
  await Promise.all(calls.map((drafts) => t.kernel.append(drafts)));
  const rows = await t.database.query(
    "select count(distinct xmin::text)::int as transactions from roost.event group by subject",
  );
  assert.deepEqual(
    rows,
    calls.map(() => ({ transactions: 1 })),
  );
  const [all] = await t.database.query("select count(distinct xmin::text)::int as transactions from roost.event");
  assert.deepEqual(all, { transactions: 5 });
});

test("Kernel.append() refuses a bad draft alone, before it is queued", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const good = t.kernel.append([note(1)]);
  const bad = t.kernel.append([note(2), { type: "note.written", data: {} }]);
  const subject = t.kernel.append([{ ...note(1), subject: "a\0" }]);
  const alsoGood = t.kernel.append([{ type: "note.written", data: { n: 3, text: "\\u0000 \\\\u0000 😀" } }]);
  await assert.rejects(bad, { code: "invalid_input", message: /"n" is missing/ });
  await assert.rejects(subject, { code: "invalid_input", message: /NUL/ });
  assert.equal((await Promise.all([good, alsoGood])).length, 2);
  assert.deepEqual(await t.database.query("select (data->>'n')::int as n from roost.event order by n"), [
    { n: 1 },
    { n: 3 },
  ]);
});

test("Kernel.append() replaces what PostgreSQL cannot store, as models and tools produce it", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.append([{ type: "note.written", data: { n: 1, text: "a\0b" } }]);
  await t.kernel.append([{ type: "note.written", data: { n: 2, text: "a\ud83d" } }]);
  assert.deepEqual(
    await t.database.query("select data ->> 'text' as text from roost.event order by (data->>'n')::int"),
    [{ text: "a\ufffdb" }, { text: "a\ufffd" }],
  );
});

test("Kernel.append() fails only the call whose value PostgreSQL itself refuses", async () => {
  await using t = await createTestKernel({ events: testEvents });
  // Stands for what no check foresees.
  await t.database.query("alter table roost.event add constraint unforeseen check (subject <> 'refused')");
  const good = t.kernel.append([note(1)]);
  const bad = t.kernel.append([note(2, "refused")]);
  const alsoGood = t.kernel.append([note(3)]);
  await assert.rejects(bad, { code: "invalid_input" });
  await Promise.all([good, alsoGood]);
  assert.deepEqual(await t.database.query("select (data->>'n')::int as n from roost.event order by n"), [
    { n: 1 },
    { n: 3 },
  ]);
});

test("Kernel.append() refuses data that JSON cannot express, and only that", async () => {
  const anything = { ...testEvents[0]!, schema: { type: "object" } };
  await using t = await createTestKernel({ events: [anything] });
  let deep: JsonValue = 1;
  for (let n = 0; n < 100_000; n += 1) deep = [deep];
  const circle: JsonObject = {};
  circle["self"] = circle;
  const good = t.kernel.append([note(1)]);
  for (const data of [{ deep }, circle, { big: 1n as unknown as JsonValue }]) {
    await assert.rejects(t.kernel.append([{ type: "note.written", data }]), {
      code: "invalid_input",
      message: /JSON cannot express/,
    });
  }
  await good;
});

test("Kernel.append() names the limit that an event breaks", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await assert.rejects(t.kernel.append([{ type: "note.written", data: { n: 1, text: "x".repeat(1_000_000) } }]), {
    code: "invalid_input",
    message: /limit 1000000/,
  });
  await assert.rejects(t.kernel.append([{ ...note(1), subject: "x".repeat(1025) }]), {
    code: "invalid_input",
    message: /subject.*1 to 1024/,
  });
  await assert.rejects(t.kernel.append([{ ...note(1), labels: Array.from({ length: 257 }, () => "aud:main") }]), {
    code: "invalid_input",
    message: /257 labels \(limit 256\)/,
  });
  await assert.rejects(t.kernel.append([{ ...note(1), labels: ["trust:owner", "private"] }]), {
    code: "invalid_input",
    message: /"private" is not a label/,
  });
  await assert.rejects(t.kernel.append(Array.from({ length: 10_001 }, () => note(1))), {
    code: "limit_exceeded",
    message: /limit 10000/,
  });
});

test("Kernel.append() refuses when too much waits, and goes on afterwards", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const gate = createGate(t.database);
  await using kernel = await openBehind(gate, t);
  const many = Array.from({ length: 10_000 }, (_, n) => note(n));
  // The first group leaves the queue and waits at the gate.
  const taken = kernel.append([note(1)]);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const waiting = Array.from({ length: 5 }, () => kernel.append(many));
  await assert.rejects(kernel.append([note(2)]), {
    code: "limit_exceeded",
    message: /50000 writes of kind append.*limits 50000/,
  });
  gate.open();
  await Promise.all([taken, ...waiting]);
  await kernel.append([note(3)]);
  const [counted] = await t.database.query("select count(*)::int as count from roost.event");
  assert.deepEqual(counted, { count: 50_002 });
});

test("Kernel.append() is withdrawn by its signal while it waits, not once it is sent", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const gate = createGate(t.database);
  await using kernel = await openBehind(gate, t);
  const controller = new AbortController();
  const sent = kernel.append([note(1)], { signal: controller.signal });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const queued = kernel.append([note(2)], { signal: controller.signal });
  const other = kernel.append([note(3)]);
  controller.abort(new Error("enough"));
  await assert.rejects(queued, { code: "timeout" });
  await assert.rejects(kernel.append([note(4)], { signal: controller.signal }), { code: "timeout" });
  gate.open();
  await Promise.all([sent, other]);
  assert.deepEqual(await t.database.query("select (data->>'n')::int as n from roost.event order by n"), [
    { n: 1 },
    { n: 3 },
  ]);
});

test("Kernel.append() tells every waiting call that the database is away, and works when it is back", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const another = await t.openAnother();
  // The connection dies inside the transaction.
  await t.database.query(`create function public.cut() returns trigger language plpgsql as
    $$ begin if new.subject = 'cut' then perform pg_terminate_backend(pg_backend_pid()); end if; return new; end $$`);
  await t.database.query("create trigger cut before insert on roost.event for each row execute function public.cut()");
  const both = await Promise.allSettled([another.append([note(1)]), another.append([note(2, "cut")])]);
  for (const each of both) {
    assert.ok(each.status === "rejected");
    const { code, details } = each.reason as RoostError;
    assert.deepEqual([code, details?.["outcome"]], ["unavailable", "unknown"]);
  }
  const [position] = await another.append([note(3)]);
  assert.equal(position?.offset, 0);
});

test("Kernel.append() finishes what was queued before the kernel closes, and nothing after", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const another = await t.openAnother();
  const queued = Array.from({ length: 20 }, (_, n) => another.append([note(n)]));
  await another[Symbol.asyncDispose]();
  await Promise.all(queued);
  await assert.rejects(another.append([note(1)]), { code: "unavailable", message: /closed/ });
});
