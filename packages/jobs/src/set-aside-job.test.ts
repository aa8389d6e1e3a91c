/** What no check foresees is put into the tables by SQL: it must stop nothing but itself, and can be got rid of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel, type TestKernel } from "./testing/create-test-kernel.ts";
import { pauseJob, removeJob } from "./change-job-state.ts";
import { defineJob } from "./define-job.ts";
import { fireDueTicks } from "./fire-due-ticks.ts";
import { getJob, listTicks } from "./read-jobs.ts";
import { reportSilentJobs } from "./report-silent-jobs.ts";

const by = "test";
const ids = ["good-a", "bad", "good-b"];

/** Three jobs, each due; the middle one is made so that no run of it can be created, or that its moment is none. */
async function openPoisoned(poison: string): Promise<TestKernel> {
  const t = await createTestKernel();
  await t.clock.set(new Date("2026-03-02T10:00:00Z"));
  for (const id of ids)
    await defineJob(t.kernel, { id, trigger: { kind: "every", every: "1m" }, prompt: "x", overlap: "allow" }, { by });
  await t.database.query(`update roost.job set ${poison} where id = 'bad'`);
  await t.clock.set(new Date("2026-03-02T10:03:30Z"));
  return t;
}

const poisons = {
  "a budget out of bounds": `definition = definition || '{"budget":{"usdMax":1e12}}'`,
  "a trigger that is none": `trigger = '{"kind":"cron","expression":"nonsense"}'`,
  "a moment that is no date": `next_at = '-infinity', fire_at = '-infinity'`,
};

for (const [what, poison] of Object.entries(poisons)) {
  test(`fireDueTicks() sets aside a job with ${what}, says so once, and fires all others`, async () => {
    await using t = await openPoisoned(poison);
    const { fired } = await fireDueTicks(t.kernel);
    assert.equal(fired, 2);
    const bad = await getJob(t.kernel, "bad");
    assert.equal(bad.state, "paused");
    assert.match(bad.pausedReason ?? "", /its tick could not be recorded/);
    await fireDueTicks(t.kernel);
    await t.clock.set(new Date("2026-03-02T10:05:30Z"));
    assert.equal((await fireDueTicks(t.kernel)).jobCount, 2);
    const notices = await t.database.query(
      "select data ->> 'text' as text from roost.event where type = 'notice.raised'",
    );
    assert.equal(notices.length, 1);
    await removeJob(t.kernel, "bad", { by });
    assert.equal((await getJob(t.kernel, "bad")).state, "removed");
  });

  test(`a due job with ${what} can be paused, changed and removed`, async () => {
    await using t = await openPoisoned(poison);
    await pauseJob(t.kernel, "bad", { by });
    assert.equal((await getJob(t.kernel, "bad")).state, "paused");
    await t.database.query(
      "update roost.job set state = 'active', next_at = roost.now(), fire_at = roost.now() where id = 'bad'",
    );
    await defineJob(
      t.kernel,
      { id: "bad", trigger: { kind: "every", every: "2m" }, prompt: "mended", overlap: "allow" },
      { by },
    );
    await t.clock.set(new Date("2026-03-02T10:08:30Z"));
    assert.equal((await fireDueTicks(t.kernel)).fired, 3);
    await t.database.query(`update roost.job set ${poison} where id = 'bad'`);
    await removeJob(t.kernel, "bad", { by });
    assert.equal((await getJob(t.kernel, "bad")).state, "removed");
  });
}

test("a job that was set aside leaves a row for its due tick, and goes on once it is mended and resumed", async () => {
  await using t = await openPoisoned(poisons["a budget out of bounds"]);
  await fireDueTicks(t.kernel);
  const { ticks } = await listTicks(t.kernel, { jobId: "bad", limit: 10 });
  assert.deepEqual(
    ticks.map(({ outcome, reason }) => [outcome, /budget\.usdMax/.test(reason ?? "")]),
    [["skipped", true]],
  );
  await defineJob(
    t.kernel,
    { id: "bad", trigger: { kind: "every", every: "1m" }, prompt: "mended", overlap: "allow" },
    { by },
  );
  assert.equal((await getJob(t.kernel, "bad")).state, "active", "a changed definition is tried");
  await t.clock.set(new Date("2026-03-02T10:04:30Z"));
  assert.equal((await fireDueTicks(t.kernel)).fired, 3);
});

test("reportSilentJobs() reports the others when one cannot be reported", async () => {
  await using t = await openPoisoned(
    `fire_at = '0001-01-01T00:00:00Z', next_at = '0001-01-01T00:00:00Z', cause_id = repeat('x', 300)`,
  );
  assert.equal(await reportSilentJobs(t.kernel), 2);
});

test("fireDueTicks() pauses no job for a fault that hits many, tells it once, and fires the others", async () => {
  await using t = await openPoisoned("id = id");
  await t.database.query(`update roost.job set ${poisons["a budget out of bounds"]} where id <> 'good-a'`);
  await assert.rejects(fireDueTicks(t.kernel), /budget\.usdMax/);
  await assert.rejects(fireDueTicks(t.kernel), /budget\.usdMax/);
  assert.equal((await getJob(t.kernel, "good-a")).lastTick?.outcome, "fired");
  for (const id of ["bad", "good-b"]) assert.equal((await getJob(t.kernel, id)).state, "active");
  assert.equal((await t.database.query("select 1 from roost.event where type = 'notice.raised'")).length, 1);
});
