import assert from "node:assert/strict";
import { test } from "node:test";
import { defineJob } from "./define-job.ts";
import { dropTicks } from "./drop-ticks.ts";
import { fireDueTicks } from "./fire-due-ticks.ts";
import { runJobNow } from "./run-job-now.ts";
import { cancelRunsIn, dropHistory, replayProjection, setRetention, sweepFinishedRuns } from "@roost/kernel";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { tickProjection } from "./tick-projection.ts";

const dayMs = 86_400_000;

test("dropTicks() and dropHistory() drop months of runs and ticks past their retention, and what is kept still follows from the log", async () => {
  await using t = await createTestKernel();
  const { kernel } = t;
  await defineJob(
    kernel,
    { id: "daily", trigger: { kind: "every", every: "1d" }, prompt: "look", overlap: "allow" },
    { by: "ann", timeZone: "UTC" },
  );
  for (let day = 0; day < 100; day += 1) {
    await t.clock.advance(dayMs);
    await fireDueTicks(kernel);
    const live = await t.database.query<{ id: string }>("select id from roost.run where ended_at is null");
    if (live.length > 0)
      await kernel.transact((tx) =>
        cancelRunsIn(
          tx,
          live.map(({ id }) => ({ runId: id, reason: "a test", by: "ann" })),
        ),
      );
  }
  await t.clock.advance(dayMs / 2);
  while ((await sweepFinishedRuns(kernel)) > 0);
  const count = async () => {
    const [row] = await t.database.query<{ ticks: number; runs: number }>(
      "select (select count(*) from roost.tick) as ticks, (select count(*) from roost.run_all) as runs",
    );
    return row!;
  };
  const before = await count();
  assert.deepEqual(await dropTicks(kernel), { tickCount: 0, isMore: false }, "kept for ever by default");
  await dropHistory(kernel);
  assert.deepEqual(await count(), before);

  await setRetention(kernel, { ticksMs: 30 * dayMs, runsMs: 40 * dayMs });
  await dropHistory(kernel);
  const { tickCount } = await dropTicks(kernel);
  const after = await count();
  assert.equal(after.ticks, before.ticks - tickCount);
  const [oldest] = await t.database.query<{ tick: Date; run: Date }>(
    "select (select min(scheduled_at) from roost.tick) as tick, (select min(ended_at) from roost.run_all) as run",
  );
  const nowMs = kernel.clock.nowMs();
  assert.ok(nowMs - oldest!.tick.getTime() <= 30 * dayMs && after.ticks >= 30, JSON.stringify({ oldest, after }));
  const runAgeMs = nowMs - oldest!.run.getTime();
  assert.ok(runAgeMs >= 39 * dayMs && runAgeMs <= 72 * dayMs, "whole months, and none that is needed");
  assert.equal((await replayProjection(kernel, tickProjection, { isCheck: true })).isEqual, true);
  await replayProjection(kernel, tickProjection);
  assert.deepEqual(await count(), after, "a replay brings nothing back");
});

test("runJobNow() refuses a key whose tick was dropped while its run is on record", async () => {
  await using t = await createTestKernel();
  const { kernel } = t;
  await defineJob(kernel, { id: "job", trigger: { kind: "manual" }, prompt: "look", overlap: "allow" }, { by: "ann" });
  const start = (idempotencyKey: string) => runJobNow(kernel, "job", { by: "ann", idempotencyKey });
  const { tick } = await start("monday");
  assert.equal((await start("monday")).isRepeated, true);
  await setRetention(kernel, { ticksMs: dayMs });
  await t.clock.advance(2 * dayMs);
  assert.equal((await dropTicks(kernel)).tickCount, 1);

  await assert.rejects(start("monday"), { code: "conflict", message: new RegExp(`started run ${tick.runId}`) });
  assert.equal((await start("tuesday")).isRepeated, false);
  const runs = await t.database.query("select 1 from roost.run");
  assert.equal(runs.length, 2);
});
