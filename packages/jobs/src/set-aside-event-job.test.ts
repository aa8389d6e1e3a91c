/** One event job that no check foresees, put into the tables by SQL, beside ten good ones: it is set aside, and the others go on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLoops, dropDeadLetters, listDeadLetters, retryAgain } from "@roost/kernel";
import { createTestKernel, type TestKernel } from "./testing/create-test-kernel.ts";
import { pauseJob, removeJob } from "./change-job-state.ts";
import { defineJob } from "./define-job.ts";
import { fireEventTicks } from "./fire-event-ticks.ts";
import { getJob, listTicks } from "./read-jobs.ts";

const by = "test";
const goodIds = Array.from({ length: 10 }, (_, index) => `job-${index}`);
const ids = [...goodIds.slice(0, 5), "bad", ...goodIds.slice(5)];
const eventType = "notice.raised";

async function openPoisoned(poison: string, window: object = {}): Promise<TestKernel> {
  const t = await createTestKernel();
  await t.clock.set(new Date("2026-03-02T10:00:00Z"));
  for (const id of ids)
    await defineJob(
      t.kernel,
      { id, trigger: { kind: "event", eventType, ...window }, prompt: "x", overlap: "allow" },
      { by },
    );
  await t.database.query(`update roost.job set ${poison} where id = 'bad'`);
  return t;
}

/** Of several subjects, so that they lie in more than one partition. */
async function append({ kernel }: TestKernel, count: number): Promise<void> {
  const notice = { noticeId: "n", level: "info", text: "something" };
  for (let n = 0; n < count; n += 1) await kernel.append([{ type: eventType, subject: `subject-${n}`, data: notice }]);
}

/** Passes until nothing is left; none may throw. The notice of a job that was set aside is an event of theirs too. */
async function fireAll(t: TestKernel): Promise<void> {
  for (let pass = 0; pass < 20; pass += 1) if (!(await fireEventTicks(t.kernel)).isMore) return;
  assert.fail("it does not come to an end");
}

async function noticesOf({ database }: TestKernel): Promise<string[]> {
  const rows = await database.query<{ text: string }>(
    "select data ->> 'text' as text from roost.event where type = 'notice.raised' and data ->> 'jobId' = 'bad'",
  );
  return rows.map(({ text }) => text);
}

/** What the loop does that tells of failures. */
async function tellFailures({ kernel }: TestKernel): Promise<void> {
  await createLoops(kernel)
    .find(({ name }) => name === "failures of groups")!
    .look();
}

const poisons = {
  "a budget out of bounds": `definition = definition || '{"budget":{"usdMax":1e12}}'`,
  "a trigger that is none": `trigger = 'null'`,
  "offsets that are none": `from_offsets = '{"0":"x","1":"x","2":"x","3":"x"}'`,
};

async function assertGoodFired(t: TestKernel, least: number): Promise<void> {
  for (const id of goodIds) {
    const { ticks } = await listTicks(t.kernel, { jobId: id, limit: 100 });
    assert.equal(ticks.filter(({ outcome }) => outcome === "fired").length >= least, true, id);
  }
}

for (const what of ["a trigger that is none", "offsets that are none"] as const) {
  test(`fireEventTicks() sets aside a job with ${what}, says so once, and fires all others`, async () => {
    await using t = await openPoisoned(poisons[what]);
    await append(t, 5);
    await fireAll(t);
    await assertGoodFired(t, 5);
    const bad = await getJob(t.kernel, "bad");
    assert.equal(bad.state, "paused");
    assert.match(bad.pausedReason ?? "", /its tick could not be recorded/);
    await append(t, 1);
    await fireAll(t);
    assert.equal((await noticesOf(t)).length, 1);
    await removeJob(t.kernel, "bad", { by });
    assert.equal((await getJob(t.kernel, "bad")).state, "removed");
  });
}

const lettersOf = (t: TestKernel) => listDeadLetters(t.kernel.database, { key: "bad", limit: 100 });

test("X: fireEventTicks() sets the events of a job that cannot take them aside, gives up once, and fires all others", async () => {
  await using t = await openPoisoned(poisons["a budget out of bounds"]);
  await append(t, 5);
  await fireAll(t);
  await assertGoodFired(t, 5);
  assert.equal((await getJob(t.kernel, "bad")).state, "active");
  const [first, ...behind] = await lettersOf(t);
  assert.deepEqual([first?.state, behind.map(({ state }) => state)], ["retrying", Array(4).fill("waiting")]);
  assert.match(first?.error?.message ?? "", /budget\.usdMax/);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    await t.clock.advance(300_000);
    await fireAll(t);
  }
  await tellFailures(t);
  await tellFailures(t);
  const told = await noticesOf(t);
  assert.equal(told.length, 1);
  assert.match(
    told[0] ?? "",
    /could not be delivered to the job bad in 5 attempts: .*budget\.usdMax.*; 4 later events wait behind it.*roost log retry/,
  );
  assert.equal((await lettersOf(t))[0]?.state, "given_up");
});

