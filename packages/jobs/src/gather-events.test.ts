import assert from "node:assert/strict";
import { test } from "node:test";
import { defineEvent } from "@roost/contract";
import { roostEvents } from "@roost/contract/events";
import { z } from "zod";
import { cancelRun, type Kernel } from "@roost/kernel";
import { createTestKernel, type TestKernel } from "./testing/create-test-kernel.ts";
import { pauseJob, removeJob, resumeJob } from "./change-job-state.ts";
import { defineJob } from "./define-job.ts";
import { loopDepthMax } from "./event-loop-depth.ts";
import { fireEventTicks } from "./fire-event-ticks.ts";
import { readNextWindow } from "./gather-events.ts";
import { getJob, listJobsByDue, listTicks, type DuePlace, type Tick } from "./read-jobs.ts";

const by = "test";
/** Of those that openAnother gives, and the one it listens on. */
const connectionsPerKernelMax = 5;
const mailReceived = defineEvent({
  type: "mail.received",
  version: 1,
  topic: "mail",
  schema: z.object({ from: z.string(), text: z.string().optional() }),
});
const events = [...roostEvents, mailReceived];
const start = Date.parse("2026-03-01T00:00:00Z");
const at = (seconds: number) => new Date(start + seconds * 1_000);
/** Seconds of the test's time, without what the test itself has taken. */
const seconds = (date: Date | null | undefined) => Math.round(((date?.getTime() ?? 0) - start) / 10_000) * 10;
const mail = (from: string) => ({ type: "mail.received", subject: from, data: { from } });

const gatherer = (window: object, more: object = {}) => ({
  id: "reader",
  prompt: "read",
  overlap: "allow",
  trigger: { kind: "event", eventType: "mail.received", ...window },
  ...more,
});
const debounce = { debounce: { quiet: "1m", maxWait: "3m" } };

/** Appends one event at a second of the test's time. */
async function send(opened: TestKernel, second: number, from = `at ${second}`): Promise<string> {
  await opened.clock.set(at(second));
  const [event] = await opened.kernel.append([mail(from)]);
  return event!.id;
}

async function ticksOf(kernel: Kernel): Promise<Tick[]> {
  return (await listTicks(kernel, { jobId: "reader", limit: 500 })).ticks.toReversed();
}

/** The subjects of the events that each run was given, and how many it was told there were. */
async function givenTo(opened: TestKernel): Promise<{ from: string[]; count: number }[]> {
  const rows = await opened.database.query<{ input: { events: { subject: string }[]; eventCount: number } }>(
    "select input from roost.run where job_id = 'reader' order by scheduled_at, id",
  );
  return rows.map(({ input }) => ({ from: input.events.map((event) => event.subject), count: input.eventCount }));
}

async function assertNothingGathered(opened: TestKernel): Promise<void> {
  const rows = await opened.database.query(
    "select 1 from roost.event_window union all select 1 from roost.gathered_event",
  );
  assert.equal(rows.length, 0);
}

test("debounce fires once it has been quiet, with all events of the window", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await defineJob(kernel, gatherer(debounce), { by });
  const first = await send(opened, 0, "a");
  await fireEventTicks(kernel);
  await send(opened, 40, "b");
  await fireEventTicks(await opened.openAnother());
  await opened.clock.set(at(90));
  await fireEventTicks(kernel);
  assert.deepEqual(await ticksOf(kernel), []);
  assert.equal(seconds((await getJob(kernel, "reader")).dueAt), 100);
  assert.equal((await getJob(kernel, "reader")).gatheredCount, 2);
  await opened.clock.set(at(105));
  await fireEventTicks(kernel);
  const [tick] = await ticksOf(kernel);
  assert.deepEqual([tick?.tickKey, tick?.outcome, seconds(tick?.scheduledAt)], [`events:${first}`, "fired", 100]);
  assert.deepEqual(await givenTo(opened), [{ from: ["a", "b"], count: 2 }]);
  await assertNothingGathered(opened);
});

test("debounce does not wait longer than its limit, however many events come", async () => {
  await using opened = await createTestKernel({ events });
  await defineJob(opened.kernel, gatherer(debounce), { by });
  for (let second = 0; second <= 238; second += 34) {
    await send(opened, second);
    await fireEventTicks(opened.kernel);
  }
  await opened.clock.set(at(1_000));
  await fireEventTicks(opened.kernel);
  assert.deepEqual(
    (await ticksOf(opened.kernel)).map((tick) => seconds(tick.scheduledAt)),
    [180, 300],
  );
  assert.deepEqual(
    (await givenTo(opened)).map(({ count }) => count),
    [6, 2],
  );
});

test("debounce after an outage comes to the same windows, by the events' times", async () => {
  await using opened = await createTestKernel({ events });
  await defineJob(opened.kernel, gatherer(debounce), { by });
  for (const second of [0, 40, 200, 230, 600]) await send(opened, second);
  await opened.clock.set(at(5_000));
  while ((await fireEventTicks(opened.kernel)).isMore);
  assert.deepEqual(
    (await ticksOf(opened.kernel)).map((tick) => seconds(tick.scheduledAt)),
    [100, 290, 660],
  );
  assert.deepEqual(
    (await givenTo(opened)).map(({ count }) => count),
    [2, 2, 1],
  );
});

