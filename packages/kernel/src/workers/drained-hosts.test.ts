import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import type { DatabaseSession } from "@roost/database";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { claim, end, joinWorker, startRun } from "../testing/drive-runs.ts";
import { readTopic } from "../log/read-log.ts";
import { finishRun } from "../runs/finish-run.ts";
import { drainHost, listDrainedHosts, readHomeVersion, reportOtherVersions, undrainHost } from "./drained-hosts.ts";
import { listWorkers } from "./list-workers.ts";

async function notices({ kernel }: TestKernel): Promise<string[]> {
  const { events } = await readTopic(kernel.database, { topic: "notices", limit: 200 });
  return events.map(({ data }) => (data as { text: string }).text);
}

test("drainHost() lets a host's workers end what they have and gives them nothing new, until undrainHost()", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await using worker = await joinWorker(kernel, { host: "desk", queues: ["default"] });
  await startRun(kernel);
  const [has] = await claim(kernel, worker, 1);
  const waits = await startRun(kernel);
  await drainHost(kernel, "desk", { by: "person:owner" });
  await drainHost(kernel, "desk", { by: "again" });
  assert.deepEqual(await claim(kernel, worker), []);
  assert.equal((await worker.heartbeat()).isDrained, true);
  // The call that ends a run takes none either, and one that registers later is drained.
  const taken: string[] = [];
  const claimer = {
    terms: { workerId: worker.workerId, queues: ["default"] },
    roomAfter: () => 1,
    take: (runs: { id: string }[]) => void taken.push(...runs.map(({ id }) => id)),
  };
  await finishRun(kernel, { runId: has!.id, epoch: has!.epoch }, { state: "done" }, { claimer });
  assert.deepEqual(taken, []);
  await using later = await joinWorker(kernel, { host: "desk" });
  assert.deepEqual(await claim(kernel, later), []);
  assert.deepEqual(
    (await listDrainedHosts(kernel)).map(({ name, drainedBy }) => [name, drainedBy]),
    [["desk", "person:owner"]],
  );
  await using _elsewhere = await joinWorker(kernel, { host: "attic" });
  assert.deepEqual(
    (await listWorkers(kernel)).map(({ host, isDraining }) => [host, isDraining]),
    [
      ["desk", true],
      ["desk", true],
      ["attic", false],
    ],
  );
  await undrainHost(kernel, "desk", { by: "person:owner" });
  assert.deepEqual(
    (await claim(kernel, later)).map(({ id }) => id),
    [waits],
  );
  const { events } = await readTopic(kernel.database, { topic: "access", limit: 10 });
  assert.deepEqual(
    events.map(({ type }) => type),
    ["host.drained", "host.undrained"],
  );
  await end(kernel, { runId: waits, epoch: 1 });
});

/** Until all that was begun waits for locks. */
async function untilWaiting(session: DatabaseSession, ...begun: Promise<unknown>[]): Promise<void> {
  let hasSettled = false;
  for (const each of begun) void each.finally(() => (hasSettled = true)).catch(() => undefined);
  const waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await until(async () => {
    assert.ok(!hasSettled, "it did not wait");
    return (await session.query(waiting)).length >= begun.length;
  });
}

test("drainHost() holds for a worker whose heartbeat began before it ended, undrainHost() for one that registers meanwhile", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await startRun(kernel);
  await using worker = await joinWorker(kernel, { host: "desk" });
  const holder = await kernel.database.openSession();
  // The worker's row is held, so that both wait for it: the drain in front.
  await holder.query("begin");
  await holder.query("select 1 from roost.worker where host = 'desk' for update");
  const draining = drainHost(kernel, "desk", { by: "person:owner" });
  await untilWaiting(holder, draining);
  const beating = worker.heartbeat();
  await untilWaiting(holder, draining, beating);
  await holder.query("commit");
  await Promise.all([draining, beating]);
  assert.deepEqual(await claim(kernel, worker), []);

  // What undrainHost() does, up to its commit.
  await holder.query("begin");
  await holder.query("select 1 from roost.drained_host for update");
  const undraining = undrainHost(kernel, "desk", { by: "person:owner" });
  await untilWaiting(holder, undraining);
  const joining = joinWorker(kernel, { host: "desk" });
  await untilWaiting(holder, undraining, joining);
  await holder.query("commit");
  await holder[Symbol.asyncDispose]();
  await undraining;
  await using later = await joining;
  assert.equal((await claim(kernel, later)).length, 1);
});

