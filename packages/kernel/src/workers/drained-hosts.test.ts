import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { claim, end, joinWorker, startRun } from "../testing/drive-runs.ts";
import { readTopic } from "../log/read-log.ts";
import { finishRun } from "../runs/finish-run.ts";
import { drainHost, listDrainedHosts, readHomeVersion, reportOtherVersions, undrainHost } from "./drained-hosts.ts";
import { listWorkers } from "./list-workers.ts";

async function notices({ kernel }: TestKernel): Promise<string[]> {
  const { events } = await readTopic(kernel.database, { topic: "notices", limit: 100 });
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

test("registerWorker() waits for a drain of its host that is under way, and is drained", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await startRun(kernel);
  const drain = await kernel.database.openSession();
  await drain.query("begin");
  await drain.query("select pg_advisory_xact_lock(hashtextextended('roost.drain:desk', 0))");
  await drain.query("insert into roost.drained_host (name, drained_by) values ('desk', 'person:owner')");
  const joining = joinWorker(kernel, { host: "desk" });
  let hasSettled = false;
  void joining.finally(() => (hasSettled = true));
  const isWaiting = "select 1 from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))";
  while ((await drain.query(isWaiting)).length === 0) assert.ok(!hasSettled, "it did not wait");
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