test("batch fires as soon as there are enough events, and for fewer when the first is old enough", async () => {
  await using opened = await createTestKernel({ events });
  await defineJob(opened.kernel, gatherer({ batch: { max: 3, maxAge: "10m" } }), { by });
  const ids: string[] = [];
  for (let second = 0; second < 7; second += 1) ids.push(await send(opened, second));
  await fireEventTicks(opened.kernel);
  assert.deepEqual(
    (await ticksOf(opened.kernel)).map((tick) => tick.tickKey),
    [`events:${ids[0]}`, `events:${ids[3]}`],
  );
  await opened.clock.set(at(500));
  await fireEventTicks(opened.kernel);
  assert.equal((await ticksOf(opened.kernel)).length, 2);
  await opened.clock.set(at(700));
  await fireEventTicks(opened.kernel);
  assert.deepEqual(
    (await givenTo(opened)).map(({ from }) => from),
    [["at 0", "at 1", "at 2"], ["at 3", "at 4", "at 5"], ["at 6"]],
  );
});

test("gathered events stay bounded in the input of their run, whatever their size", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await defineJob(kernel, gatherer({ batch: { max: 500, maxAge: "1h" } }), { by });
  const large = "x".repeat(2_000);
  await kernel.append(
    Array.from({ length: 500 }, (_, n) => ({ type: "mail.received", data: { from: `${n}`, text: large } })),
  );
  while ((await fireEventTicks(kernel)).isMore);
  const [row] = await opened.database.query<{ bytes: number; count: number; withData: number }>(
    `select length(input::text) as bytes, jsonb_array_length(input -> 'events') as count,
       (select count(*) from jsonb_array_elements(input -> 'events') e where e -> 'data' <> 'null')::int as "withData" from roost.run`,
  );
  assert.equal(row?.count, 500);
  assert.ok(row.withData > 40 && row.withData < 70, `${row.withData} events with their data`);
  assert.ok(row.bytes < 400_000, `${row.bytes} bytes`);
});

