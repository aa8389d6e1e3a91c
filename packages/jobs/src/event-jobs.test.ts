import assert from "node:assert/strict";
import { test } from "node:test";
import { defineEvent } from "@roost/contract";
import { roostEvents } from "@roost/contract/events";
import { z } from "zod";
import { cancelRun, type Kernel } from "@roost/kernel";
import { createTestKernel, type TestKernel } from "./testing/create-test-kernel.ts";
import { pauseJob, resumeJob } from "./change-job-state.ts";
import { defineJob } from "./define-job.ts";
import { loopDepthMax } from "./event-loop-depth.ts";
import { fireEventTicks } from "./fire-event-ticks.ts";
import { listTicks } from "./read-jobs.ts";

const by = "test";
const mailReceived = defineEvent({
  type: "mail.received",
  version: 1,
  topic: "mail",
  schema: z.object({ from: z.string(), mail: z.object({ urgent: z.boolean() }).optional() }),
});
const events = [...roostEvents, mailReceived];
const mail = (from: string, more: object = {}) => ({ type: "mail.received", subject: from, data: { from, ...more } });
const job = (id: string, filter?: object) => ({
  id,
  prompt: "read",
  overlap: "allow",
  trigger: { kind: "event", eventType: "mail.received", ...(filter && { filter }) },
});

async function keysOf(kernel: Kernel, jobId: string): Promise<string[]> {
  return (await listTicks(kernel, { jobId, limit: 500 })).ticks.map((tick) => tick.tickKey).toSorted();
}

test("fireEventTicks() fires a job once for each event, with any number of schedulers", async () => {
  await using opened = await createTestKernel({ events });
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  await defineJob(opened.kernel, job("reader"), { by });
  const ids: string[] = [];
  for (let count = 0; count < 30; count += 1)
    ids.push(...(await opened.kernel.append([mail(`a${count}`), mail(`b${count}`)])).map((each) => each.id));
  await Promise.all(kernels.flatMap((kernel) => [fireEventTicks(kernel), fireEventTicks(kernel)]));
  while ((await fireEventTicks(opened.kernel)).recorded > 0);
  assert.deepEqual(await keysOf(opened.kernel, "reader"), ids.map((id) => `event:${id}`).toSorted());
  const [count] = await opened.database.query<{ runs: number }>("select count(*)::int as runs from roost.run");
  assert.equal(count?.runs, 60);
});

test("fireEventTicks() counts only events after the job was defined, and those its filter lets through", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await kernel.append([mail("before")]);
  await defineJob(kernel, job("all"), { by });
  await defineJob(kernel, job("urgent", { "mail.urgent": true }), { by });
  const [calm, urgent] = await kernel.append([
    mail("x", { mail: { urgent: false } }),
    mail("y", { mail: { urgent: true } }),
  ]);
  await fireEventTicks(kernel);
  await defineJob(kernel, job("late"), { by });
  await fireEventTicks(kernel);
  assert.deepEqual(await keysOf(kernel, "all"), [`event:${calm?.id}`, `event:${urgent?.id}`].toSorted());
  assert.deepEqual(await keysOf(kernel, "urgent"), [`event:${urgent?.id}`]);
  assert.deepEqual(await keysOf(kernel, "late"), []);
});

test("fireEventTicks() loses no event that is appended while a job is being defined", async () => {
  await using opened = await createTestKernel({ events });
  const other = await opened.openAnother();
  const { kernel } = opened;
  let isDone = false;
  const scheduling = (async () => {
    while (!isDone) await fireEventTicks(other);
  })();
  const expected = new Map<string, string[]>();
  for (let round = 0; round < 15; round += 1) {
    await Promise.all([kernel.append([mail("during")]), defineJob(kernel, job(`job-${round}`), { by })]);
    const after = await kernel.append([mail("after")]);
    for (let earlier = 0; earlier <= round; earlier += 1) {
      expected.set(`job-${earlier}`, [
        ...(expected.get(`job-${earlier}`) ?? []),
        ...after.map((each) => `event:${each.id}`),
      ]);
    }
  }
  isDone = true;
  await scheduling;
  while ((await fireEventTicks(kernel)).recorded > 0);
  for (const [jobId, keys] of expected) {
    const found = new Set(await keysOf(kernel, jobId));
    assert.deepEqual(
      keys.filter((key) => !found.has(key)),
      [],
      jobId,
    );
  }
});

