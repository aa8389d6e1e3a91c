/** Rows that no caller can make are put into the tables by SQL; the loops must pass them by and do the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { acquireLock } from "./coordination/acquire-lock.ts";
import { expireLocks } from "./coordination/release-lock.ts";
import { allSteps } from "./each-alone.ts";
import { createRun } from "./runs/create-run.ts";
import { failOverdueRuns } from "./runs/fail-overdue-runs.ts";
import { promoteDueRuns } from "./runs/promote-due-runs.ts";
import { createTestKernel, type TestKernel } from "./testing/create-test-kernel.ts";

const startMs = Date.parse("2026-03-02T10:00:00Z");

async function noticesOf({ database }: TestKernel): Promise<number> {
  return (await database.query("select 1 from roost.event where type = 'notice.raised'")).length;
}

/** Three runs that start in a minute; the events of the middle one cannot be written. */
async function openPoisoned(): Promise<{ t: TestKernel; ids: string[] }> {
  const t = await createTestKernel();
  await t.clock.set(new Date(startMs));
  const startAt = new Date(startMs + 60_000);
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1)
    ids.push((await t.kernel.transact((tx) => createRun(tx, { reason: "r", input: {}, startAt }))).runId);
  await t.database.query("update roost.run set agent = 'Not A Slug!' where id = $1", [ids[1]]);
  await t.clock.set(new Date(startMs + 61_000));
  return { t, ids };
}

test("promoteDueRuns() sets aside the run that cannot go on, says so once, and lets all others go on", async () => {
  const { t, ids } = await openPoisoned();
  await using _ = t;
  assert.equal(await promoteDueRuns(t.kernel), 2);
  const states = await t.database.query<{ state: string }>(
    "select state from roost.run where id = any($1) order by id",
    [ids],
  );
  assert.deepEqual(states.map(({ state }) => state).toSorted(), ["ready", "ready", "waiting"]);
  // Not looked at again at once; and told once, however often it fails.
  assert.equal(await promoteDueRuns(t.kernel), 0);
  await t.clock.set(new Date(startMs + 720_000));
  assert.equal(await promoteDueRuns(t.kernel), 0);
  assert.equal(await noticesOf(t), 1);
  await t.database.query("update roost.run set agent = 'main' where id = $1", [ids[1]]);
  await t.clock.set(new Date(startMs + 1_440_000));
  assert.equal(await promoteDueRuns(t.kernel), 1);
});

test("failOverdueRuns() ends the others when one cannot be ended", async () => {
  const { t } = await openPoisoned();
  await using _ = t;
  await t.database.query("update roost.run set deadline_at = roost.now() - interval '1 second'");
  assert.equal(await failOverdueRuns(t.kernel), 2);
  assert.equal(await failOverdueRuns(t.kernel), 0);
  assert.equal(await noticesOf(t), 1);
});

test("expireLocks() frees the others when one cannot be freed", async () => {
  await using t = await createTestKernel();
  for (const name of ["a", "b", "c"]) await acquireLock(t.kernel, { name, holder: "h", ttlMs: 1_000 });
  await t.database.query("update roost.lock set name = E'b\\u0001' where name = 'b'");
  await t.database.query("update roost.lock set expires_at = roost.now() - interval '1 second'");
  assert.equal(await expireLocks(t.kernel), 2);
  assert.equal(await expireLocks(t.kernel), 0);
  assert.equal(await noticesOf(t), 1);
});

test("allSteps() does every step, and throws what failed at the end", async () => {
  const done: number[] = [];
  const step = (number: number) => async () => void done.push(number);
  const failing = async () => Promise.reject(new Error("no"));
  await assert.rejects(allSteps([step(1), failing, step(2)]), /no/);
  await assert.rejects(allSteps([failing, step(3), failing]), /no; no/);
  assert.deepEqual(done, [1, 2, 3]);
});
