import assert from "node:assert/strict";
import { test } from "node:test";
import type { Database } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { applyJobs, applyValidJobs } from "./apply-jobs.ts";
import { pauseJob, removeJob, resumeJob } from "./change-job-state.ts";
import { defineJob } from "./define-job.ts";
import { fireDueTicks } from "./fire-due-ticks.ts";
import { getJob, listJobs, listTicks, type TickPlace } from "./read-jobs.ts";
import { runJobNow } from "./run-job-now.ts";

const by = "test";
const daily = (more: object = {}) => ({
  id: "blog",
  trigger: { kind: "cron", expression: "0 6 * * *" },
  prompt: "write",
  ...more,
});

async function jobEvents(database: { query<Row>(sql: string): Promise<Row[]> }): Promise<string[]> {
  const rows = await database.query<{ type: string }>(
    `select type from roost.event where topic = 'jobs' order by time, partition, "offset"`,
  );
  return rows.map((row) => row.type);
}

test("defineJob() defines a job once: the same definition again changes nothing and emits nothing", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  const first = await defineJob(kernel, daily(), { by, timeZone: "Europe/Berlin" });
  const second = await defineJob(kernel, daily({ overlap: "skip" }), {
    by: "somebody else",
    timeZone: "Europe/Berlin",
  });
  assert.deepEqual([first.change, first.version, second.change, second.version], ["created", 1, "unchanged", 1]);
  const job = await getJob(kernel, "blog");
  assert.deepEqual([job.state, job.definedBy, job.nextAt?.toISOString()], ["active", by, "2026-03-02T05:00:00.000Z"]);
  assert.deepEqual(job.trigger, { kind: "cron", expression: "0 6 * * *", timeZone: "Europe/Berlin" });
  assert.deepEqual(await jobEvents(opened.database), ["job.defined"]);
});

test("defineJob() at the same moment from several processes makes one job and one event", async () => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  const changes = await Promise.all(
    Array.from({ length: 9 }, (_, index) => defineJob(kernels[index % 3] ?? opened.kernel, daily(), { by })),
  );
  assert.deepEqual(changes.map((change) => change.change).toSorted(), [
    "created",
    ...Array.from({ length: 8 }, () => "unchanged"),
  ]);
  assert.deepEqual(await jobEvents(opened.database), ["job.defined"]);
});

test("defineJob() with a change counts the version up, says what changed, and keeps the due moment of an unchanged trigger", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  await defineJob(kernel, daily(), { by });
  await clock.set(new Date("2026-03-02T06:00:01Z"));
  const change = await defineJob(kernel, daily({ prompt: "write more", overlap: "queue-one" }), { by });
  assert.deepEqual(
    [change.change, change.version, change.differences.map((difference) => difference.path)],
    ["changed", 2, ["overlap", "prompt"]],
  );
  assert.equal((await getJob(kernel, "blog")).nextAt?.toISOString(), "2026-03-02T06:00:00.000Z");
  assert.equal((await fireDueTicks(kernel)).fired, 1);
  assert.equal((await getJob(kernel, "blog")).lastTick?.jobVersion, 2);
});

test("defineJob() with another trigger fires what was due under the old one first", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  await defineJob(kernel, daily(), { by });
  await clock.set(new Date("2026-03-02T06:00:01Z"));
  await defineJob(kernel, daily({ trigger: { kind: "every", every: "1h" } }), { by });
  const job = await getJob(kernel, "blog");
  assert.equal(job.lastTick?.tickKey, "2026-03-02T06:00:00.000Z");
  assert.equal(job.lastTick?.jobVersion, 1);
  assert.equal(job.nextAt?.toISOString().slice(0, 18), "2026-03-02T07:00:0");
});

test("defineJob() brings a one-shot that has been back when it is rescheduled, not when its prompt changes", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const at = (time: string, more: object = {}) =>
    daily({ trigger: { kind: "at", at: `2026-03-01T${time}:00Z` }, ...more });
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  await defineJob(kernel, at("13:00"), { by });
  await clock.set(new Date("2026-03-01T13:00:01Z"));
  assert.equal((await fireDueTicks(kernel)).fired, 1);
  await defineJob(kernel, at("13:00", { prompt: "other" }), { by });
  assert.equal((await getJob(kernel, "blog")).state, "finished");
  await assert.rejects(pauseJob(kernel, "blog", { by }), { code: "conflict", message: /has finished/ });
  await defineJob(kernel, at("14:00", { overlap: "allow" }), { by });
  const job = await getJob(kernel, "blog");
  assert.deepEqual([job.state, job.nextAt?.toISOString()], ["active", "2026-03-01T14:00:00.000Z"]);
  await clock.set(new Date("2026-03-01T14:00:01Z"));
  assert.equal((await fireDueTicks(kernel)).fired, 1);
});

