import assert from "node:assert/strict";
import { test } from "node:test";
import { defineEvent } from "@roost/contract";
import { roostEvents } from "@roost/contract/events";
import { z } from "zod";
import { readStartLimits } from "@roost/kernel";
import { createTestKernel, type TestKernel } from "./testing/create-test-kernel.ts";
import { defineJob } from "./define-job.ts";
import { fireDueTicks } from "./fire-due-ticks.ts";
import { fireEventTicks } from "./fire-event-ticks.ts";
import { listTicks } from "./read-jobs.ts";
import { renderKey } from "./render-key.ts";

const by = "test";
const mailReceived = defineEvent({
  type: "mail.received",
  version: 1,
  topic: "mail",
  schema: z.object({ box: z.string() }),
});
const events = [...roostEvents, mailReceived];
const onMail = { kind: "event", eventType: "mail.received" };

async function send(opened: TestKernel, ...boxes: string[]): Promise<void> {
  await opened.kernel.append(boxes.map((box) => ({ type: "mail.received", data: { box } })));
  while ((await fireEventTicks(opened.kernel)).isMore);
}

async function runsOf(opened: TestKernel): Promise<Record<string, number>> {
  const rows = await opened.database.query<{ key: string; count: number }>(
    `select coalesce(slot, rate, queue) || ' ' || coalesce(waiting_for, state) || ' ' || priority as key, count(*)::int as count from roost.run group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map(({ key, count }) => [key, count]));
}

test("a job's runs share a slot by the key that its event gives them", async () => {
  await using opened = await createTestKernel({ events });
  const concurrency = { key: "box:{event.data.box}", max: 1 };
  await defineJob(
    opened.kernel,
    { id: "j", prompt: "", overlap: "allow", trigger: onMail, concurrency, priority: 3 },
    { by },
  );
  await send(opened, "a", "b", "a", "a");
  assert.deepEqual(await runsOf(opened), {
    "slot:box:a ready 3": 1,
    "slot:box:a slot 3": 2,
    "slot:box:b ready 3": 1,
  });
});

test("a job without a key counts its own runs, and its queue is the one it names", async () => {
  await using opened = await createTestKernel({ events });
  const rateLimit = { max: 2, per: "1h" };
  await defineJob(
    opened.kernel,
    { id: "j", prompt: "", overlap: "allow", trigger: onMail, rateLimit, queue: "slow" },
    { by },
  );
  await send(opened, "a", "b", "c");
  assert.deepEqual(await runsOf(opened), { "rate:job:j ready 0": 2, "rate:job:j rate 0": 1 });
  assert.deepEqual(await opened.database.query("select distinct queue from roost.run"), [{ queue: "slow" }]);
});

test("a job that skips what is over its rate records each such tick with the reason, in one pass and over several", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel, clock } = opened;
  const rateLimit = { max: 2, per: "1h", excess: "skip" };
  await defineJob(kernel, { id: "j", prompt: "", overlap: "allow", trigger: onMail, rateLimit }, { by });
  await send(opened, "a", "b", "c");
  await send(opened, "d");
  await clock.advance(3_601_000);
  await send(opened, "e");
  const { ticks } = await listTicks(kernel, { jobId: "j", limit: 10 });
  assert.deepEqual(ticks.map((tick) => tick.outcome).toSorted(), ["fired", "fired", "fired", "skipped", "skipped"]);
  assert.ok(
    ticks
      .filter((tick) => tick.outcome === "skipped")
      .every((tick) => tick.reason === "over its rate limit job:j: 2 of 2 starts in 1h"),
    JSON.stringify(ticks),
  );
  assert.equal((await readStartLimits(kernel.database, ["rate:job:j"])).get("rate:job:j")?.used, 1);
});

test("a rate holds for ticks of the clock after an outage", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel, clock } = opened;
  await clock.set(new Date("2026-03-01T00:00:30Z"));
  await defineJob(
    kernel,
    {
      id: "j",
      prompt: "",
      overlap: "allow",
      catchUp: { policy: "all", max: 10 },
      trigger: { kind: "every", every: "1m", anchor: "2026-03-01T00:00:00Z" },
      rateLimit: { max: 3, per: "10m" },
    },
    { by },
  );
  await clock.set(new Date("2026-03-01T00:08:30Z"));
  while ((await fireDueTicks(kernel)).isMore);
  assert.deepEqual(await runsOf(opened), { "rate:job:j ready 0": 3, "rate:job:j rate 0": 5 });
});

test("renderKey() fills in what the input has, and keeps long keys apart", () => {
  const input = { event: { data: { box: "a", n: 3, deep: { x: [1] } } } };
  assert.equal(renderKey("k:{event.data.box}/{event.data.n}/{event.data.deep.x}/{event.none}", input), "k:a/3/[1]/");
  assert.equal(renderKey("{event.none}", input), "-");
  const long = (end: string) => renderKey(`${"x".repeat(300)}${end}`, input);
  assert.equal(long("a").length, 200);
  assert.notEqual(long("a"), long("b"));
});

test("defineJob() refuses a rate whose window is too long", async () => {
  await using opened = await createTestKernel({ events });
  await assert.rejects(
    defineJob(opened.kernel, { id: "j", prompt: "", trigger: onMail, rateLimit: { max: 1, per: "40d" } }, { by }),
    /rateLimit\.per is 40d/,
  );
});