test("every event is in exactly one tick, with several schedulers whose connections are cut", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel, database } = opened;
  const others = [await opened.openAnother(), await opened.openAnother()];
  await defineJob(kernel, gatherer({ batch: { max: 7, maxAge: "1m" } }), { by });
  await defineJob(kernel, { ...gatherer(debounce), id: "quiet" }, { by });
  const ids = new Set<string>();
  for (let round = 0; round < 20; round += 1) {
    await opened.clock.set(at(round * 20));
    for (const { id } of await kernel.append(Array.from({ length: 11 }, (_, n) => mail(`${round} ${n}`)))) ids.add(id);
    const passes = others.flatMap((other) => [fireEventTicks(other), fireEventTicks(other)]);
    const cut = database.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and application_name = 'another process'
         and $1 = 0`,
      [round % 3],
    );
    await Promise.allSettled([...passes, cut]);
    for (const other of others) await noticeCuts(other);
  }
  await opened.clock.set(at(10_000));
  while ((await fireEventTicks(kernel)).isMore);
  for (const jobId of ["reader", "quiet"]) {
    const given = await database.query<{ id: string }>(
      `select e ->> 'id' as id from roost.run, jsonb_array_elements(input -> 'events') e where job_id = $1`,
      [jobId],
    );
    assert.equal(given.length, ids.size, jobId);
    assert.deepEqual(new Set(given.map((event) => event.id)), ids);
  }
  await assertNothingGathered(opened);
});

/** A pool learns that a connection was cut when it uses it, and then drops it. */
async function noticeCuts({ database }: Kernel): Promise<void> {
  for (let use = 0; use < connectionsPerKernelMax; use += 1) await database.query("select 1").catch(() => undefined);
}

test("a window is not closed while an event of before its end is unread", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel, database } = opened;
  await defineJob(kernel, gatherer(debounce), { by });
  await send(opened, 0);
  await fireEventTicks(kernel);
  await send(opened, 30, "unread");
  await opened.clock.set(at(200));
  // Another scheduler is at work on the partition: what is in it cannot be read now.
  const held = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const holding = database.transact(async (tx) => {
    await tx.query("select 1 from roost.cursor where group_name = 'roost.event-jobs' for update");
    locked.resolve();
    await held.promise;
  });
  await locked.promise;
  try {
    await fireEventTicks(kernel);
    assert.deepEqual(await ticksOf(kernel), []);
  } finally {
    held.resolve();
    await holding;
  }
  await fireEventTicks(kernel);
  assert.deepEqual(
    (await givenTo(opened)).map(({ count }) => count),
    [2],
  );
});

test("pausing or changing a job fires for what it has gathered; removing it records that it does not", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await defineJob(kernel, gatherer(debounce), { by });
  await send(opened, 0);
  await fireEventTicks(kernel);
  await pauseJob(kernel, "reader", { by });
  await resumeJob(kernel, "reader", { by });
  await send(opened, 10);
  await fireEventTicks(kernel);
  await defineJob(kernel, gatherer({ batch: { max: 2, maxAge: "1h" } }), { by });
  await send(opened, 20);
  await fireEventTicks(kernel);
  await removeJob(kernel, "reader", { by });
  assert.deepEqual(
    (await ticksOf(kernel)).map((tick) => [tick.outcome, tick.reason]),
    [
      ["fired", "early, because the job is being paused"],
      ["fired", "early, because the job is being changed"],
      ["skipped", "the job was removed before it was due"],
    ],
  );
  assert.equal((await givenTo(opened)).length, 2);
  await assertNothingGathered(opened);
});

test("a change of the prompt leaves what is gathered as it is", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await defineJob(kernel, gatherer(debounce), { by });
  await send(opened, 0);
  await fireEventTicks(kernel);
  await defineJob(kernel, gatherer(debounce, { prompt: "read well" }), { by });
  await opened.clock.set(at(90));
  await fireEventTicks(kernel);
  const [tick] = await ticksOf(kernel);
  assert.deepEqual([tick?.outcome, tick?.jobVersion], ["fired", 2]);
});

test("a job that gathers its own events is stopped as a loop", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  const loop = {
    id: "reader",
    prompt: "",
    overlap: "allow",
    trigger: { kind: "event", eventType: "run.cancelled", batch: { max: 100, maxAge: "10s" } },
  };
  await defineJob(kernel, { ...loop, id: "start", trigger: { kind: "event", eventType: "mail.received" } }, { by });
  await defineJob(kernel, loop, { by });
  await send(opened, 0);
  for (let round = 1; round <= 10; round += 1) {
    await opened.clock.set(at(round * 11));
    await fireEventTicks(kernel);
    const live = await opened.database.query<{ id: string }>("select id from roost.run where ended_at is null");
    for (const run of live) await cancelRun(kernel, { runId: run.id, reason: "next", by });
  }
  const ticks = await ticksOf(kernel);
  assert.equal(ticks.filter((tick) => tick.outcome === "fired").length, loopDepthMax);
  assert.match(ticks.find((tick) => tick.outcome === "skipped")?.reason ?? "", /a loop/);
});

test("readNextWindow() tells a scheduler when to look again", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  assert.equal(await readNextWindow(kernel), undefined);
  await defineJob(kernel, gatherer(debounce), { by });
  await send(opened, 0);
  await fireEventTicks(kernel);
  assert.equal(seconds(await readNextWindow(kernel)), 60);
});

test("defineJob() refuses windows that contradict each other or themselves", async () => {
  await using opened = await createTestKernel({ events });
  for (const [window, message] of [
    [{ ...debounce, batch: { max: 2, maxAge: "1m" } }, /by debounce or by batch, not by both/],
    [{ debounce: { quiet: "2m", maxWait: "1m" } }, /debounce\.maxWait is 1m, less than/],
    [{ batch: { max: 2, maxAge: "8d" } }, /batch\.maxAge is 8d/],
  ] as const)
    await assert.rejects(defineJob(opened.kernel, gatherer(window), { by }), message);
});

test("listJobsByDue() pages through jobs once: by their moment or the end of their window, then those that have none", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await opened.clock.set(at(0));
  const daily = (hour: number) => ({ trigger: { kind: "cron", expression: `0 ${hour} * * *` }, prompt: "look" });
  await defineJob(kernel, gatherer(debounce), { by });
  for (const id of ["twin-b", "twin-a"]) await defineJob(kernel, { id, ...daily(6) }, { by, timeZone: "UTC" });
  await defineJob(kernel, { id: "late", ...daily(9) }, { by, timeZone: "UTC" });
  for (const id of ["z-by-hand", "a-by-hand"])
    await defineJob(kernel, { id, trigger: { kind: "manual" }, prompt: "look" }, { by });
  await defineJob(kernel, { id: "held", ...daily(7) }, { by, timeZone: "UTC" });
  await pauseJob(kernel, "held", { by });
  await send(opened, 1);
  await fireEventTicks(kernel);
  const pages = async (limit: number) => {
    const ids: string[] = [];
    for (let after: DuePlace | undefined; ;) {
      const page = await listJobsByDue(kernel, { limit, states: ["active", "paused"], after });
      ids.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      if (page.length < limit || last === undefined) return ids;
      after = { dueAt: last.dueAt === null ? null : new Date(last.dueAt.toISOString()), id: last.id };
    }
  };
  const all = ["reader", "twin-a", "twin-b", "late", "a-by-hand", "held", "z-by-hand"];
  for (const limit of [1, 2, 3, 50]) assert.deepEqual(await pages(limit), all, `${limit} a page`);
  const until = new Date("2026-03-01T06:00:00Z");
  const soon = await listJobsByDue(kernel, { limit: 50, states: ["active"], until });
  assert.deepEqual(
    soon.map(({ id }) => id),
    ["reader", "twin-a", "twin-b"],
  );
});