test("registerWorker() waits for a drain of its host that is under way, and is drained", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await startRun(kernel);
  const drain = await kernel.database.openSession();
  await drain.query("begin");
  await drain.query("select pg_advisory_xact_lock(hashtextextended('roost.drain:desk', 0))");
  await drain.query("insert into roost.drained_host (name, drained_by) values ('desk', 'person:owner')");
  const joining = joinWorker(kernel, { host: "desk" });
  await untilWaiting(drain, joining);
  await drain.query("commit");
  await drain[Symbol.asyncDispose]();
  await using worker = await joining;
  assert.deepEqual(await claim(kernel, worker), []);
});

test("registerWorker() drains a worker of another minor version than the newest program, and one notice says so", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const home = await readHomeVersion(kernel);
  await using same = await joinWorker(kernel, { host: "desk", version: home.replace(/\d+$/, "99") });
  await using older = await joinWorker(kernel, { host: "attic", version: "0.0.7" });
  await startRun(kernel);
  assert.deepEqual(await claim(kernel, older), []);
  assert.equal((await claim(kernel, same)).length, 1);
  assert.equal(await reportOtherVersions(kernel), 1);
  assert.equal(await reportOtherVersions(await test.openAnother()), 0);
  // A program of the next minor version has come: both are of another one now.
  const [major, minor] = home.split(".").map(Number);
  await kernel.database.query("update roost.function_set set program = $1", [`${major}.${minor! + 1}.0`]);
  assert.equal((await same.heartbeat()).isDrained, true);
  assert.equal(await reportOtherVersions(kernel), 1);
  await Promise.all([same, older].map((worker) => worker.release()));
  assert.equal(await reportOtherVersions(kernel), 2);
  assert.deepEqual(
    (await notices(test)).map((text) => text.replace(/: its workers.*/, "")),
    [
      `Host attic has version 0.0.7, the home ${home}`,
      `Host desk has version ${home.replace(/\d+$/, "99")}, the home ${major}.${minor! + 1}.0`,
      `No worker is drained any more because attic has version 0.0.7, the home ${home}`,
      `No worker is drained any more because desk has version ${home.replace(/\d+$/, "99")}, the home ${major}.${minor! + 1}.0`,
    ],
  );
});

test("reportOtherVersions() tells of as many hosts as are told at once, and takes none that lasts for over", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const join = async (names: readonly string[]) => {
    for (const host of names) await joinWorker(kernel, { host, version: "0.0.7" });
  };
  await join(["zinc"]);
  assert.equal(await reportOtherVersions(kernel), 1);
  await join(["attic"]);
  await kernel.database.query(
    `insert into roost.worker (id, host, pid, kind, lock_key, started_at, seen_at, expires_at, details, queues, capabilities, version, skew_ms)
     select gen_random_uuid(), 'box' || lpad(n::text, 3, '0'), 1, kind, lock_key, started_at, seen_at, expires_at, details, queues, capabilities, version, skew_ms
     from roost.worker, generate_series(1, 120) n where host = 'zinc'`,
  );
  await reportOtherVersions(kernel);
  assert.equal(await reportOtherVersions(kernel), 0, "nothing has changed since");
  const told = await notices(test);
  assert.equal(told.filter((text) => text.startsWith("No worker is drained")).length, 0);
  assert.equal(told.length, 101);
});
