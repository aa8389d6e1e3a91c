import assert from "node:assert/strict";
import { test } from "node:test";
import { listJobs } from "@roost/jobs";
import { openRehearsedHome } from "./testing/open-rehearsed-home.ts";
import { recordRun } from "./testing/record-run.ts";
import { cron, every, jobOf } from "./testing/rehearsed-jobs.ts";

const minute = 60_000;

test("rehearse() skips the ticks of a job that takes longer than its interval, as long as its runs took so far", async () => {
  await using home = await openRehearsedHome({ now: "2026-11-20T09:00:00Z" });
  await home.define(every("slow", "10m"));
  for (const durationMs of [24 * minute, 26 * minute, 25 * minute])
    await recordRun(home.test, { jobId: "slow", durationMs });
  const report = await home.rehearse({ fromMs: Date.parse("2026-11-21T00:00:00Z"), hours: 2 });
  const { fired, skipped, durationMs, reasons } = jobOf(report, "slow");
  // 25 minutes in the middle: each run is in the way of two ticks.
  assert.deepEqual([fired, skipped], [4, 8]);
  assert.equal(Math.round(durationMs / minute), 25);
  assert.deepEqual(
    reasons.map(({ outcome, count, firstAt }) => [outcome, count, firstAt]),
    [["skipped", 8, "2026-11-21T00:10:00.000Z"]],
  );
  assert.match(reasons[0]?.reason ?? "", /^run slow#1 is still active \(running\)$/);
  assert.deepEqual(report.overlaps, [
    {
      jobId: "slow",
      policy: "skip",
      skipped: 8,
      queued: 0,
      cancelled: 0,
      atOnceMax: 1,
      firstAt: "2026-11-21T00:10:00.000Z",
    },
  ]);
  assert.match(JSON.stringify(report.assumptions), /the median of its last 3 runs/);
});

test("rehearse() tries changed jobs without applying them", async () => {
  await using home = await openRehearsedHome({ now: "2026-11-20T09:00:00Z" });
  await home.define(cron("daily", "0 6 * * *"));
  const before = await listJobs(home.kernel, { limit: 100 });
  const tried = [cron("daily", "0 6,18 * * *"), cron("new", "0 18 * * *")];
  const report = await home.rehearse({ fromMs: Date.parse("2026-11-21T00:00:00Z"), jobs: tried });
  assert.deepEqual(
    report.changes.map(({ jobId, change }) => [jobId, change]),
    [
      ["daily", "changed"],
      ["new", "created"],
    ],
  );
  assert.deepEqual([jobOf(report, "daily").fired, jobOf(report, "new").fired], [2, 1]);
  assert.deepEqual(
    report.bursts.map(({ jobs }) => jobs),
    [["daily", "new"]],
  );
  assert.deepEqual(await listJobs(home.kernel, { limit: 100 }), before);
  await assert.rejects(home.rehearse({ jobs: [cron("broken", "61 * * * *")] }), { code: "invalid_input" });
});

test("rehearse() refuses moments in the past and more than a week", async () => {
  await using home = await openRehearsedHome({ now: "2026-11-20T09:00:00Z" });
  await assert.rejects(home.rehearse({ fromMs: Date.parse("2026-11-19T09:00:00Z") }), /in the past/);
  await assert.rejects(home.rehearse({ hours: 169 }), /169 hours cannot be rehearsed: give 1 to 168/);
});
