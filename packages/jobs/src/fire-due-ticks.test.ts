/** What becomes of due ticks, also in the scenarios of docs/scenarios.md. Several schedulers are several kernels on one database. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cancelRun, runLimits, type Kernel } from "@roost/kernel";
import { createTestKernel, type TestKernel } from "./testing/create-test-kernel.ts";
import { defineJob } from "./define-job.ts";
import { fireDueTicks } from "./fire-due-ticks.ts";
import { getJob, listJobs, listTicks, type Tick } from "./read-jobs.ts";

const by = "test";

async function ticksOf(kernel: Kernel, jobId = "job"): Promise<Tick[]> {
  return (await listTicks(kernel, { jobId, limit: 500 })).ticks.toReversed();
}

interface RunRow {
  id: string;
  state: string;
  tickKey: string;
  scheduledAt: Date;
  lateMs: number;
  missedCount: number;
  input: { tick: { scheduledAt: string; lateMs: number; missedCount: number } };
}

async function runsOf(opened: TestKernel, jobId = "job"): Promise<RunRow[]> {
  return opened.database.query<RunRow>(
    `select id, state, tick_key as "tickKey", scheduled_at as "scheduledAt", late_ms as "lateMs", missed_count as "missedCount", input
     from roost.run where job_id = $1 order by scheduled_at, id`,
    [jobId],
  );
}

async function endRun(opened: TestKernel, runId: string): Promise<void> {
  await cancelRun(opened.kernel, { runId, reason: "over", by });
}

const define = (kernel: Kernel, trigger: object, more: object = {}) =>
  defineJob(kernel, { id: "job", trigger, prompt: "do it", ...more }, { by });

test("A: a job due in 12 s with two schedulers on one store runs once and leaves one row", async () => {
  await using opened = await createTestKernel();
  const other = await opened.openAnother();
  await opened.clock.set(new Date("2026-03-01T12:00:00Z"));
  await define(opened.kernel, { kind: "at", at: "2026-03-01T12:00:12Z" });
  assert.equal((await fireDueTicks(opened.kernel)).jobCount, 0);
  await opened.clock.set(new Date("2026-03-01T12:00:12.100Z"));
  const passes = await Promise.all(
    [opened.kernel, other, opened.kernel, other, other].map((kernel) => fireDueTicks(kernel)),
  );
  assert.equal(
    passes.reduce((sum, pass) => sum + pass.fired, 0),
    1,
  );
  assert.deepEqual(
    (await ticksOf(opened.kernel)).map((tick) => tick.outcome),
    ["fired"],
  );
  assert.equal((await runsOf(opened)).length, 1);
  assert.equal((await getJob(opened.kernel, "job")).state, "finished");
});

test("B: a job that ran at 22:00 does not run again after a restart at 22:30", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T12:00:00Z"));
  await define(opened.kernel, { kind: "cron", expression: "0 22 * * *" });
  await opened.clock.set(new Date("2026-03-01T22:00:00.200Z"));
  assert.equal((await fireDueTicks(opened.kernel)).fired, 1);
  const [first] = await runsOf(opened);
  await endRun(opened, first?.id ?? "");
  await opened.clock.set(new Date("2026-03-01T22:30:00Z"));
  const restarted = await opened.openAnother();
  await define(restarted, { kind: "cron", expression: "0 22 * * *" });
  assert.equal((await fireDueTicks(restarted)).jobCount, 0);
  assert.equal((await ticksOf(restarted)).length, 1);
  assert.equal((await getJob(restarted, "job")).nextAt?.toISOString(), "2026-03-02T22:00:00.000Z");
});

test("C: down from 8:29:47 to 8:31:05 over an 8:30 job, it runs once, late, and knows how late", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T08:29:40Z"));
  await define(opened.kernel, { kind: "cron", expression: "30 8 * * *" });
  assert.equal((await fireDueTicks(opened.kernel)).jobCount, 0);
  await opened.clock.set(new Date("2026-03-01T08:31:05Z"));
  await fireDueTicks(await opened.openAnother());
  await fireDueTicks(opened.kernel);
  const [tick, ...more] = await ticksOf(opened.kernel);
  const [run, ...moreRuns] = await runsOf(opened);
  assert.deepEqual([more, moreRuns], [[], []]);
  assert.ok(tick !== undefined && tick.lateMs >= 65_000 && tick.lateMs < 95_000);
  assert.deepEqual(
    [run?.lateMs, run?.input.tick.lateMs, run?.input.tick.scheduledAt],
    [tick.lateMs, tick.lateMs, "2026-03-01T08:30:00.000Z"],
  );
});

test("D: down over 12 intervals, one run that was told that 12 were missed, and a row for each", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T00:00:30Z"));
  await define(opened.kernel, { kind: "every", every: "1h", anchor: "2026-03-01T00:00:00Z" });
  await opened.clock.set(new Date("2026-03-01T13:00:05Z"));
  const pass = await fireDueTicks(opened.kernel);
  assert.deepEqual([pass.fired, pass.missed, pass.skipped], [1, 12, 0]);
  const runs = await runsOf(opened);
  assert.deepEqual(
    runs.map((run) => [run.tickKey, run.missedCount, run.input.tick.missedCount]),
    [["2026-03-01T13:00:00.000Z", 12, 12]],
  );
  const ticks = await ticksOf(opened.kernel);
  assert.deepEqual(
    ticks.map((tick) => tick.scheduledAt.getUTCHours()),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  );
  assert.ok(ticks.slice(0, 12).every((tick) => tick.outcome === "missed" && tick.reason !== null));
});

test("D: what was missed is told to the next run when the one that was to make up for it is skipped", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:30Z"));
  await define(kernel, { kind: "cron", expression: "* * * * *" });
  await clock.set(new Date("2026-03-01T12:01:00Z"));
  await fireDueTicks(kernel);
  await clock.set(new Date("2026-03-01T12:06:01Z"));
  assert.deepEqual((await fireDueTicks(kernel)).fired, 0, "the first run still goes");
  const [first] = await runsOf(opened);
  await endRun(opened, first!.id);
  await clock.set(new Date("2026-03-01T12:07:00Z"));
  await fireDueTicks(kernel);
  assert.deepEqual(
    (await runsOf(opened)).map((run) => [run.missedCount, run.input.tick.missedCount]),
    [
      [0, 0],
      [4, 4],
    ],
  );
  const [job] = await opened.database.query("select missed_count as count from roost.job");
  assert.deepEqual(job, { count: 0 }, "once");
});

test("D: down over 12 intervals with catch-up skip, 12 recorded skips and no run", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T00:00:30Z"));
  await define(
    opened.kernel,
    { kind: "every", every: "1h", anchor: "2026-03-01T00:00:00Z" },
    { catchUp: { policy: "skip" } },
  );
  await opened.clock.set(new Date("2026-03-01T12:30:00Z"));
  const pass = await fireDueTicks(opened.kernel);
  assert.deepEqual([pass.fired, pass.missed, pass.skipped], [0, 0, 12]);
  assert.equal((await runsOf(opened)).length, 0);
});

test("D: down over 12 intervals with catch-up all, the last ones run one after the other, each told its moment", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T00:00:30Z"));
  await define(
    opened.kernel,
    { kind: "every", every: "1h", anchor: "2026-03-01T00:00:00Z" },
    { catchUp: { policy: "all", max: 4 } },
  );
  await opened.clock.set(new Date("2026-03-01T12:30:00Z"));
  const pass = await fireDueTicks(opened.kernel);
  assert.deepEqual([pass.fired, pass.missed], [4, 8]);
  const runs = await runsOf(opened);
  assert.deepEqual(
    runs.map((run) => [run.scheduledAt.getUTCHours(), run.missedCount, run.state]),
    [
      [9, 8, "ready"],
      [10, 0, "queued"],
      [11, 0, "queued"],
      [12, 0, "queued"],
    ],
  );
});

test("E: a one-shot that was due while nothing ran fires, or is recorded as missed when it is too old", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T08:00:00Z"));
  const trigger = { kind: "at", at: "2026-03-01T09:00:00Z" };
  await defineJob(opened.kernel, { id: "young", trigger, prompt: "" }, { by });
  await defineJob(
    opened.kernel,
    { id: "old", trigger, prompt: "", catchUp: { policy: "last", windowMs: 3_600_000 } },
    { by },
  );
  await opened.clock.set(new Date("2026-03-01T19:00:00Z"));
  await fireDueTicks(opened.kernel);
  assert.deepEqual(
    (await ticksOf(opened.kernel, "young")).map((tick) => [tick.outcome, tick.lateMs >= 10 * 3_600_000]),
    [["fired", true]],
  );
  const [old] = await ticksOf(opened.kernel, "old");
  assert.equal(old?.outcome, "missed");
  assert.match(old?.reason ?? "", /catch-up window/);
  for (const id of ["young", "old"]) assert.equal((await getJob(opened.kernel, id)).state, "finished");
});

test("I: a run that lasts 6 intervals leaves nothing queued behind it, and each skip says why", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T00:00:30Z"));
  await define(opened.kernel, { kind: "every", every: "20m", anchor: "2026-03-01T00:00:00Z" });
  for (let minute = 20; minute <= 140; minute += 20) {
    await opened.clock.set(new Date(Date.parse("2026-03-01T00:00:01Z") + minute * 60_000));
    await fireDueTicks(opened.kernel);
    assert.ok((await getJob(opened.kernel, "job")).activeRunIds.length <= 1);
  }
  const [run, ...others] = await runsOf(opened);
  assert.deepEqual(others, []);
  const ticks = await ticksOf(opened.kernel);
  assert.deepEqual(
    ticks.map((tick) => tick.outcome),
    ["fired", "skipped", "skipped", "skipped", "skipped", "skipped", "skipped"],
  );
  assert.ok(ticks.slice(1).every((tick) => tick.reason === `run ${run?.id} is still active (ready)`));
});

test("I: with queue-one exactly one waits, with queue-all each, with cancel-old only the newest, with allow none waits", async () => {
  await using opened = await createTestKernel();
  const policies = ["queue-one", "queue-all", "cancel-old", "allow"];
  await opened.clock.set(new Date("2026-03-01T00:00:30Z"));
  const trigger = { kind: "every", every: "20m", anchor: "2026-03-01T00:00:00Z" };
  for (const overlap of policies) await defineJob(opened.kernel, { id: overlap, trigger, prompt: "", overlap }, { by });
  for (let minute = 20; minute <= 80; minute += 20) {
    await opened.clock.set(new Date(Date.parse("2026-03-01T00:00:01Z") + minute * 60_000));
    await fireDueTicks(opened.kernel);
  }
  const states = async (jobId: string) => (await runsOf(opened, jobId)).map((run) => run.state);
  // No run is claimed: the first of queue-one counts as the one that waits.
  assert.deepEqual(await states("queue-one"), ["ready"]);
  assert.deepEqual(await states("queue-all"), ["ready", "queued", "queued", "queued"]);
  assert.deepEqual(await states("cancel-old"), ["cancelled", "cancelled", "cancelled", "ready"]);
  assert.deepEqual(await states("allow"), ["ready", "ready", "ready", "ready"]);
});

test("Q: hammering the lists through the due instant skips nothing", async () => {
  await using opened = await createTestKernel();
  const reader = await opened.openAnother();
  await opened.clock.set(new Date("2026-03-01T11:59:59.500Z"));
  await define(
    opened.kernel,
    { kind: "cron", expression: "* * * * * *" },
    { overlap: "allow", catchUp: { policy: "all", max: 1000 } },
  );
  const stop = new AbortController();
  const hammer = async () => {
    while (!stop.signal.aborted)
      await Promise.all([listJobs(reader, { limit: 10 }), getJob(reader, "job"), listTicks(reader, { limit: 5 })]);
  };
  const hammering = Promise.all([hammer(), hammer()]);
  for (let second = 1; second <= 20; second += 1) {
    await opened.clock.set(new Date(Date.parse("2026-03-01T12:00:00Z") + second * 1_000));
    while ((await fireDueTicks(opened.kernel)).isMore);
  }
  stop.abort();
  await hammering;
  const ticks = await ticksOf(opened.kernel);
  const firstMs = ticks[0]?.scheduledAt.getTime() ?? 0;
  assert.ok((ticks.at(-1)?.scheduledAt ?? 0) >= new Date("2026-03-01T12:00:20Z"));
  assert.deepEqual(
    ticks.map((tick) => tick.scheduledAt.getTime()),
    ticks.map((_, index) => firstMs + index * 1_000),
  );
  assert.ok(ticks.every((tick) => tick.outcome === "fired"));
});

for (const [outage, { minuteOf, at, waitingMin }] of Object.entries({
  "two hours": { minuteOf: (index: number) => index, at: "2026-03-01T08:00:00Z", waitingMin: 35 },
  "half a minute": { minuteOf: () => 0, at: "2026-03-01T06:00:37Z", waitingMin: 35 },
  "no time": { minuteOf: () => 0, at: "2026-03-01T06:00:01Z", waitingMin: 0 },
}))
  test(`after an outage of ${outage} the late runs of many jobs do not start all at once`, async () => {
    await using opened = await createTestKernel();
    await opened.clock.set(new Date("2026-03-01T00:00:00Z"));
    for (let index = 0; index < 38; index += 1) {
      const expression = `${minuteOf(index)} 6 * * *`;
      await defineJob(opened.kernel, { id: `job-${index}`, trigger: { kind: "cron", expression }, prompt: "" }, { by });
    }
    await opened.clock.set(new Date(at));
    const pass = await fireDueTicks(opened.kernel);
    assert.equal(pass.fired, 38);
    const [spread] = await opened.database.query<{ waiting: number; distinct: number; longest: number }>(
      `select count(*) filter (where state = 'waiting')::int as waiting, count(distinct wake_at)::int as distinct,
         coalesce(extract(epoch from max(wake_at) - min(created_at)), 0)::float8 as longest from roost.run`,
    );
    if (waitingMin === 0) return assert.equal(spread?.waiting, 0, "what is on time starts at once");
    assert.ok((spread?.waiting ?? 0) >= waitingMin, "they wait for their start");
    assert.ok((spread?.distinct ?? 0) >= waitingMin, "at different moments");
    assert.ok((spread?.longest ?? 0) <= 75, "within a time that grows with their number");
  });

test("outside active hours a tick is skipped and says so; the hours are judged in the job's time zone", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T06:00:00Z"));
  await defineJob(
    opened.kernel,
    {
      id: "job",
      trigger: { kind: "every", every: "30m", anchor: "2026-03-01T00:00:00Z" },
      prompt: "",
      overlap: "allow",
      activeHours: { start: "08:00", end: "09:00" },
    },
    { by, timeZone: "Europe/Berlin" },
  );
  for (let at = Date.parse("2026-03-01T06:30:01Z"); at <= Date.parse("2026-03-01T08:30:01Z"); at += 30 * 60_000) {
    await opened.clock.set(new Date(at));
    await fireDueTicks(opened.kernel);
  }
  const ticks = await ticksOf(opened.kernel);
  assert.deepEqual(
    ticks.map((tick) => `${tick.tickKey.slice(11, 16)} ${tick.outcome}`),
    ["06:30 skipped", "07:00 fired", "07:30 fired", "08:00 skipped", "08:30 skipped"],
  );
  assert.equal(ticks[0]?.reason, "outside active hours 08:00–09:00");
});

test("runs of jobs of the main session wait neither for each other nor before a question of the person", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T00:00:00Z"));
  for (const id of ["a", "b"])
    await defineJob(
      opened.kernel,
      { id, session: "main", trigger: { kind: "every", every: "1h", anchor: "2026-03-01T00:00:00Z" }, prompt: "" },
      { by },
    );
  await opened.clock.set(new Date("2026-03-01T01:00:01Z"));
  await fireDueTicks(opened.kernel);
  const runs = [...(await runsOf(opened, "a")), ...(await runsOf(opened, "b"))];
  assert.deepEqual(
    runs.map((run) => run.state),
    ["ready", "ready"],
  );
});

test("why did this run: the tick caused it, the definition caused the tick", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T00:00:00Z"));
  await define(opened.kernel, { kind: "every", every: "1h", anchor: "2026-03-01T00:00:00Z" });
  await opened.clock.set(new Date("2026-03-01T01:00:01Z"));
  await fireDueTicks(opened.kernel);
  const events = await opened.database.query<{ id: string; type: string; causation: string; correlation: string }>(
    "select id, type, causation, correlation from roost.event where topic in ('jobs', 'runs')",
  );
  const event = (type: string) => events.find((each) => each.type === type);
  assert.equal(event("run.created")?.causation, event("tick.fired")?.id);
  assert.equal(event("run.created")?.correlation, event("tick.fired")?.id);
  assert.equal(event("tick.fired")?.causation, event("job.defined")?.id);
});

test("after a long outage of many frequent jobs a pass is bounded, and passes come to the same end", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T00:00:30Z"));
  for (let index = 0; index < 5; index += 1) {
    await defineJob(
      opened.kernel,
      { id: `job-${index}`, trigger: { kind: "every", every: "1m", anchor: "2026-03-01T00:00:00Z" }, prompt: "" },
      { by },
    );
  }
  await opened.clock.set(new Date("2026-03-02T00:00:30Z"));
  let passCount = 0;
  while ((await fireDueTicks(opened.kernel)).isMore) passCount += 1;
  assert.ok(passCount >= 2, "no pass settles more than a bounded number of moments");
  for (let index = 0; index < 5; index += 1) {
    const ticks = await ticksOf(opened.kernel, `job-${index}`);
    const fired = ticks.filter((tick) => tick.outcome === "fired");
    assert.deepEqual(
      fired.map((tick) => [tick.tickKey, tick.missedCount]),
      [["2026-03-02T00:00:00.000Z", 1_439]],
    );
    assert.equal(
      ticks.reduce((sum, tick) => sum + (tick.outcome === "fired" ? 1 : tick.missedCount), 0),
      1_440,
    );
  }
});

test("a pass over jobs that each catch up on many starts no more runs than one transaction creates", async () => {
  await using opened = await createTestKernel();
  await opened.clock.set(new Date("2026-03-01T00:00:30Z"));
  const catchUp = { policy: "all", max: 60 };
  for (let index = 0; index < 20; index += 1)
    await define(
      opened.kernel,
      { kind: "every", every: "1m", anchor: "2026-03-01T00:00:00Z" },
      { id: `job-${index}`, catchUp, overlap: "allow" },
    );
  await opened.clock.set(new Date("2026-03-01T01:00:30Z"));
  const first = await fireDueTicks(opened.kernel);
  assert.ok(first.fired > 0 && first.fired <= runLimits.createMax, `${first.fired} runs in one pass`);
  let { fired, isMore } = first;
  while (isMore) {
    const pass = await fireDueTicks(opened.kernel);
    ({ isMore } = pass);
    fired += pass.fired;
  }
  assert.equal(fired, 1_200);
});
