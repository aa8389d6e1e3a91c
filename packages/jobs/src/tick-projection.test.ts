import assert from "node:assert/strict";
import { test } from "node:test";
import { replayProjection } from "@roost/kernel";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { defineJob } from "./define-job.ts";
import { fireDueTicks } from "./fire-due-ticks.ts";
import { runJobNow } from "./run-job-now.ts";
import { tickProjection } from "./tick-projection.ts";

test("tickProjection dropped and replayed gives the same bytes: fired, skipped and missed ticks", async () => {
  await using t = await createTestKernel();
  const { kernel } = t;
  const define = (id: string, more: object) =>
    defineJob(
      kernel,
      { id, trigger: { kind: "every", every: "1m" }, prompt: "look", ...more },
      {
        by: "ann",
        timeZone: "UTC",
      },
    );
  await define("skipper", {});
  await define("catcher", { catchUp: { policy: "all", max: 2, windowMs: 3_600_000 } });
  await define("sleeper", { activeHours: { start: "00:00", end: "00:01" } });
  await runJobNow(kernel, "skipper", { idempotencyKey: "k", by: "ann" });
  for (const minutes of [1, 1, 7, 1]) {
    await t.clock.advance(minutes * 60_000);
    await fireDueTicks(kernel);
  }
  const outcomes = await t.database.query<{ outcome: string }>("select distinct outcome from roost.tick order by 1");
  assert.deepEqual(
    outcomes.map((row) => row.outcome),
    ["fired", "missed", "skipped"],
  );
  const dump = () =>
    t.database.query(`select to_jsonb(t) - 'recorded_at' as row from roost.tick t order by job_id, tick_key`);
  const before = await dump();
  const checked = await replayProjection(kernel, tickProjection, { isCheck: true });
  assert.deepEqual([checked.isEqual, checked.difference, checked.appliedCount], [true, undefined, before.length]);
  await t.database.query("truncate roost.tick");
  const replayed = await replayProjection(kernel, tickProjection);
  assert.deepEqual([replayed.state, replayed.isEqual, replayed.sha256], ["switched", false, checked.sha256]);
  assert.deepEqual(await dump(), before);
});