test("defineJob() holds to an expected version", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await defineJob(kernel, daily(), { by, expectedVersion: 0 });
  await assert.rejects(defineJob(kernel, daily(), { by, expectedVersion: 0 }), {
    code: "conflict",
    message: /at version 1, not 0/,
  });
  await defineJob(kernel, daily({ prompt: "x" }), { by, expectedVersion: 1 });
  await assert.rejects(defineJob(kernel, daily({ prompt: "y" }), { by, expectedVersion: 1 }), { code: "conflict" });
});

const refused: [title: string, written: unknown, message: RegExp][] = [
  ["no id", { trigger: { kind: "manual" }, prompt: "" }, /without an id.*id: /],
  ["an unknown trigger", { ...daily(), trigger: { kind: "sometimes" } }, /"blog".*trigger/],
  [
    "a cron expression that is none",
    daily({ trigger: { kind: "cron", expression: "0 25 * * *" } }),
    /"blog" is not valid: "0 25 \* \* \*" is not a cron expression.*hour: 25/,
  ],
  [
    "a time zone that is none",
    daily({ trigger: { kind: "cron", expression: "0 6 * * *", timeZone: "Mars/X" } }),
    /Mars\/X|time zone/,
  ],
  [
    "a filter by a field that no such event has",
    { id: "j", prompt: "x", trigger: { kind: "event", eventType: "run.done", filter: { "data.jobId": "a" } } },
    /events of type "run\.done" by "data\.jobId", which their data does not have: did you mean jobId\?/,
  ],
  [
    "an event type that is not registered",
    daily({ trigger: { kind: "event", eventType: "moon.risen" } }),
    /"moon\.risen", which is not registered/,
  ],
  ["an interval of nothing", daily({ trigger: { kind: "every", every: "10ms" } }), /at least 1s/],
];

for (const [title, written, message] of refused) {
  test(`defineJob() refuses ${title}`, async () => {
    await using opened = await createTestKernel();
    await assert.rejects(defineJob(opened.kernel, written, { by }), { code: "invalid_input", message });
  });
}

test("pauseJob() and resumeJob() leave one row for what a pause passed over, and nothing fires meanwhile", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  await defineJob(kernel, daily(), { by });
  await pauseJob(kernel, "blog", { by: "ann", reason: "holiday" });
  await pauseJob(kernel, "blog", { by: "ann" });
  await clock.set(new Date("2026-03-05T12:00:00Z"));
  assert.equal((await fireDueTicks(kernel)).jobCount, 0);
  assert.equal((await defineJob(kernel, daily({ prompt: "other" }), { by })).change, "changed");
  assert.equal((await getJob(kernel, "blog")).state, "paused");
  await resumeJob(kernel, "blog", { by: "ann" });
  const { ticks } = await listTicks(kernel, { jobId: "blog", limit: 10 });
  assert.deepEqual(
    ticks.map((tick) => [tick.tickKey, tick.outcome, tick.missedCount, tick.until?.toISOString(), tick.reason]),
    [["2026-03-02T06:00:00.000Z", "missed", 4, "2026-03-05T06:00:00.000Z", "paused by ann: holiday"]],
  );
  assert.equal((await getJob(kernel, "blog")).nextAt?.toISOString(), "2026-03-06T06:00:00.000Z");
  assert.deepEqual(await jobEvents(opened.database), [
    "job.defined",
    "job.paused",
    "job.changed",
    "tick.missed",
    "job.resumed",
  ]);
});

const often = {
  id: "often",
  trigger: { kind: "every", every: "1m", anchor: "2026-03-01T12:00:00Z" },
  prompt: "",
  overlap: "allow",
  catchUp: { policy: "all", max: 1_000 },
};

/** A clock that is a minute later whenever it is looked at: moments come due between the statements of one transaction. */
async function hurry(database: Database): Promise<void> {
  await database.query("create sequence public.looks");
  await database.query(`create or replace function roost.now() returns timestamptz language sql volatile as
    $$ select timestamptz '2026-03-01 12:00:00Z' + nextval('public.looks') * interval '1 minute' $$`);
}

