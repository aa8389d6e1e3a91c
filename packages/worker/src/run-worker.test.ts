import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { loopVersions } from "@roost/agent/journal";
import {
  beginStep,
  cancelRun,
  claimRuns,
  getRun,
  isLeaseLost,
  listRuns,
  listWorkers,
  reapWorkers,
  type Kernel,
} from "@roost/kernel";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { hostCapability } from "./exec/run-in-directory.ts";
import { workerDefaults } from "./run-worker.ts";
import { killWorkerConnections, startRun, startTestWorker } from "./testing/start-worker.ts";

/** Far longer than a test may take: what needs it to pass fails. */
const neverMs = 3_600_000;

/** A kernel whose waits for these channels end by a wake-up or not at all; `beforeWait` runs between the look and the wait. */
function withoutPolling(kernel: Kernel, channel: string, beforeWait?: () => Promise<void>): Kernel {
  let hasRun = false;
  const { wakeups } = kernel;
  return {
    ...kernel,
    wakeups: {
      wake: (name) => wakeups.wake(name),
      subscribe: (name, onWake) => wakeups.subscribe(name, onWake),
      wait: (name, options) => wakeups.wait(name, options),
      watch(channels) {
        const watch = wakeups.watch(channels);
        if (![channels].flat().includes(channel)) return watch;
        return {
          async next(options) {
            if (!hasRun) {
              hasRun = true;
              await beforeWait?.();
            }
            return watch.next({ ...options, timeoutMs: neverMs });
          },
          [Symbol.dispose]: () => watch[Symbol.dispose](),
        };
      },
    },
  };
}

test("runWorker() claims up to its concurrency and no more, and goes on when there is room", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  for (let count = 0; count < 5; count += 1) await startRun(kernel);
  await using worker = startTestWorker(kernel, { concurrencyMax: 2 });
  const first = await worker.arrived(2);
  assert.equal((await listRuns(kernel, { states: ["running"], limit: 10 })).length, 2);
  first.go();
  for (const place of [3, 4, 5]) (await worker.arrived(place)).go();
  (await worker.arrived(1)).go();
  await until(async () => (await listRuns(kernel, { states: ["done"], limit: 10 })).length === 5);
  assert.equal(worker.mostAtOnce, 2);
});

test("runWorker() does not sleep over a run that became ready between its look and its wait", async () => {
  await using opened = await createTestKernel();
  const kernel = withoutPolling(opened.kernel, "runs:default", async () => void (await startRun(opened.kernel)));
  await using worker = startTestWorker(kernel);
  (await worker.arrived(1)).go();
});

test("runWorker() aborts a running run whose end is asked for, by one wake-up, and it ends as cancelled", async () => {
  await using opened = await createTestKernel();
  const kernel = withoutPolling(opened.kernel, "cancel");
  const runId = await startRun(kernel);
  await using worker = startTestWorker(kernel);
  const { signal } = await worker.arrived(1);
  await cancelRun(kernel, { runId, reason: "not needed", by: "test" });
  await until(async () => (await getRun(kernel.database, runId)).state === "cancelled");
  assert.equal((signal.reason as Error).name, "RunCancelled");
});

test("runWorker() aborts all when its lease is lost, writes nothing more, and registers anew", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const runId = await startRun(kernel);
  await using worker = startTestWorker(kernel, { concurrencyMax: 1 });
  const first = await worker.arrived(1);
  const firstId = await worker.registered(1);
  assert.equal(await killWorkerConnections(kernel), 1);
  const secondId = await worker.registered(2);
  assert.notEqual(secondId, firstId);
  assert.ok(first.signal.aborted);
  assert.equal(await reapWorkers(kernel), 1);
  const second = await worker.arrived(2);
  assert.equal(second.run.id, runId);
  assert.ok(second.run.epoch > first.run.epoch);
  const step = { seq: 1, name: "late", kind: "tool", effect: "unsafe" as const };
  await assert.rejects(beginStep(kernel, { runId, epoch: first.run.epoch }, step), isLeaseLost);
  second.go();
  await until(async () => (await getRun(kernel.database, runId)).state === "done");
});

test("runWorker() that stops lets runs go on for its grace", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const runId = await startRun(kernel);
  await using worker = startTestWorker(kernel, { graceMsMax: neverMs });
  const { go, signal } = await worker.arrived(1);
  const stopped = worker.stop();
  assert.equal(signal.aborted, false);
  go();
  await stopped;
  assert.equal((await getRun(kernel.database, runId)).state, "done");
});

test("runWorker() hands back what its grace was too short for, ready at once, also when it is full", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const runId = await startRun(kernel);
  await using worker = startTestWorker(kernel, { concurrencyMax: 1, graceMsMax: 0 });
  const { signal } = await worker.arrived(1);
  await worker.stop();
  assert.ok(signal.aborted);
  const handedBack = await getRun(kernel.database, runId);
  assert.deepEqual([handedBack.state, handedBack.stallCount, handedBack.workerId], ["ready", 0, null]);
  assert.deepEqual(await listWorkers(kernel), []);
});

test("runWorker() claims nothing after it was told to stop", async () => {
  await using opened = await createTestKernel();
  const worker = startTestWorker(opened.kernel);
  await worker.registered(1);
  await worker.stop();
  const runId = await startRun(opened.kernel);
  assert.equal((await getRun(opened.kernel.database, runId)).state, "ready");
  assert.equal(worker.arrivedCount, 0);
});

