import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { defineEvent } from "@roost/contract";
import { roostEvents } from "@roost/contract/events";
import { z } from "zod";
import { acquireLock, beginOnce, claimRuns, createRun, registerWorker, runScheduler, type Kernel } from "@roost/kernel";
import { createTestKernel, type TestKernel } from "./testing/create-test-kernel.ts";
import { createJobLoops } from "./create-job-loops.ts";
import { defineJob } from "./define-job.ts";
import { listTicks } from "./read-jobs.ts";

const by = "test";
const noted = defineEvent({ type: "note.taken", version: 1, topic: "notes", schema: z.object({ text: z.string() }) });

/** Schedulers that stop when the test ends. */
function start(kernels: Kernel[]): AsyncDisposable {
  const controller = new AbortController();
  const running = Promise.all(
    kernels.map((kernel, index) =>
      runScheduler(kernel, {
        loops: createJobLoops(kernel),
        signal: controller.signal,
        host: "test",
        pid: 1_000 + index,
      }),
    ),
  );
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running;
    },
  };
}

async function count(opened: TestKernel, what: string): Promise<number> {
  const [row] = await opened.database.query<{ count: number }>(`select count(*)::int as count from ${what}`);
  return row?.count ?? 0;
}

test("runScheduler() three at once fire each tick once, to the moment, through cut connections", async () => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  await opened.clock.set(new Date("2026-03-01T00:00:00Z"));
  await defineJob(
    opened.kernel,
    {
      id: "j",
      prompt: "",
      overlap: "allow",
      catchUp: { policy: "all", max: 100 },
      trigger: { kind: "every", every: "1m", anchor: "2026-03-01T00:00:30Z" },
    },
    { by },
  );
  await using _ = start(kernels);
  for (let minute = 1; minute <= 20; minute += 1) {
    await opened.clock.set(new Date(Date.parse("2026-03-01T00:00:31Z") + minute * 60_000));
    if (minute % 7 === 0) {
      await opened.database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
    }
    await until(async () => (await count(opened, "roost.tick").catch(() => 0)) >= minute + 1);
  }
  const { ticks } = await listTicks(opened.kernel, { jobId: "j", limit: 100 });
  assert.deepEqual(
    ticks.map((tick) => tick.outcome),
    Array.from({ length: 21 }, () => "fired"),
  );
  assert.equal(await count(opened, "roost.run"), 21);
});

test("runScheduler() wakes for a job that is defined while it sleeps", async () => {
  await using opened = await createTestKernel();
  const other = await opened.openAnother();
  await using _ = start([other]);
  await until(async () => (await count(opened, "roost.worker")) === 1);
  await defineJob(
    opened.kernel,
    { id: "j", prompt: "", trigger: { kind: "at", at: new Date(opened.kernel.clock.nowMs() + 50).toISOString() } },
    { by },
  );
  await until(async () => (await count(opened, "roost.tick")) === 1);
});

test("runScheduler() starts runs whose start is due and gives the runs of a dead worker to others", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  await using _ = start([await opened.openAnother()]);
  const startAt = new Date(kernel.clock.nowMs() + 3_600_000);
  const { runId } = await kernel.transact((tx) => createRun(tx, { reason: "later", input: {}, startAt }));
  await clock.advance(3_600_001);
  await until(async () => (await count(opened, `roost.run where id = '${runId}' and state = 'ready'`)) === 1);

  const worker = await registerWorker(kernel, { kind: "worker", host: "test", pid: 1 });
  const [claimed] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
  assert.equal(claimed?.id, runId);
  // Its connection breaks, as at a kill -9.
  await opened.database.query(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())
       and ((classid::bigint << 32) | objid::bigint) = (select lock_key from roost.worker where id = $1)`,
    [worker.workerId],
  );
  await until(
    async () => (await count(opened, `roost.run where id = '${runId}' and state = 'ready' and epoch >= 1`)) === 1,
  );
  await worker.release().catch(() => undefined);
});

test("runScheduler() fires event jobs of a topic that came up while it ran", async () => {
  await using opened = await createTestKernel({ events: [...roostEvents, noted] });
  await using _ = start([await opened.openAnother()]);
  await defineJob(
    opened.kernel,
    { id: "j", prompt: "", overlap: "allow", trigger: { kind: "event", eventType: "note.taken" } },
    { by },
  );
  for (let index = 0; index < 3; index += 1) {
    await opened.kernel.append([{ type: "note.taken", data: { text: `${index}` } }]);
    await until(async () => (await count(opened, "roost.tick")) === index + 1);
  }
});

test("runScheduler() frees locks that were not renewed, and marks unfinished effects as unknown", async () => {
  await using opened = await createTestKernel();
  await using _ = start([await opened.openAnother()]);
  await acquireLock(opened.kernel, { name: "l", holder: "gone", ttlMs: 60_000 });
  await beginOnce(opened.kernel, { scope: "s", key: "k", holder: "gone", ttlMs: 60_000 });
  await opened.clock.advance(61_000);
  await until(async () => (await count(opened, "roost.event where type in ('lock.expired', 'once.unknown')")) === 2);
});

test("runScheduler() stops when it is told to, and leaves the list of processes", async () => {
  await using opened = await createTestKernel();
  {
    await using _ = start([opened.kernel]);
    await until(async () => (await count(opened, "roost.worker where kind = 'scheduler'")) === 1);
  }
  assert.equal(await count(opened, "roost.worker"), 0);
});
