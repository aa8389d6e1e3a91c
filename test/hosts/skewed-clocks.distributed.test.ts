/** Machines whose clocks are minutes off: gateway and workers as processes, each with a clock of its own (libfaketime), the database with the right one. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { createRun, getRun, listRuns, listWorkers, readTopic, reapWorkers } from "@roost/kernel";
import { testToken } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { openHouse, shortLease } from "../../packages/worker/src/testing/open-house.ts";

const library = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));
const skip = library === undefined && "libfaketime is not installed: apt-get install faketime";
const gateway = new URL("../../apps/gateway/src/main.ts", import.meta.url);
const minuteMs = 60_000;

/** Timers stay right; what a process takes for the time of day is off. */
function skewed(offset: string): Record<string, string> {
  return { LD_PRELOAD: library!, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1", ROOST_GRACE_MS: "20000" };
}

test(
  "With clocks minutes apart runs end, ticks fire at the database's moments, and leases neither end early nor late",
  { skip },
  async (t) => {
    await using house = await openHouse();
    const { kernel, memory, model } = house;
    await mkdir(join(memory.homeDir, "jobs"), { recursive: true });
    await writeFile(
      join(memory.homeDir, "jobs/beat.yaml"),
      "id: beat\ntrigger: { kind: every, every: 1s }\noverlap: allow\nprompt: beat\n",
    );
    await writeFile(join(memory.homeDir, ".roost/token"), `${testToken}\n`, { mode: 0o600 });
    await house.start({ program: gateway, env: { ...skewed("-8m"), ROOST_PORT: "0" } });
    const ahead = await house.start({ env: { ...skewed("+11m"), ...shortLease } });
    const behind = await house.start({ env: { ...skewed("-6m"), ...shortLease } });
    const skews = async () =>
      (await listWorkers(kernel)).map(({ kind, pid, skewMs }) => [kind, pid, Math.round(skewMs / minuteMs)]);
    await until(async () => (await skews()).length === 3);
    assert.deepEqual(new Map((await skews()).map(([, pid, skew]) => [pid, skew])).get(ahead.pid), 11);
    assert.deepEqual(new Map((await skews()).map(([, pid, skew]) => [pid, skew])).get(behind.pid), -6);

    const done = async () => (await listRuns(kernel, { jobId: "beat", states: ["done"], limit: 100 })).length;
    await until(async () => (await done()) >= 5);
    const { events } = await readTopic(kernel.database, { topic: "jobs", limit: 500, types: ["tick.fired"] });
    for (const { time, data } of events) {
      const lateMs = time.getTime() - Date.parse((data as { scheduledAt: string }).scheduledAt);
      assert.ok(lateMs > -1_000 && lateMs < minuteMs, `a tick fired ${lateMs} ms late`);
    }
    // Nobody was taken for dead meanwhile: a lease of two seconds, a clock that is off by minutes.
    const lost = await readTopic(kernel.database, { topic: "runs", limit: 500, types: ["lease.lost", "worker.lost"] });
    assert.deepEqual(lost.events, []);

    // One that dies is followed by the other, by the database's clock.
    model.setScript(() => ({ stall: "after_headers" }));
    const { runId } = await kernel.transact((tx) =>
      createRun(tx, { reason: "a test", agent: "main", sessionKind: "cron", input: { prompt: "go" } }),
    );
    await until(async () => (await getRun(kernel.database, runId)).state === "running");
    const owner = (await getRun(kernel.database, runId)).workerId;
    const [held] = (await listWorkers(kernel)).filter(({ id }) => id === owner);
    const dying = held?.pid === ahead.pid ? ahead : behind;
    dying.kill("SIGKILL");
    await dying.ended;
    model.setScript(() => "done");
    await until(async () => {
      await reapWorkers(kernel);
      return (await getRun(kernel.database, runId)).state === "done";
    });
    t.diagnostic(`${events.length} ticks`);
  },
);