test("runWorker() goes on by itself when every connection to the database is gone", async () => {
  await using opened = await createTestKernel();
  const kernel = await opened.openAnother();
  await using worker = startTestWorker(kernel);
  await worker.registered(1);
  await opened.database.query(
    "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and application_name = 'another process'",
  );
  await worker.registered(2);
  const runId = await startRun(opened.kernel);
  (await worker.arrived(1)).go();
  await until(async () => (await getRun(opened.kernel.database, runId)).state === "done");
});

test("runWorker() goes on with what it executes when it cannot claim for a while", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  let failures = 0;
  const hindered: Kernel = {
    ...kernel,
    database: {
      query: async (text, values, options) => {
        if (options?.name === "roost_run_claim" && worker?.arrivedCount === 1 && failures < 2) {
          failures += 1;
          throw new Error("too many connections");
        }
        return kernel.database.query(text, values, options);
      },
      transact: (work, options) => kernel.database.transact(work, options),
      together: (work) => kernel.database.together(work),
      listen: (channel, onPayload) => kernel.database.listen(channel, onPayload),
      openSession: () => kernel.database.openSession(),
      [Symbol.asyncDispose]: async () => undefined,
    },
  };
  let worker: ReturnType<typeof startTestWorker> | undefined;
  await startRun(kernel);
  await using started = (worker = startTestWorker(hindered, { concurrencyMax: 2 }));
  const first = await started.arrived(1);
  await startRun(kernel);
  const second = await started.arrived(2);
  assert.equal(failures, 2);
  assert.equal(first.signal.aborted, false);
  assert.equal(started.workerIds.length, 1);
  second.go();
  first.go();
});

for (const [what, thrown] of [
  ["an error", new Error("broken")],
  ["a text", "broken"],
  ["nothing", undefined],
  ["null", null],
  ["an object without a prototype", Object.create(null)],
] as const) {
  test(`runWorker() records the failure of a handler that throws ${what} and goes on`, async () => {
    await using opened = await createTestKernel();
    const { kernel } = opened;
    const runId = await startRun(kernel);
    await using worker = startTestWorker(kernel);
    (await worker.arrived(1)).go(() => Promise.reject(thrown));
    await until(async () => (await getRun(kernel.database, runId)).state === "failed");
    const { error } = await getRun(kernel.database, runId);
    assert.equal(error?.code, "internal");
    await startRun(kernel);
    (await worker.arrived(2)).go();
  });
}

test("runWorker() goes on without a run that does not heed its abort", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const runId = await startRun(kernel);
  await using worker = startTestWorker(kernel, { concurrencyMax: 1, abandonMsMax: 20 });
  (await worker.arrived(1)).go(() => new Promise(() => undefined));
  // The arrival's gate is passed now: only the handler's own promise is left, and it never settles.
  await cancelRun(kernel, { runId, reason: "it hangs", by: "test" });
  await startRun(kernel);
  (await worker.arrived(2)).go();
  await worker.stop();
  assert.deepEqual(await listWorkers(kernel), []);
});

test("runWorker() gives back a run whose end it could not record", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  let refuses = false;
  const failing: Kernel = {
    ...kernel,
    transact: (work, options) => {
      if (!refuses) return kernel.transact(work, options);
      refuses = false;
      return Promise.reject(new Error("no connection is free"));
    },
  };
  const runId = await startRun(kernel);
  await using worker = startTestWorker(failing, { concurrencyMax: 1 });
  (await worker.arrived(1)).go(async () => {
    refuses = true;
    throw new Error("broken");
  });
  const again = await worker.arrived(2);
  assert.equal(again.run.id, runId);
  assert.equal(again.run.stallCount, 0);
  again.go();
  await until(async () => (await getRun(kernel.database, runId)).state === "done");
});

test("runWorker() gives back a run whose claim it was never answered", async () => {
  await using opened = await createTestKernel();
  const kernel = withoutPolling(opened.kernel, "cancel");
  await using worker = startTestWorker(kernel);
  const workerId = await worker.registered(1);
  const runId = await startRun(kernel, { queue: "elsewhere" });
  const [claimed] = await claimRuns(kernel, { workerId, queues: ["elsewhere"], loopVersions, limit: 1 });
  assert.equal(claimed?.id, runId);
  kernel.wakeups.wake("cancel");
  await opened.clock.advance(11_000);
  await until(async () => {
    kernel.wakeups.wake("cancel");
    return (await getRun(kernel.database, runId)).state === "ready";
  });
});

test("runWorker() keeps a lease of the length it was given, and offers its machine by both of its names", async () => {
  await using opened = await createTestKernel();
  await using worker = startTestWorker(opened.kernel, { leaseMs: 7_000, host: "attic", capabilities: ["gpu"] });
  await worker.registered(1);
  const [row] = await listWorkers(opened.kernel);
  assert.equal(row!.expiresAt.getTime() - row!.seenAt.getTime(), 7_000);
  assert.ok(workerDefaults.heartbeatMs < 7_000);
  assert.deepEqual(row!.capabilities, [hostCapability(), "host:attic", "gpu"]);
});