for (const [how, pause] of [
  ["pauseJob()", (kernel: Kernel) => pauseJob(kernel, "often", { by })],
  ["defineJob() that disables it", (kernel: Kernel) => defineJob(kernel, { ...often, enabled: false }, { by })],
] as const) {
  test(`${how} and what lets it go on leave no moment without a row, however much time passes between their statements`, async () => {
    await using opened = await createTestKernel();
    const { kernel } = opened;
    await hurry(opened.database);
    await defineJob(kernel, often, { by });
    await pause(kernel);
    if (how === "pauseJob()") await resumeJob(kernel, "often", { by });
    else await defineJob(kernel, often, { by });
    await fireDueTicks(kernel);
    const rows = await opened.database.query<{ gapMs: number | null }>(
      `select extract(epoch from scheduled_at - lag(coalesce(until, scheduled_at)) over (order by scheduled_at))::float8 * 1000 as "gapMs" from roost.tick`,
    );
    assert.ok(rows.length > 2);
    assert.deepEqual([...new Set(rows.map((row) => row.gapMs ?? 60_000))], [60_000]);
  });
}

test("pauseJob() loses no tick that was due before it", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  await defineJob(kernel, daily(), { by });
  await clock.set(new Date("2026-03-02T06:00:10Z"));
  await pauseJob(kernel, "blog", { by });
  assert.equal((await getJob(kernel, "blog")).lastTick?.outcome, "fired");
});

test("defineJob() of a job that its definition disables keeps it and never fires it, until it is enabled there", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  await defineJob(kernel, daily({ enabled: false }), { by });
  assert.equal((await getJob(kernel, "blog")).state, "paused");
  await assert.rejects(resumeJob(kernel, "blog", { by }), { code: "conflict", message: /disabled in its definition/ });
  await defineJob(kernel, daily(), { by });
  assert.equal((await getJob(kernel, "blog")).state, "active");
  await defineJob(kernel, daily({ enabled: false }), { by });
  await clock.set(new Date("2026-03-09T12:00:00Z"));
  assert.equal((await fireDueTicks(kernel)).jobCount, 0);
});

test("removeJob() takes a job off the lists, keeps its record, and it can come back", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  await defineJob(kernel, daily(), { by });
  await removeJob(kernel, "blog", { by });
  assert.deepEqual((await listJobs(kernel, { limit: 10 })).jobs, []);
  assert.equal((await getJob(kernel, "blog")).state, "removed");
  await assert.rejects(pauseJob(kernel, "blog", { by }), { code: "not_found" });
  await assert.rejects(runJobNow(kernel, "blog", { by }), { code: "not_found" });
  await defineJob(kernel, { id: "heartbeat", prompt: "", trigger: { kind: "manual" } }, { by });
  const near = { code: "not_found", message: 'There is no job "heartbea": did you mean heartbeat?' };
  await assert.rejects(getJob(kernel, "heartbea"), near);
  await assert.rejects(runJobNow(kernel, "heartbea", { by }), near);
  await assert.rejects(pauseJob(kernel, "heartbea", { by }), near);
  await assert.rejects(getJob(kernel, "xyz"), { message: /: see roost jobs list$/ });
  const misspelt = { kind: "event", eventType: "run.faild" } as const;
  await assert.rejects(defineJob(kernel, { id: "on-failure", prompt: "", trigger: misspelt }, { by }), {
    message: /"run\.faild", which is not registered: did you mean run\.failed\?/,
  });
  await clock.set(new Date("2026-03-04T12:00:00Z"));
  assert.equal((await fireDueTicks(kernel)).jobCount, 0);
  const back = await defineJob(kernel, daily(), { by });
  assert.deepEqual([back.change, back.version], ["created", 2]);
  assert.equal((await getJob(kernel, "blog")).nextAt?.toISOString(), "2026-03-05T06:00:00.000Z");
});

test("applyJobs() creates jobs paused, never due in between, also ones that were removed, and pauses no other", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const due = { prompt: "do", trigger: { kind: "at", at: new Date(kernel.clock.nowMs() - 1_000).toISOString() } };
  const often = { prompt: "do", trigger: { kind: "every", every: "1m" } };
  const apply = (...jobs: object[]) =>
    applyJobs(kernel, jobs, {
      by: "test",
      source: "export",
      merge: true,
      paused: ["past", "gone", "here"].map((jobId) => ({ jobId, reason: "as it was" })),
    });
  for (const id of ["gone", "here"]) await defineJob(kernel, { id, ...often }, { by: "test" });
  await removeJob(kernel, "gone", { by: "test" });
  await apply({ id: "past", ...due }, { id: "gone", ...often }, { id: "here", ...often, prompt: "more" });
  const stateOf = async (id: string) => {
    const { state, pausedReason, nextAt } = await getJob(kernel, id);
    return [state, pausedReason, nextAt === null];
  };
  assert.deepEqual(await stateOf("past"), ["paused", "as it was", true]);
  assert.deepEqual(await stateOf("gone"), ["paused", "as it was", true]);
  assert.deepEqual(await stateOf("here"), ["active", null, false]);
  assert.deepEqual(await listTicks(kernel, { jobId: "past", limit: 10 }).then(({ ticks }) => ticks), []);
  await resumeJob(kernel, "gone", { by: "test" });
  assert.equal((await stateOf("gone"))[0], "active");
});

