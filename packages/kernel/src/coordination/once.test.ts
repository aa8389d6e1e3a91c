import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { beginOnce, expireOnce, failOnce, finishOnce, renewOnce, type OnceRequest } from "./begin-once.ts";
import { rememberResult } from "./remember-result.ts";
import { sweepCoordination } from "./sweep-coordination.ts";

const request = (holder: string, more: Partial<OnceRequest> = {}): OnceRequest => ({
  scope: "blog",
  key: "post 1",
  holder,
  ttlMs: 60_000,
  ...more,
});

async function eventTypes(kernel: { database: { query<Row>(sql: string): Promise<Row[]> } }): Promise<string[]> {
  const rows = await kernel.database.query<{ type: string }>(
    `select type from roost.event where topic = 'coordination' order by "offset"`,
  );
  return rows.map((row) => row.type);
}

test("beginOnce() lets one of many begin, and the others have its result", async () => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => beginOnce(kernels[index % 3] ?? opened.kernel, request(`h${index}`))),
  );
  const begun = answers.filter((answer) => answer.state === "begun");
  assert.equal(begun.length, 1);
  assert.ok(answers.every((answer) => answer.state === "begun" || answer.state === "in_progress"));
  await finishOnce(opened.kernel, {
    scope: "blog",
    key: "post 1",
    token: begun[0]?.token ?? "",
    result: { url: "/1" },
  });
  const later = await beginOnce(opened.kernel, request("later"));
  assert.deepEqual(
    [later.state, later.token, later.result, later.holder],
    ["done", null, { url: "/1" }, begun[0]?.holder],
  );
  assert.deepEqual(await eventTypes(opened.kernel), ["once.begun", "once.done"]);
});

test("beginOnce() tells of a holder that reported nothing, and gives the effect to no other", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await beginOnce(kernel, request("dies"));
  await clock.advance(61_000);
  const answer = await beginOnce(kernel, request("next"));
  assert.deepEqual([answer.state, answer.holder, answer.token], ["unknown", "dies", null]);
  assert.equal((await beginOnce(kernel, request("next"))).state, "unknown");
  assert.deepEqual(await eventTypes(kernel), ["once.begun", "once.unknown"]);
});

test("beginOnce() with retryUnknown begins again, and the first holder's word does not count any more", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const first = await beginOnce(kernel, request("dies"));
  await clock.advance(61_000);
  const second = await beginOnce(kernel, request("next", { retryUnknown: true }));
  assert.deepEqual([second.state, second.attempt], ["begun", 2]);
  await assert.rejects(finishOnce(kernel, { ...first, token: first.token ?? "" }), { code: "conflict" });
  await assert.rejects(failOnce(kernel, { ...first, token: first.token ?? "" }), { code: "conflict" });
  await finishOnce(kernel, { ...second, token: second.token ?? "", result: 2 });
  assert.equal((await beginOnce(kernel, request("third"))).result, 2);
});

test("finishOnce() by a late holder resolves the unknown, and a repeat of it changes nothing", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const late = await beginOnce(kernel, request("late"));
  await clock.advance(61_000);
  assert.equal(await expireOnce(kernel), 1);
  const token = late.token ?? "";
  assert.equal((await finishOnce(kernel, { ...late, token, result: "ok" })).state, "done");
  assert.equal((await finishOnce(kernel, { ...late, token, result: "again" })).result, "ok");
  assert.deepEqual(await eventTypes(kernel), ["once.begun", "once.unknown", "once.done"]);
});

test("failOnce() frees the effect for the next, or leaves it unknown", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const first = await beginOnce(kernel, request("a"));
  assert.deepEqual(
    await failOnce(kernel, { ...first, token: first.token ?? "", error: { code: "refused", message: "no" } }),
    { state: "free" },
  );
  const second = await beginOnce(kernel, request("b"));
  assert.deepEqual([second.state, second.attempt], ["begun", 2]);
  assert.deepEqual(await failOnce(kernel, { ...second, token: second.token ?? "", isUnknown: true }), {
    state: "unknown",
  });
  assert.equal((await beginOnce(kernel, request("c"))).state, "unknown");
});

test("finishOnce() and failOnce() contradict no earlier report: done stays done", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const once = await beginOnce(kernel, request("a"));
  const token = once.token ?? "";
  await finishOnce(kernel, { ...once, token });
  await assert.rejects(failOnce(kernel, { ...once, token }), { code: "conflict", message: /already reported as done/ });
  await assert.rejects(finishOnce(kernel, { scope: "blog", key: "never begun", token: "1" }), { code: "not_found" });
});

test("renewOnce() gives a long effect more time, but not after its time is up", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const once = await beginOnce(kernel, request("a"));
  const outcome = { ...once, token: once.token ?? "", ttlMs: 60_000 };
  await clock.advance(40_000);
  await renewOnce(kernel, outcome);
  await clock.advance(40_000);
  assert.equal((await beginOnce(kernel, request("b"))).state, "in_progress");
  await clock.advance(61_000);
  await assert.rejects(renewOnce(kernel, outcome), { code: "conflict" });
});

test("beginOnce() begins anew when the result is no longer remembered", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const once = await beginOnce(kernel, request("a"));
  await finishOnce(kernel, { ...once, token: once.token ?? "", keepMs: 3_600_000 });
  assert.equal((await beginOnce(kernel, request("b"))).state, "done");
  await clock.advance(3_600_001);
  assert.equal((await beginOnce(kernel, request("b"))).state, "begun");
});

test("rememberResult() computes once for calls at the same time, and forgets with the transaction", async () => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother()];
  const options = { scope: "api", key: "k1", fingerprint: "f" };
  let computed = 0;
  const call = (index: number) =>
    (kernels[index % 2] ?? opened.kernel).transact((tx) =>
      rememberResult(tx, options, async () => `result ${(computed += 1)}`),
    );
  await assert.rejects(
    opened.kernel.transact((tx) =>
      rememberResult(tx, options, async () => {
        throw new Error("failed");
      }),
    ),
    /failed/,
  );
  const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => call(index)));
  assert.equal(answers.filter((answer) => !answer.isRepeated).length, 1);
  assert.deepEqual(new Set(answers.map((answer) => answer.result)).size, 1);
});

test("rememberResult() refuses a key that was used for another request, and forgets after its time", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const call = (fingerprint: string, value: number) =>
    kernel.transact((tx) =>
      rememberResult(tx, { scope: "api", key: "k", fingerprint, keepMs: 60_000 }, async () => value),
    );
  assert.deepEqual(await call("a", 1), { result: 1, isRepeated: false });
  assert.deepEqual(await call("a", 2), { result: 1, isRepeated: true });
  await assert.rejects(call("b", 3), { code: "conflict", message: /used for another request/ });
  await clock.advance(60_001);
  assert.deepEqual(await call("b", 4), { result: 4, isRepeated: false });
  await clock.advance(60_001);
  assert.equal(await sweepCoordination(kernel), 1);
});

test("beginOnce() gives its token again to a sole holder alone", async () => {
  await using opened = await createTestKernel();
  const first = await beginOnce(opened.kernel, request("asks twice", { isSoleHolder: true }));
  const again = await beginOnce(opened.kernel, request("asks twice", { isSoleHolder: true }));
  assert.deepEqual([again.state, again.token, again.attempt], ["begun", first.token, 1]);
  for (const other of [request("another", { isSoleHolder: true }), request("asks twice")]) {
    const answer = await beginOnce(opened.kernel, other);
    assert.deepEqual([answer.state, answer.token], ["in_progress", null]);
  }
});
