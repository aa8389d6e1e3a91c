import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { openDatabase, openEmbeddedPostgres } from "@roost/database";
import { createJobLoops } from "./create-job-loops.ts";
import { defineJob } from "./define-job.ts";
import { jobsSchema } from "./jobs-schema.ts";
import { listTicks } from "./read-jobs.ts";
import { openKernel, runScheduler, type Kernel } from "@roost/kernel";

async function tickCount(kernel: Kernel): Promise<number> {
  const [row] = await kernel.database.query<{ count: number }>("select count(*)::int as count from roost.tick");
  return row?.count ?? 0;
}

test("runScheduler() lives through kill -9 of PostgreSQL and its restart: no tick twice, no moment without a row", async () => {
  const dir = await mkdtemp(join(tmpdir(), "roost-scheduler-"));
  try {
    await using restarted = new AsyncDisposableStack();
    const first = await openEmbeddedPostgres({ dir, logger: silentLogger });
    restarted.use(first);
    const { url } = first;
    await using database = await openDatabase({ url, applicationName: "scheduler", logger: silentLogger });
    await using kernel = await openKernel({ database, logger: silentLogger, rooms: [jobsSchema] });
    const trigger = { kind: "every", every: "1s", anchor: "2026-01-01T00:00:00Z" };
    const catchUp = { policy: "all", max: 100 };
    await defineJob(kernel, { id: "j", prompt: "", overlap: "allow", catchUp, trigger }, { by: "test" });
    const controller = new AbortController();
    const running = runScheduler(kernel, {
      loops: createJobLoops(kernel),
      signal: controller.signal,
      host: "test",
      pid: process.pid,
    });
    try {
      await until(async () => (await tickCount(kernel)) >= 2);
      process.kill(first.pid, "SIGKILL");
      // Its backends outlive it for a moment.
      await until(async () => (await tickCount(kernel).catch(() => undefined)) === undefined);
      const second = await openEmbeddedPostgres({ dir, logger: silentLogger });
      restarted.use(second);
      assert.equal(second.url, url);
      const before = await until(() => tickCount(kernel).catch(() => undefined));
      await until(async () => (await tickCount(kernel)) >= before + 3);
    } finally {
      controller.abort();
      await running;
    }
    const { ticks } = await listTicks(kernel, { jobId: "j", limit: 500 });
    const moments = ticks.map((tick) => tick.scheduledAt.getTime()).toSorted((a, b) => a - b);
    assert.deepEqual(
      moments,
      moments.map((_, index) => (moments[0] ?? 0) + index * 1_000),
    );
    assert.ok(ticks.every((tick) => tick.outcome === "fired"));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