test("applyJobs() applies all or none, twice the same as once, and prunes its own", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const jobs = [daily({ id: "b" }), daily({ id: "a" }), daily({ id: "c", trigger: { kind: "manual" } })];
  const options = { by, source: "jobs/" };
  await defineJob(kernel, daily({ id: "mine" }), { by });
  await assert.rejects(applyJobs(kernel, [...jobs, { id: "d" }, { id: "e", prompt: 1 }], options), {
    code: "invalid_input",
    message: /"d".*"e"/,
  });
  assert.deepEqual(
    (await listJobs(kernel, { limit: 10 })).jobs.map((job) => job.id),
    ["mine"],
  );
  const kinds = (changes: { jobId: string; change: string }[]) =>
    changes.map((change) => `${change.jobId} ${change.change}`);
  assert.deepEqual(kinds(await applyJobs(kernel, jobs, { ...options, dryRun: true })), [
    "a created",
    "b created",
    "c created",
  ]);
  assert.deepEqual((await listJobs(kernel, { limit: 10 })).jobs.length, 1);
  assert.deepEqual(kinds(await applyJobs(kernel, jobs, options)), ["a created", "b created", "c created"]);
  assert.deepEqual(kinds(await applyJobs(kernel, jobs, options)), ["a unchanged", "b unchanged", "c unchanged"]);
  const fewer = [daily({ id: "a", prompt: "new" })];
  assert.deepEqual(kinds(await applyJobs(kernel, fewer, { ...options, dryRun: true, prune: true })), [
    "a changed",
    "b removed",
    "c removed",
  ]);
  assert.deepEqual(kinds(await applyJobs(kernel, fewer, { ...options, prune: true })), [
    "a changed",
    "b removed",
    "c removed",
  ]);
  assert.deepEqual(
    (await listJobs(kernel, { limit: 10 })).jobs.map((job) => job.id),
    ["a", "mine"],
  );
  assert.deepEqual((await jobEvents(opened.database)).length, 4 + 1 + 2);
});

test("applyValidJobs() lets a job that is not valid cost itself only: it is neither changed nor pruned", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const options = { by, source: "s", prune: true };
  await applyJobs(kernel, [daily({ id: "a" }), daily({ id: "b" })], options);
  const bad = daily({ id: "b", trigger: { kind: "cron", expression: "0 0 9 1 1 * 2027" } });
  const { changes, refused: left } = await applyValidJobs(
    kernel,
    [
      bad,
      daily({ id: "a", prompt: "new" }),
      daily({ trigger: { kind: "event", eventType: "no.such" }, id: "c" }),
      daily({ id: "a" }),
    ],
    options,
  );
  assert.deepEqual(
    changes.map(({ jobId, change }) => [jobId, change]),
    [["a", "changed"]],
  );
  assert.deepEqual(
    left.map(({ index, reason }) => [index, /7 fields|no\.such|twice/.test(reason)]),
    [
      [0, true],
      [2, true],
      [3, true],
    ],
  );
  assert.equal((await getJob(kernel, "b")).state, "active");
});

test("applyJobs() with merge brings what changed there and keeps what was changed here, again and again", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  const bring = async (more: object, dryRun = false) =>
    (await applyJobs(kernel, [daily(more)], { by, source: "import", merge: true, dryRun }))[0];
  const here = async () => (await getJob(kernel, "blog")).definition;
  await bring({});
  await defineJob(kernel, daily({ prompt: "mine", title: "t" }), { by });
  assert.equal((await bring({}))?.change, "unchanged");
  assert.equal((await here()).prompt, "mine");
  const later = { trigger: { kind: "cron", expression: "0 7 * * *" } };
  assert.deepEqual([(await bring(later, true))?.change, (await here()).trigger.kind], ["changed", "cron"]);
  const moved = await bring(later);
  assert.deepEqual([moved?.nextAt?.toISOString(), moved?.kept], ["2026-03-02T07:00:00.000Z", []]);
  assert.deepEqual([(await here()).prompt, (await here()).title], ["mine", "t"]);
  // Changed there, too: kept here, and said each time until one of them gives way.
  assert.deepEqual((await bring({ ...later, prompt: "theirs" }))?.kept, ["prompt"]);
  assert.deepEqual((await bring({ ...later, prompt: "theirs 2" }))?.kept, ["prompt"]);
  await removeJob(kernel, "blog", { by });
  assert.equal((await bring({ prompt: "back" }))?.change, "created");
  assert.equal((await here()).prompt, "back");
});

