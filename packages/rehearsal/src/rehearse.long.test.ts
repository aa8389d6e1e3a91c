/** Rehearsals of whole days. */
import assert from "node:assert/strict";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { scanHome } from "@roost/memory";
import { parse } from "yaml";
import { openRehearsedHome, type RehearsedHome } from "./testing/open-rehearsed-home.ts";
import { recordRun } from "./testing/record-run.ts";
import { cron, every, jobOf } from "./testing/rehearsed-jobs.ts";

const minute = 60_000;

async function jobsOf({ homeDir }: RehearsedHome): Promise<unknown[]> {
  const names = (await readdir(join(homeDir, "jobs"))).toSorted();
  return Promise.all(names.map(async (name) => parse(await readFile(join(homeDir, "jobs", name), "utf8")) as unknown));
}

test("rehearse() plays a day of the example home: every tick, what its runs are shown, and nothing else", async () => {
  await using home = await openRehearsedHome({ now: "2025-11-20T12:00:00Z" });
  await home.define(...(await jobsOf(home)));
  // It calls the model once a run.
  await recordRun(home.test, { jobId: "social-checker", durationMs: minute });
  // Friday, midnight to midnight in Berlin.
  const report = await home.rehearse({ fromMs: Date.parse("2025-11-20T23:00:00Z") });
  assert.deepEqual(
    report.jobs.map(({ jobId, fired, skipped, missed, runs }) => [jobId, fired, skipped, missed, runs]),
    [
      ["blog-writer", 1, 0, 0, 1],
      ["social-checker", 72, 0, 0, 72],
      ["video-producer", 1, 0, 0, 1],
      ["weekly-review", 0, 0, 0, 0],
    ],
  );
  assert.deepEqual([report.totals.fired, report.totals.runs, report.totals.failedRuns], [74, 74, 0]);
  assert.equal(report.totals.modelCalls, 72 + 2 * 3);
  assert.equal(report.timeline.length, 24);
  assert.deepEqual(
    report.timeline.map(({ fired }) => fired),
    Array.from({ length: 24 }, (_, hour) => (hour === 6 || hour === 10 ? 4 : 3)),
  );
  // What a cron may know, by name, and not what it may not.
  const shown = new Map(jobOf(report, "blog-writer").shown.map(({ source, tokens }) => [source, tokens]));
  for (const source of ["AGENTS.md", "SOUL.md", "USER.md", "Skills", "This session", "tools", "what is asked"])
    assert.ok((shown.get(source) ?? 0) > 0, source);
  assert.ok(!shown.has("MEMORY.md"));
  // The second run of a job is told of the first.
  const [first, second] = report.runs.filter(({ jobId }) => jobId === "social-checker");
  assert.ok((second?.shownTokens ?? 0) > (first?.shownTokens ?? 0));
  assert.deepEqual(report.bursts, [
    { jobs: ["blog-writer", "social-checker"], count: 1, firstAt: "2025-11-21T05:00:00.000Z" },
    { jobs: ["social-checker", "video-producer"], count: 1, firstAt: "2025-11-21T09:00:00.000Z" },
  ]);
  assert.equal(report.totals.costUsd, null);
  assert.match(JSON.stringify(report.assumptions), /no model is configured: tokens only/);
});

for (const { name, fromMs, hours, at } of [
  // Of 23 hours: 02:30 is not there, and runs at 03:00.
  { name: "spring", fromMs: Date.parse("2027-03-27T23:00:00Z"), hours: 23, at: "2027-03-28T01:00:00.000Z" },
  // Of 25 hours: 02:30 is there twice, and runs the first time.
  { name: "autumn", fromMs: Date.parse("2027-10-30T22:00:00Z"), hours: 25, at: "2027-10-31T00:30:00.000Z" },
]) {
  test(`rehearse() plays the day of the clock change in ${name} as the scheduler will`, async () => {
    await using home = await openRehearsedHome({ now: "2026-11-20T12:00:00Z" });
    await home.define(cron("night", "30 2 * * *"), every("hourly", "1h"));
    const report = await home.rehearse({ fromMs, hours });
    const night = report.ticks.filter(({ jobId }) => jobId === "night");
    assert.deepEqual(
      night.map(({ scheduledAt, outcome }) => [scheduledAt, outcome]),
      [[at, "fired"]],
    );
    assert.equal(jobOf(report, "hourly").fired, hours);
    assert.equal(report.timeline.length, hours);
  });
}

