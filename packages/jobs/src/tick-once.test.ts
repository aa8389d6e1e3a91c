/** Promise 3, under load: many schedulers, no leader, lost connections; no tick twice and none lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "@roost/kernel";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { applyJobs } from "./apply-jobs.ts";
import { defineJob } from "./define-job.ts";
import { fireDueTicks } from "./fire-due-ticks.ts";
import { createScheduleCache } from "./schedule-cache.ts";

const startMs = Date.parse("2026-03-28T22:00:00Z");
const jobCount = 12;
const minutes = 5 * 60;

/** Half intervals, half cron over Berlin's change to summer time. */
const jobs = Array.from({ length: jobCount }, (_, index) => ({
  id: `job-${index}`,
  trigger:
    index % 2 === 0
      ? { kind: "every", every: "2m", anchor: "2026-03-28T22:00:30Z" }
      : { kind: "cron", expression: "*/2 * * * *", timeZone: "Europe/Berlin" },
  prompt: "",
  overlap: "allow",
  catchUp: { policy: "all", max: 1000 },
}));

async function drain(kernel: Kernel, untilDone: () => boolean): Promise<{ fired: number; failures: number }> {
  const schedules = createScheduleCache();
  let fired = 0;
  let failures = 0;
  for (;;) {
    const wasDone = untilDone();
    try {
      const pass = await fireDueTicks(kernel, { limit: 5, schedules });
      fired += pass.fired;
      if (pass.jobCount === 0 && wasDone) return { fired, failures };
    } catch {
      // A lost connection: whether the pass committed is not known, and need not be.
      failures += 1;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test(`fireDueTicks() on 3 schedulers whose connections are cut: ${(jobCount * minutes) / 2} ticks, none twice, none lost`, async (t) => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  await opened.clock.set(new Date(startMs));
  await applyJobs(opened.kernel, jobs, { by: "test", source: "test" });
  let isDone = false;
  const draining = Promise.all(kernels.map((kernel) => drain(kernel, () => isDone)));
  for (let minute = 3; minute <= minutes; minute += 3) {
    await retry(() => opened.clock.set(new Date(startMs + minute * 60_000)));
    if (minute % 30 === 0) {
      await retry(() =>
        opened.database.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and query ilike '%roost.job%' and state <> 'idle'`,
        ),
      );
    }
  }
  isDone = true;
  const drained = await draining;
  const [counts] = await opened.database.query<{
    ticks: number;
    fired: number;
    runs: number;
    keys: number;
    events: number;
  }>(
    `select (select count(*)::int from roost.tick) as ticks, (select count(*)::int from roost.tick where outcome = 'fired') as fired,
       (select count(*)::int from roost.run) as runs, (select count(distinct (job_id, tick_key))::int from roost.run) as keys,
       (select count(*)::int from roost.event where type = 'tick.fired') as events`,
  );
  t.diagnostic(
    `fired by scheduler: ${drained.map((each) => each.fired).join(", ")}; passes lost to cut connections: ${drained.map((each) => each.failures).join(", ")}`,
  );
  const expected = (jobCount * minutes) / 2;
  assert.deepEqual(counts, { ticks: expected, fired: expected, runs: expected, keys: expected, events: expected });
  const holes = await opened.database.query(
    `select job_id, scheduled_at from (
       select job_id, scheduled_at, lag(scheduled_at) over (partition by job_id order by scheduled_at) as before from roost.tick) as each
     where scheduled_at - before <> interval '2 minutes'`,
  );
  assert.deepEqual(holes, []);
});

test("fireDueTicks() fires no moment again when the clock steps back and the job is changed", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const job = {
    id: "report",
    trigger: { kind: "cron", expression: "30 8 * * *", timeZone: "UTC" },
    prompt: "",
    overlap: "allow",
  };
  await clock.set(new Date("2026-03-02T08:29:00Z"));
  await applyJobs(kernel, [job], { by: "test", source: "test" });
  await clock.set(new Date("2026-03-02T08:30:00Z"));
  assert.equal((await fireDueTicks(kernel)).fired, 1);

  await clock.set(new Date("2026-03-02T08:29:30Z"));
  await applyJobs(kernel, [{ ...job, trigger: { ...job.trigger, expression: "30 8,9 * * *" } }], {
    by: "test",
    source: "test",
  });
  await clock.set(new Date("2026-03-02T08:30:00Z"));
  const again = await fireDueTicks(kernel);

  assert.deepEqual([again.jobCount, again.fired], [1, 0], "8:30 is due a second time and fires no second time");
  await clock.set(new Date("2026-03-02T09:30:00Z"));
  assert.equal((await fireDueTicks(kernel)).fired, 1);
});

test("defineJob() with another trigger passes over no moment that waits for its jitter", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock, database } = opened;
  const jobAt = (hour: number) => ({
    id: "report",
    trigger: { kind: "cron", expression: `0 ${hour} * * *`, timeZone: "UTC" },
    prompt: "",
    jitterMs: 3_000_000,
  });
  await clock.set(new Date("2026-03-02T07:59:00Z"));
  await defineJob(kernel, jobAt(8), { by: "test" });
  await clock.set(new Date("2026-03-02T08:00:01Z"));
  assert.equal((await fireDueTicks(kernel)).jobCount, 0, "its jitter was expected to be longer than a second");

  await defineJob(kernel, jobAt(9), { by: "test" });

  const ticks = await database.query("select tick_key as key, outcome from roost.tick");
  assert.deepEqual(ticks, [{ key: "2026-03-02T08:00:00.000Z", outcome: "fired" }]);
});

async function retry(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

test("fireDueTicks() lets a tick that is skipped for overlap after an outage stand for its own moment alone", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const job = { id: "often", prompt: "look", trigger: { kind: "every", every: "20s" }, overlap: "skip" };
  await defineJob(kernel, job, { by: "a test" });
  await clock.advance(30_000);
  await fireDueTicks(kernel);
  await clock.advance(180_000);
  await fireDueTicks(kernel);

  const rows = await kernel.database.query<{ missed: number }>(
    "select missed_count as missed from roost.tick where outcome = 'skipped'",
  );
  assert.deepEqual(rows, [{ missed: 1 }]);
});