test("fireEventTicks() gives the run the event, and the run's causes lead to it", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await defineJob(kernel, job("reader"), { by });
  const [event] = await kernel.append([{ ...mail("ann"), correlation: "origin" }]);
  await fireEventTicks(kernel);
  const [run] = await opened.database.query<{
    input: { event: { id: string; data: unknown } };
    reason: string;
    correlation: string;
    causation: string;
  }>("select input, reason, correlation, causation from roost.run");
  const [tick] = await opened.database.query<{ id: string; causation: string }>(
    "select id, causation from roost.event where type = 'tick.fired'",
  );
  assert.deepEqual([run?.input.event.id, run?.input.event.data], [event?.id, { from: "ann" }]);
  assert.deepEqual(
    [run?.reason, run?.correlation, run?.causation, tick?.causation],
    ["event mail.received of ann", "origin", tick?.id, event?.id],
  );
});

test("fireEventTicks() does not fire a paused job, nor for what came while it was paused", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await defineJob(kernel, job("reader"), { by });
  const [before] = await kernel.append([mail("before")]);
  await pauseJob(kernel, "reader", { by });
  await kernel.append([mail("while paused")]);
  await fireEventTicks(kernel);
  await resumeJob(kernel, "reader", { by });
  const [event] = await kernel.append([mail("after")]);
  await fireEventTicks(kernel);
  assert.deepEqual(await keysOf(kernel, "reader"), [before, event].map((each) => `event:${each?.id}`).toSorted());
});

test("fireEventTicks() stops a job that starts itself through its own events, and says so", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await defineJob(
    kernel,
    {
      id: "loop",
      prompt: "",
      overlap: "allow",
      trigger: { kind: "event", eventType: "run.cancelled", filter: { jobId: "loop" } },
    },
    { by },
  );
  await defineJob(
    kernel,
    { id: "start", prompt: "", overlap: "allow", trigger: { kind: "event", eventType: "mail.received" } },
    { by },
  );
  await defineJob(
    kernel,
    { id: "loop", prompt: "", overlap: "allow", trigger: { kind: "event", eventType: "run.cancelled" } },
    { by },
  );
  await kernel.append([mail("ann")]);
  for (let round = 0; round < 10; round += 1) {
    await fireEventTicks(kernel);
    const live = await opened.database.query<{ id: string }>("select id from roost.run where ended_at is null");
    for (const run of live) await cancelRun(kernel, { runId: run.id, reason: "next", by });
  }
  const { ticks } = await listTicks(kernel, { jobId: "loop", limit: 100 });
  assert.equal(ticks.filter((tick) => tick.outcome === "fired").length, loopDepthMax);
  assert.match(
    ticks.find((tick) => tick.outcome === "skipped")?.reason ?? "",
    /a loop: the event goes back to 3 runs of this job/,
  );
});

test("fireEventTicks() takes many events from one origin for no loop", async () => {
  await using opened = await createTestKernel({ events });
  const { kernel } = opened;
  await defineJob(kernel, job("reader"), { by });
  for (let count = 0; count < 12; count += 1) {
    await kernel.append([{ ...mail(`m${count}`), correlation: "one origin" }]);
    await fireEventTicks(kernel);
  }
  const { ticks } = await listTicks(kernel, { jobId: "reader", limit: 100 });
  assert.deepEqual(
    ticks.map((tick) => tick.outcome),
    Array.from({ length: 12 }, () => "fired"),
  );
});

const notice = (text: string) => ({ type: "notice.raised", data: { noticeId: text, level: "info", text } });

/** The head says that there is an event more than can be seen, as it does until a connection knows the event's segment. */
async function hideEvent<T>({ database }: TestKernel, work: () => Promise<T>): Promise<T> {
  const move = (by: number) =>
    database.query("update roost.partition_head set next_offset = next_offset + $1 where topic = 'notices'", [by]);
  await move(1);
  try {
    return await work();
  } finally {
    await move(-1);
  }
}

test("fireEventTicks() moves past no event that it has not seen", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await defineJob(
    kernel,
    { id: "reader", prompt: "read", overlap: "allow", trigger: { kind: "event", eventType: "notice.raised" } },
    { by: "test" },
  );
  await kernel.append([notice("first")]);
  await assert.rejects(
    hideEvent(opened, () => fireEventTicks(kernel)),
    { code: "unavailable", message: /in favour of others 8 times/ },
  );
  await kernel.append([notice("second")]);
  while ((await fireEventTicks(kernel)).isMore);
  assert.equal((await listTicks(kernel, { jobId: "reader", limit: 10 })).ticks.length, 2);
});