test("rehearse() reports who meets at the same lock or state and how that is known, and jobs of main that run side by side", async () => {
  await using home = await openRehearsedHome({ now: "2026-11-20T09:00:00Z" });
  await home.define(
    cron("mirror", "0 6 * * *", { prompt: "Mirror everything. Hold the lock backups meanwhile." }),
    cron("copy", "0 6 * * *"),
    cron("alone", "0 12 * * *", { prompt: "Take the lock backups." }),
    cron("morning", "30 7 * * *", { session: "main" }),
    cron("review", "30 7 * * *", { session: "main" }),
  );
  await recordRun(home.test, {
    jobId: "copy",
    durationMs: minute,
    tools: [
      ["lock", { name: "backups" }],
      ["set_state", { name: "shared" }],
    ],
  });
  const report = await home.rehearse({ fromMs: Date.parse("2026-11-21T00:00:00Z"), hours: 12 });
  const [first] = report.collisions;
  assert.deepEqual([first?.kind, first?.name, first?.jobs, first?.count], ["lock", "backups", ["copy", "mirror"], 1]);
  assert.equal(first?.evidence, "copy: 1 of its last 1 runs; mirror: named in its prompt");
  assert.equal(report.collisions.length, 1);
  assert.equal(report.runs.filter(({ sessionKey }) => sessionKey === "main").length, 2);
  assert.equal(report.totals.waitedMsMax, 0);
});

test("rehearse() plays a home whose state file was deleted by hand", async () => {
  await using home = await openRehearsedHome({ now: "2026-11-20T09:00:00Z" });
  await rm(join(home.homeDir, "memory/backup-state.json"));
  await scanHome(home.memory);
  const [state] = await home.kernel.database.query("select value from memory.state where name = 'backup'");
  assert.deepEqual(state, { value: null });
  await home.define(every("hourly", "1h"));
  const report = await home.rehearse({ fromMs: Date.parse("2026-11-21T00:00:00Z"), hours: 2 });
  assert.ok(report.totals.runs > 0);
});

test("rehearse() finds the run that exceeds a cap in calls, and in money at the configured price", async () => {
  await using home = await openRehearsedHome({
    now: "2026-11-20T09:00:00Z",
    files: {
      "roost.yaml": `timeZone: Europe/Berlin
models: [{ kind: openrouter, id: or, model: some/model, apiKey: "env:NOT_SET", price: { inputUsd: 0, outputUsd: 100 }, outputTokensMax: 4096 }]
budgets:
  day: { usdMax: 0.75 }
  jobs: { counted: { day: { callsMax: 7 } } }
`,
    },
  });
  await home.define(every("counted", "1h"), every("later", "1h", { enabled: false }));
  const fromMs = Date.parse("2026-11-21T00:00:00Z");
  const byCalls = await home.rehearse({ fromMs, hours: 4 });
  const calls = byCalls.caps.find(({ unit }) => unit === "calls");
  // Three calls a run: the second of the third run is one too many; then every run is refused its first.
  assert.deepEqual(
    [calls?.scope, calls?.window, calls?.max, calls?.peak, calls?.refusals, calls?.first],
    ["job:counted", "day", 7, 7, 2, { at: "2026-11-21T02:00:20.000Z", run: "counted#3", used: 7, asked: 1 }],
  );
  assert.equal(byCalls.totals.failedRuns, 2);
  // 400 tokens a call cost 4 cents, and 4,096 are reserved for each: the tenth call does not fit under 75 cents.
  const byMoney = await home.rehearse({
    fromMs,
    hours: 5,
    jobs: [every("free", "1h"), every("counted", "1h", { enabled: false })],
  });
  const money = byMoney.caps.find(({ unit }) => unit === "usd");
  assert.deepEqual(
    [money?.scope, money?.window, money?.first?.run, money?.first?.at],
    ["all", "day", "free#4", "2026-11-21T03:00:00.000Z"],
  );
  assert.ok(Math.abs((money?.first?.used ?? 0) - 0.36) < 1e-9);
  assert.ok(Math.abs((byMoney.totals.costUsd ?? 0) - 0.36) < 1e-9);
});