test("Many event jobs that fail alike give one notice, and each of their events is on record", async () => {
  await using t = await openPoisoned(poisons["a budget out of bounds"]);
  await t.database.query(`update roost.job set ${poisons["a budget out of bounds"]}`);
  await append(t, 1);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    await fireAll(t);
    await t.clock.advance(300_000);
  }
  await tellFailures(t);
  await tellFailures(t);
  const rows = await t.database.query<{ type: string; text: string }>(
    "select type, data ->> 'text' as text from roost.event where type = 'consumer.failed' or data ->> 'text' like '%delivered%'",
  );
  assert.equal(rows.filter(({ type }) => type === "consumer.failed").length, ids.length);
  const notices = rows.filter(({ type }) => type === eventType).map(({ text }) => text);
  assert.equal(notices.length, 1);
  assert.match(
    notices[0]!,
    /^11 events could not be delivered to the jobs bad, job-0.* and 6 more, all for the same reason: .*budget/,
  );
});

test("fireEventTicks() delivers what was set aside in its order once the job is changed, and only then what came later", async () => {
  await using t = await openPoisoned(poisons["a budget out of bounds"]);
  await append(t, 3);
  await fireAll(t);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    await t.clock.advance(300_000);
    await fireAll(t);
  }
  // It would take events now; what comes later does not overtake what waits.
  await t.database.query("update roost.job set definition = definition - 'budget' where id = 'bad'");
  await append(t, 1);
  await fireAll(t);
  assert.deepEqual((await listTicks(t.kernel, { jobId: "bad", limit: 100 })).ticks, []);
  const letters = await lettersOf(t);
  await defineJob(
    t.kernel,
    { id: "bad", trigger: { kind: "event", eventType }, prompt: "mended", overlap: "allow" },
    { by },
  );
  await fireAll(t);
  assert.deepEqual(await lettersOf(t), []);
  const { ticks } = await listTicks(t.kernel, { jobId: "bad", limit: 100 });
  const fired = new Set(ticks.filter(({ outcome }) => outcome === "fired").map(({ tickKey }) => tickKey));
  for (const { eventId } of letters) assert.ok(fired.has(`event:${eventId}`), eventId);
  const order = await t.database.query<{ key: string }>(
    "select tick_key as key from roost.tick where job_id = 'bad' order by event_id",
  );
  assert.deepEqual(
    order.slice(0, letters.length).map(({ key }) => key),
    letters.map(({ eventId }) => `event:${eventId}`),
  );
});

test("retryAgain() and dropDeadLetters() try what was given up again, and discard it on record", async () => {
  await using t = await openPoisoned(poisons["a budget out of bounds"]);
  await append(t, 2);
  await fireAll(t);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    await t.clock.advance(300_000);
    await fireAll(t);
  }
  const [first, second] = await lettersOf(t);
  assert.equal(await retryAgain(t.kernel, { number: first!.number }), 1);
  await fireAll(t);
  assert.equal((await lettersOf(t))[0]?.state, "retrying");
  assert.equal(await dropDeadLetters(t.kernel, { number: first!.number, by, reason: "a test" }), 1);
  await fireAll(t);
  const [next] = await lettersOf(t);
  assert.deepEqual([next?.number, (next?.attempts ?? 0) > 0], [second!.number, true]);
  const [skipped] = await t.database.query<{ data: { eventId: string; by: string; reason: string } }>(
    "select data from roost.event where type = 'consumer.skipped'",
  );
  assert.deepEqual([skipped?.data.eventId, skipped?.data.by, skipped?.data.reason], [first!.eventId, by, "a test"]);
  await removeJob(t.kernel, "bad", { by });
  assert.deepEqual(await lettersOf(t), []);
  await assert.rejects(dropDeadLetters(t.kernel, { key: "bad", by, reason: "r" }), { code: "not_found" });
});

test("fireEventTicks() sets aside a job whose window cannot be closed, and closes those of all others", async () => {
  await using t = await openPoisoned("id = id", { batch: { max: 100, maxAge: "10s" } });
  await append(t, 3);
  await fireAll(t);
  await t.database.query(`update roost.job set ${poisons["a budget out of bounds"]} where id = 'bad'`);
  await t.clock.set(new Date("2026-03-02T10:01:00Z"));
  await fireEventTicks(t.kernel);
  for (const id of goodIds) assert.equal((await getJob(t.kernel, id)).lastTick?.outcome, "fired", id);
  const { ticks } = await listTicks(t.kernel, { jobId: "bad", limit: 10 });
  assert.deepEqual(
    ticks.map(({ outcome, reason }) => [outcome, /budget\.usdMax/.test(reason ?? "")]),
    [["skipped", true]],
  );
  assert.equal((await getJob(t.kernel, "bad")).state, "paused");
  assert.equal((await noticesOf(t)).length, 1);
});

test("an event job whose window cannot be closed can be paused, changed and removed", async () => {
  await using t = await openPoisoned("id = id", { batch: { max: 100, maxAge: "10s" } });
  const poison = `update roost.job set ${poisons["a budget out of bounds"]}, state = 'active' where id = 'bad'`;
  await append(t, 1);
  await fireAll(t);
  await t.database.query(poison);
  await t.clock.set(new Date("2026-03-02T10:01:00Z"));
  // Due now: its window is closed by the pause, without a run.
  await t.database.query("update roost.event_window set due_at = roost.now() + interval '1 hour'");
  await pauseJob(t.kernel, "bad", { by });
  assert.equal((await getJob(t.kernel, "bad")).state, "paused");
  await t.database.query(poison);
  await defineJob(t.kernel, { id: "bad", trigger: { kind: "manual" }, prompt: "mended" }, { by });
  await t.database.query(poison);
  await removeJob(t.kernel, "bad", { by });
  assert.equal((await getJob(t.kernel, "bad")).state, "removed");
});
