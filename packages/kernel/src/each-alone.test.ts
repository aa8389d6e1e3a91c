/** Rows that no caller can make are put into the tables by SQL; the loops must pass them by and do the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { acquireLock } from "./coordination/acquire-lock.ts";
import { beginOnce, expireOnce } from "./coordination/begin-once.ts";
import { expireLocks } from "./coordination/release-lock.ts";
import { allSteps, eachAlone, setAsideMs } from "./each-alone.ts";
import { createRun } from "./runs/create-run.ts";
import { failOverdueRuns } from "./runs/fail-overdue-runs.ts";
import { listDeadLetters, retryAgain } from "./groups/list-dead-letters.ts";
import { tellFailures } from "./groups/tell-failures.ts";
import { deliverEventWaits } from "./runs/event-waits.ts";
import { waitInRun } from "./runs/wait-in-run.ts";
import { promoteDueRuns } from "./runs/promote-due-runs.ts";
import { promoteFreeSerialKeys } from "./runs/promote-serial-keys.ts";
import { sweepFinishedRuns } from "./runs/sweep-finished-runs.ts";
import { claimOne, joinWorker, killConnection, startRun } from "./testing/drive-runs.ts";
import { createTestKernel, type TestKernel } from "./testing/create-test-kernel.ts";
import { reapWorkers } from "./workers/reap-workers.ts";

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

test("promoteFreeSerialKeys() goes on in the others when one serial key's next run cannot be promoted", async () => {
  await using t = await createTestKernel();
  for (const serialKey of ["a", "b", "c"])
    for (let n = 0; n < 2; n += 1)
      await t.kernel.transact((tx) => createRun(tx, { reason: "r", input: {}, serialKey }));
  // The holders end and no other run goes on; the next one of b is in a queue that no channel can name.
  await t.database.query("update roost.serial_key set holder = null");
  await t.database.query("update roost.run set queue = repeat('q', 300) where serial_key = 'b'");
  await t.database.query(
    "update roost.run set holds_serial_key = false, state = 'cancelled', ended_at = roost.now() where holds_serial_key",
  );
  await promoteFreeSerialKeys(t.kernel);
  const ready = `select serial_key as "serialKey" from roost.run where state = 'ready' order by serial_key`;
  assert.deepEqual(await t.database.query(ready), [{ serialKey: "a" }, { serialKey: "c" }]);
  await promoteFreeSerialKeys(t.kernel);
  assert.equal(await noticesOf(t), 1);
});

test("sweepFinishedRuns() moves the others when one cannot be moved", async () => {
  const { t, ids } = await openPoisoned();
  await using _ = t;
  await t.database.query(
    `update roost.run set state = 'done', waiting_for = null, wake_at = null,
       ended_at = case when id = $1 then '-infinity' else roost.now() - interval '1 day' end`,
    [ids[1]],
  );
  assert.equal(await sweepFinishedRuns(t.kernel), 2);
  assert.equal(await sweepFinishedRuns(t.kernel), 0);
  assert.equal(await noticesOf(t), 1);
});

test("expireOnce() marks the others when one cannot be marked", async () => {
  await using t = await createTestKernel();
  for (const key of ["a", "b", "c"]) await beginOnce(t.kernel, { scope: "s", key, holder: "h", ttlMs: 1_000 });
  await t.database.query("update roost.once set holder = '' where key = 'b'");
  await t.clock.advance(10_000);
  assert.equal(await expireOnce(t.kernel), 2);
  assert.equal(await expireOnce(t.kernel), 0);
  assert.equal(await noticesOf(t), 1);
});

test("reapWorkers() lets the other runs of a dead worker go on when one cannot be handed back", async () => {
  const { t, ids } = await openPoisoned();
  await using _ = t;
  const dying = await joinWorker(t.kernel);
  await t.database.query(
    "update roost.run set state = 'running', waiting_for = null, wake_at = null, worker_id = $1, epoch = 1, started_at = roost.now()",
    [dying.workerId],
  );
  await killConnection(t.database, dying.workerId);
  assert.equal(await reapWorkers(t.kernel), 1);
  assert.equal(await reapWorkers(t.kernel), 0);
  const states = await t.database.query<{ id: string; state: string }>("select id, state from roost.run order by id");
  assert.deepEqual(
    states.map(({ id, state }) => [id, state]),
    ids.toSorted().map((id) => [id, id === ids[1] ? "waiting" : "ready"]),
  );
  assert.equal(await noticesOf(t), 1);
});

test("eachAlone() sets none aside for what too many have in common, and tells it once", async () => {
  await using t = await createTestKernel();
  const tried: string[] = [];
  const asides: string[] = [];
  const pass = () =>
    eachAlone(t.kernel, ["a", "b", "c", "d"], {
      what: "thing",
      work: async (_tx, [id]) => {
        tried.push(id!);
        if (id !== "d") throw new Error(`thing ${id} met error 17 of 100`);
        return 1;
      },
      setAside: async (_tx, id) => void asides.push(id),
    });
  await assert.rejects(pass(), /met error 17/);
  await assert.rejects(pass(), /met error 17/);
  assert.deepEqual([tried.length, asides, await noticesOf(t)], [8, [], 1]);
  // One that stays for long keeps no others behind it.
  await t.clock.advance(setAsideMs + 1_000);
  assert.equal(await pass().catch(() => "new again"), "new again");
  await t.clock.advance(setAsideMs - 1_000);
  await assert.rejects(pass(), /met error 17/);
  await t.clock.advance(2_000);
  assert.equal(await pass(), 1);
  assert.deepEqual(asides, ["a", "b", "c"]);
});

test("deliverEventWaits() lets the others go on when one run cannot, tries that one again, and gives up once", async () => {
  await using t = await createTestKernel();
  const worker = await joinWorker(t.kernel);
  const ids: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    await startRun(t.kernel);
    const { id, owned } = await claimOne(t.kernel, worker);
    await waitInRun(t.kernel, owned, {
      seq: 1,
      wait: { kind: "event", eventType: "notice.raised", filter: { noticeId: "n" } },
    });
    ids.push(id);
  }
  await t.database.query("update roost.run set agent = 'Not A Slug!' where id = $1", [ids[1]]);
  await t.kernel.append([
    { type: "notice.raised", subject: "n", data: { noticeId: "n", level: "info", text: "come" } },
  ]);
  assert.equal(await deliverEventWaits(t.kernel), 3);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    await t.clock.advance(300_000);
    assert.equal(await deliverEventWaits(t.kernel), 0);
  }
  await tellFailures(t.kernel);
  const [letter] = await listDeadLetters(t.kernel.database, { limit: 10 });
  assert.deepEqual([letter?.key, letter?.state, await noticesOf(t)], [ids[1], "given_up", 2]);
  await t.database.query("update roost.run set agent = 'main' where id = $1", [ids[1]]);
  await retryAgain(t.kernel, { key: ids[1] });
  assert.equal(await deliverEventWaits(t.kernel), 1);
  assert.deepEqual(await listDeadLetters(t.kernel.database, { limit: 10 }), []);
});