test("defineJob() with a delay fires each tick as much later, always the same, and never as late as the next moment", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T12:00:00Z"));
  await defineJob(kernel, daily({ delayMs: 217_000 }), { by });
  const { nextAt, dueAt } = await getJob(kernel, "blog");
  assert.deepEqual(
    [nextAt?.toISOString(), dueAt?.toISOString()],
    ["2026-03-02T06:00:00.000Z", "2026-03-02T06:03:37.000Z"],
  );
  await clock.set(new Date("2026-03-02T06:03:36Z"));
  assert.equal((await fireDueTicks(kernel)).fired, 0);
  await clock.set(new Date("2026-03-02T06:03:37Z"));
  assert.equal((await fireDueTicks(kernel)).fired, 1);
  assert.equal((await getJob(kernel, "blog")).dueAt?.toISOString(), "2026-03-03T06:03:37.000Z");
  await defineJob(
    kernel,
    { id: "often", trigger: { kind: "every", every: "1m" }, prompt: "", delayMs: 600_000 },
    { by },
  );
  const often = await getJob(kernel, "often");
  assert.ok((often.dueAt?.getTime() ?? 0) < (often.nextAt?.getTime() ?? 0) + 60_000);
});

test("applyJobs() refuses a job that is there twice", async () => {
  await using opened = await createTestKernel();
  await assert.rejects(applyJobs(opened.kernel, [daily(), daily()], { by, source: "f" }), {
    code: "invalid_input",
    message: /"blog" is given twice/,
  });
});

test("runJobNow() runs a paused job by hand, once per key, and keeps to its overlap policy", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await defineJob(kernel, daily({ activeHours: { start: "08:00", end: "08:00" } }), { by });
  await pauseJob(kernel, "blog", { by });
  const first = await runJobNow(kernel, "blog", { by: "ann", idempotencyKey: "k1", reason: "now" });
  assert.deepEqual([first.tick.outcome, first.isRepeated, first.tick.tickKey], ["fired", false, "manual:k1"]);
  const again = await runJobNow(kernel, "blog", { by: "ann", idempotencyKey: "k1" });
  assert.deepEqual([again.tick.runId, again.isRepeated], [first.tick.runId, true]);
  const other = await runJobNow(kernel, "blog", { by: "ann" });
  assert.deepEqual(
    [other.tick.outcome, other.tick.reason],
    ["skipped", `run ${first.tick.runId} is still active (ready)`],
  );
  assert.equal((await runJobNow(kernel, "blog", { by: "ann", isForced: true })).tick.outcome, "fired");
  assert.equal((await getJob(kernel, "blog")).activeRunIds.length, 2);
  const [run] = await opened.database.query<{ reason: string; input: { prompt: string } }>(
    "select reason, input from roost.run where id = $1",
    [first.tick.runId],
  );
  assert.deepEqual([run?.reason, run?.input.prompt], ["started by ann: now", "write"]);
});

test("runJobNow() with one key from several processes starts one run", async () => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  await defineJob(opened.kernel, daily({ overlap: "allow" }), { by });
  const answers = await Promise.all(
    Array.from({ length: 9 }, (_, index) =>
      runJobNow(kernels[index % 3] ?? opened.kernel, "blog", { by, idempotencyKey: "k" }),
    ),
  );
  assert.equal(new Set(answers.map((answer) => answer.tick.runId)).size, 1);
  assert.equal(answers.filter((answer) => !answer.isRepeated).length, 1);
});

test("listTicks() pages through everything once, newest first", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await defineJob(kernel, daily({ overlap: "allow" }), { by });
  for (let count = 0; count < 7; count += 1) await runJobNow(kernel, "blog", { by, idempotencyKey: `k${count}` });
  const keys: string[] = [];
  let after: TickPlace | null = null;
  do {
    const page: Awaited<ReturnType<typeof listTicks>> = await listTicks(kernel, {
      jobId: "blog",
      limit: 3,
      after: after ?? undefined,
    });
    keys.push(...page.ticks.map((tick) => tick.tickKey));
    after = page.next;
  } while (after !== null);
  assert.deepEqual(
    keys,
    ["k6", "k5", "k4", "k3", "k2", "k1", "k0"].map((key) => `manual:${key}`),
  );
});
