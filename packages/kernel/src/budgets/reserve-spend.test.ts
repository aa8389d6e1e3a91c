import assert from "node:assert/strict";
import { test } from "node:test";
import { ownCapOf } from "@roost/contract/own-cap-of";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { begin, claim, claimOne, done, end, eventTypes, joinWorker, read, startRun } from "../testing/drive-runs.ts";
import { createRun } from "../runs/create-run.ts";
import { reserveSpend, settleSpend } from "./reserve-spend.ts";
import { readBudgets, readSpend, setBudgets } from "./set-budgets.ts";

test("L2: a run with a cap of $0.50 is stopped in its middle, at most one call above", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, { budget: { usdMax: 0.5 } });
  const { owned } = await claimOne(kernel, worker);
  let calls = 0;
  for (let seq = 1; seq <= 100; seq += 1) {
    await begin(kernel, owned, seq, { kind: "model" });
    const reservation = await reserveSpend(kernel, owned, { seq, usd: 0.06, tokens: 1_000 });
    if (!reservation.granted) {
      assert.deepEqual(
        [reservation.cap.scope, reservation.cap.unit, reservation.cap.max],
        [`run:${runId}`, "usd", 0.5],
      );
      assert.match(reservation.message, /\$0\.5000/);
      break;
    }
    calls += 1;
    await done(kernel, owned, seq, { costUsd: 0.04, tokens: 600 });
  }
  const run = await read(kernel, runId);
  assert.equal(calls, 12, "11 x $0.04 + $0.06 = $0.50 fits, one more does not");
  assert.ok(run.costUsd <= 0.5);
  assert.ok((await eventTypes(kernel, runId)).includes("budget.refused"));
});

test("L2: with a model that costs nothing the cap in tokens holds", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel, { budget: { usdMax: 0.5, tokensMax: 2_500 } });
  const { owned } = await claimOne(kernel, worker);
  const granted: boolean[] = [];
  for (let seq = 1; seq <= 4; seq += 1) {
    await begin(kernel, owned, seq);
    const reservation = await reserveSpend(kernel, owned, { seq, usd: 0, tokens: 1_000 });
    granted.push(reservation.granted);
    if (reservation.granted) await done(kernel, owned, seq, { costUsd: 0, tokens: 1_000 });
  }
  assert.deepEqual(granted, [true, true, false, false]);
});

test("reserveSpend() holds every cap when many reserve at once", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const other = await test.openAnother({ poolMax: 6 });
  await test.clock.set(new Date("2026-03-01T10:10:00Z"));
  await setBudgets(kernel, {
    caps: [
      { scope: "all", window: "day", usdMax: 1 },
      { scope: "agent:writer", window: "total", tokensMax: 700 },
    ],
  });
  await using worker = await joinWorker(kernel);
  for (let n = 0; n < 24; n += 1)
    await startRun(kernel, {
      agent: n % 2 === 0 ? "writer" : "reader",
      job: { id: `job-${n % 3}`, version: 1, tickKey: `t${n}` },
    });
  const runs = await claim(kernel, worker, 24);

  const reservations = await Promise.all(
    runs.map((run, n) =>
      reserveSpend(
        n % 2 === 0 ? kernel : other,
        { runId: run.id, epoch: run.epoch },
        { seq: 1, usd: 0.1, tokens: 100 },
      ),
    ),
  );

  const grantedTo = runs.filter((_run, n) => reservations[n]!.granted);
  assert.equal(grantedTo.length, 10, "10 x $0.10");
  assert.ok(grantedTo.filter((run) => run.agent === "writer").length <= 7);
  const [all] = await readSpend(kernel, { scopes: ["all"], windows: ["day"] });
  assert.deepEqual([all!.usdReserved.toFixed(2), all!.costUsd, all!.calls], ["1.00", 0, 10]);
});

test("reserveSpend() asked again for the same step returns the open reservation", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);

  const first = await reserveSpend(kernel, owned, { seq: 1, usd: 0.1, tokens: 1 });

  assert.deepEqual(await reserveSpend(kernel, owned, { seq: 1, usd: 0.1, tokens: 1 }), first);
  assert.equal((await read(kernel, runId)).usdReserved, 0.1);
});

test("finishStep() settles what was reserved with what was spent, in every place", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, { agent: "writer", job: { id: "blog", version: 1, tickKey: "t" } });
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await reserveSpend(kernel, owned, { seq: 1, usd: 1, tokens: 1_000 });
  await done(kernel, owned, 1, { costUsd: 0.3, tokens: 250, usage: { inputTokens: 200, outputTokens: 50 } });

  const spend = await readSpend(kernel);
  assert.deepEqual([...new Set(spend.map((row) => row.scope))], ["agent:writer", "all", "job:blog"]);
  assert.ok(
    spend.every(
      (row) =>
        row.costUsd === 0.3 &&
        row.usdReserved === 0 &&
        row.tokens === 250 &&
        row.tokensReserved === 0 &&
        row.calls === 1,
    ),
  );
  const run = await read(kernel, runId);
  assert.deepEqual([run.costUsd, run.usdReserved, run.tokens, run.callCount], [0.3, 0, 250, 1]);
});

