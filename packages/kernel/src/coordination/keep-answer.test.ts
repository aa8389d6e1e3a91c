import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { until } from "@roost/base/testing/until";
import type { KeyedCall, Principal } from "@roost/contract";
import { reserveSubject as add, pauseJob as put } from "@roost/contract/operations";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { answersOf, createKeepAnswer } from "./keep-answer.ts";
import { sweepCoordination } from "./sweep-coordination.ts";

const keepIn = ({ database, logger }: Pick<Kernel, "database" | "logger">) =>
  createKeepAnswer(answersOf(database), { logger });

const principal: Principal = { id: "person:owner", kind: "owner", scopes: ["*"] };
const draw = { ...add, id: "draw", answersContent: { mediaTypes: ["image/png"], bytesMax: 10 } };
const call: KeyedCall = { service: "peeps", operation: add, principal, key: "k", input: { name: "Ada" } };

test("createKeepAnswer() lets one of many calls with a key do the work, and the others have its answer", async () => {
  await using opened = await createTestKernel();
  const keeps = [opened.kernel, await opened.openAnother()].map(keepIn);
  let count = 0;
  const first = await keeps[0]!(call, async () => ({ count: (count += 1) }));
  const later = await Promise.all([0, 1, 0, 1].map((index) => keeps[index]!(call, async () => assert.fail("again"))));
  assert.deepEqual(first, { output: { count: 1 }, isRepeated: false });
  assert.deepEqual(
    later,
    later.map(() => ({ output: { count: 1 }, isRepeated: true })),
  );
  const others: KeyedCall[] = [
    { ...call, key: "k2" },
    { ...call, operation: put },
    { ...call, principal: { ...principal, id: "script:a" } },
    { ...call, service: "eco" },
  ];
  for (const other of others) assert.equal((await keeps[0]!(other, async () => 1)).isRepeated, false);
  await assert.rejects(
    keeps[1]!({ ...call, input: { name: "Bo" } }, async () => 1),
    {
      code: "conflict",
      message: /used for another call/,
    },
  );
});

test("createKeepAnswer() tells content apart by its hash, and never writes it out as text", async () => {
  await using opened = await createTestKernel();
  const keepAnswer = keepIn(opened.kernel);
  const file = (text: string, mediaType = "text/vcard") => {
    const bytes = Object.assign(Buffer.from(text), { toJSON: () => assert.fail("written out") });
    return { ...call, operation: { ...add, contentField: "book" }, input: { name: "a", book: { mediaType, bytes } } };
  };
  await keepAnswer(file("one"), async () => 1);
  assert.equal((await keepAnswer(file("one"), async () => 2)).output, 1);
  for (const other of [file("two"), file("one", "text/csv"), { ...file("one"), input: { name: "a" } }])
    await assert.rejects(
      keepAnswer(other, async () => 3),
      { code: "conflict" },
    );
});

test("createKeepAnswer() refuses a second call while the first goes on", async () => {
  await using opened = await createTestKernel();
  const keepAnswer = keepIn(opened.kernel);
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const first = keepAnswer(call, async () => {
    begun.resolve();
    await gate.promise;
    return "done";
  });
  await begun.promise;
  await assert.rejects(
    keepAnswer(call, async () => "twice"),
    { code: "conflict", message: /is still running/ },
  );
  gate.resolve();
  assert.equal((await first).output, "done");
});

test("createKeepAnswer() gives a key back that was refused, and holds one whose outcome is unknown", async () => {
  await using opened = await createTestKernel();
  const keepAnswer = keepIn(opened.kernel);
  const fail = (code: "conflict" | "internal") => async () => {
    throw new RoostError(code, "no");
  };
  await assert.rejects(keepAnswer(call, fail("conflict")), { message: "no" });
  await assert.rejects(keepAnswer(call, fail("internal")), { message: "no" });
  await assert.rejects(
    keepAnswer(call, async () => "again"),
    { code: "conflict", message: /gave no answer/ },
  );
  const harmless = { ...call, operation: put };
  await assert.rejects(keepAnswer(harmless, fail("internal")), { message: "no" });
  assert.equal((await keepAnswer(harmless, async () => "again")).output, "again");
});

test("createKeepAnswer() repeats after a lost attempt only what is idempotent", async () => {
  await using opened = await createTestKernel();
  const keepAnswer = keepIn(opened.kernel);
  // The process of an attempt that never comes back.
  const lose = (operation: typeof add | typeof put) =>
    void keepAnswer({ ...call, operation }, () => new Promise<never>(() => {}));
  lose(add);
  lose(put);
  await until(async () => (await opened.kernel.database.query("select from roost.answer")).length === 2);
  await opened.clock.advance(121_000);
  await assert.rejects(
    keepAnswer(call, async () => "twice"),
    { code: "conflict", message: /gave no answer/ },
  );
  assert.equal((await keepAnswer({ ...call, operation: put }, async () => "again")).isRepeated, false);
});

test("createKeepAnswer() keeps answers for seven days, those of more than 64 KiB apart, and says so of those of more than 8 MiB", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const keepAnswer = keepIn(kernel);
  const fits = "x".repeat(64 * 1024 - 2);
  await keepAnswer(call, async () => fits);
  assert.equal((await keepAnswer(call, async () => "")).output, fits);
  const long = { ...call, key: "long" };
  const apart = `${fits}x`;
  assert.equal((await keepAnswer(long, async () => apart)).isRepeated, false);
  assert.deepEqual(await keepAnswer(long, async () => ""), { output: apart, isRepeated: true });
  const find = <Row>(sql: string) => kernel.database.query<Row>(sql);
  assert.deepEqual(await find("select key from roost.long_answer"), [{ key: "long" }]);
  assert.deepEqual(await find("select output from roost.answer where key = 'long'"), [{ output: null }]);
  const longer = { ...call, key: "longer" };
  await keepAnswer(longer, async () => "x".repeat(8 * 1024 * 1024));
  await assert.rejects(
    keepAnswer(longer, async () => ""),
    { code: "limit_exceeded", message: /read its result instead/ },
  );
  const drawing = { ...call, operation: draw };
  await keepAnswer(drawing, async () => ({ mediaType: "image/png", bytes: new Uint8Array(3) }));
  await assert.rejects(
    keepAnswer(drawing, async () => ""),
    { code: "limit_exceeded" },
  );
  await opened.clock.advance(7 * 86_400_000 + 1);
  assert.equal((await keepAnswer(call, async () => "new")).output, "new");
  await sweepCoordination(kernel);
  const [row] = await kernel.database.query<{ count: number }>("select count(*)::int as count from roost.answer");
  assert.equal(row!.count, 1);
  assert.deepEqual(await find("select key from roost.long_answer"), []);
});