test("settleSpend() counts once what is settled again because its answer was lost", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await setBudgets(kernel, { caps: [{ scope: "agent:careful", window: "total", usdMax: 1 }] });
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, { agent: "careful" });
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await reserveSpend(kernel, owned, { seq: 1, usd: 0.75, tokens: 10 });

  await settleSpend(kernel, owned, { seq: 1, usd: 0.75, tokens: 10 });
  await settleSpend(kernel, owned, { seq: 1, usd: 0.75, tokens: 10 });

  const run = await read(kernel, runId);
  assert.deepEqual([run.costUsd, run.tokens, run.callCount], [0.75, 10, 1]);
});

test("settleSpend() frees a reservation of which nothing was spent", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel, { budget: { usdMax: 1 } });
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await reserveSpend(kernel, owned, { seq: 1, usd: 1, tokens: 0 });
  await settleSpend(kernel, owned, { seq: 1, usd: 0, tokens: 0 });
  await settleSpend(kernel, owned, { seq: 1, usd: 0, tokens: 0 });

  assert.equal((await reserveSpend(kernel, owned, { seq: 2, usd: 1, tokens: 0 })).granted, true);
});

test("a run and what it starts spend from the same cap", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const rootId = await startRun(kernel, { budget: { usdMax: 1 } });
  const root = await claimOne(kernel, worker);
  await kernel.transact((tx) => createRun(tx, { reason: "child", input: {}, parent: { ...root.owned, seq: 1 } }));
  const child = await claimOne(kernel, worker);
  assert.equal((await reserveSpend(kernel, root.owned, { seq: 2, usd: 0.6, tokens: 0 })).granted, true);

  const refused = await reserveSpend(kernel, child.owned, { seq: 1, usd: 0.6, tokens: 0 });

  assert.ok(!refused.granted && refused.cap.scope === `run:${rootId}` && refused.cap.reserved === 0.6);
  const error = { code: "limit_exceeded", message: refused.message };
  assert.deepEqual(
    [rootId, child.owned.runId].map((id) => ownCapOf({ id, error })),
    ["usdMax", undefined],
    "its words name the run that has the cap",
  );
});

test("M: a loop that looks busy is stopped by its number of calls", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await test.clock.set(new Date("2026-03-01T10:10:00Z"));
  await setBudgets(kernel, { caps: [{ scope: "agent:poller", window: "hour", callsMax: 20 }] });
  await using worker = await joinWorker(kernel, { ttlMs: 36_000_000 });
  await startRun(kernel, { agent: "poller" });
  const { owned } = await claimOne(kernel, worker);
  let calls = 0;
  while (calls < 1_000) {
    await begin(kernel, owned, calls + 1);
    if (!(await reserveSpend(kernel, owned, { seq: calls + 1, usd: 0, tokens: 1 })).granted) break;
    calls += 1;
    await done(kernel, owned, calls, { costUsd: 0, tokens: 1 });
  }
  assert.equal(calls, 20);
  await test.clock.advance(3_600_000);
  assert.equal(
    (await reserveSpend(kernel, owned, { seq: calls + 1, usd: 0, tokens: 1 })).granted,
    true,
    "the next hour",
  );
});

test("a cap per day begins anew at midnight of the budget time zone, and a call across it counts where it was reserved", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await setBudgets(kernel, { timeZone: "Asia/Kolkata", caps: [{ scope: "all", window: "day", usdMax: 1 }] });
  await test.clock.set(new Date("2026-03-01T18:29:00Z"));
  await using worker = await joinWorker(kernel, { ttlMs: 36_000_000 });
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1);
  await reserveSpend(kernel, owned, { seq: 1, usd: 1, tokens: 0 });
  assert.equal((await reserveSpend(kernel, owned, { seq: 2, usd: 1, tokens: 0 })).granted, false);
  await test.clock.advance(120_000);

  assert.equal((await reserveSpend(kernel, owned, { seq: 2, usd: 1, tokens: 0 })).granted, true);
  await done(kernel, owned, 1, { costUsd: 0.5, tokens: 0 });

  const days = await readSpend(kernel, { scopes: ["all"], windows: ["day"], isCurrent: false });
  assert.deepEqual(
    days.map((day) => [day.period, day.costUsd, day.usdReserved]),
    [
      ["2026-03-02", 0, 1],
      ["2026-03-01", 0.5, 0],
    ],
  );
});

test("setBudgets() replaces all caps and refuses what caps nothing", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await setBudgets(kernel, {
    caps: [
      { scope: "all", window: "day", usdMax: 5, tokensMax: 1_000_000 },
      { scope: "job:blog", window: "month", usdMax: 20 },
    ],
  });
  await setBudgets(kernel, { caps: [{ scope: "all", window: "day", usdMax: 7 }] });

  assert.deepEqual(await readBudgets(kernel), { timeZone: "UTC", caps: [{ scope: "all", window: "day", usdMax: 7 }] });
  for (const cap of [
    { scope: "all", window: "day" },
    { scope: "run", window: "day", usdMax: 1 },
    { scope: "all", window: "week", usdMax: 1 },
    { scope: "all", window: "day", usdMax: -1 },
  ]) {
    await assert.rejects(setBudgets(kernel, { caps: [cap as never] }), { code: "invalid_input" });
  }
  await assert.rejects(setBudgets(kernel, { caps: [], timeZone: "Mars/Olympus" }), { code: "invalid_input" });
});

test("a cap of zero refuses everything and says so", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel, { budget: { callsMax: 0 } });
  const { owned } = await claimOne(kernel, worker);

  const refused = await reserveSpend(kernel, owned, { seq: 1, usd: 0, tokens: 0 });

  assert.ok(!refused.granted && refused.cap.unit === "calls");
  assert.equal((await end(kernel, owned)).state, "done");
});
