/** What an idle home asks of its database: what each loop sends in a look that finds nothing, as often as it looks. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import type { Database } from "@roost/database";
import { createNoticeLoop, webhookOutlet } from "../apps/gateway/src/notices/create-notice-loop.ts";
import { createJobLoops, createStalledJobLoop } from "../packages/jobs/src/create-job-loops.ts";
import { defineJob } from "../packages/jobs/src/define-job.ts";
import { reportSilentJobs } from "../packages/jobs/src/report-silent-jobs.ts";
import { openKernel } from "../packages/kernel/src/open-kernel.ts";
import { claimRuns } from "../packages/kernel/src/runs/claim-runs.ts";
import { createUnplacedLoop } from "../packages/kernel/src/scheduler/create-unplaced-loop.ts";
import { createLoops } from "../packages/kernel/src/scheduler/run-scheduler.ts";
import { createTestKernel } from "../packages/worker/src/testing/create-test-kernel.ts";
import { registerWorker } from "../packages/kernel/src/workers/register-worker.ts";
import { createLargeFileLoop } from "../packages/memory/src/files/keep-large-files.ts";
import { openMemory } from "../packages/memory/src/open-memory.ts";
import { scanHome } from "../packages/memory/src/scan/scan-home.ts";
import { watchPollMs } from "../packages/memory/src/scan/watch-home.ts";
import { createJournalLoops } from "../packages/worker/src/journals/create-journal-loops.ts";
import { workerDefaults } from "../packages/worker/src/run-worker.ts";

const minuteMs = 60_000;
const workerCount = 2;
const webhook = { url: "http://127.0.0.1:9/", key: "whsec_AAAA" };
/** Of the whole home, in a minute. */
const statementsMax = 160;

test("An idle home with a scheduler and two workers sends less than three statements a second", async (t) => {
  await using opened = await createTestKernel();
  let count = 0;
  const database = counting(opened.database, () => (count += 1));
  await using kernel = await openKernel({ database, logger: silentLogger, migrate: false });
  const homeDir = await mkdtemp(join(tmpdir(), "roost-idle-"));
  t.after(() => rm(homeDir, { recursive: true, force: true }));
  await using memory = await openMemory({ kernel, homeDir, logger: silentLogger });
  await using worker = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
  // Without jobs some loops would have even less to ask for.
  const triggers = [
    { kind: "cron", expression: "0 6 1 1 *" },
    { kind: "event", eventType: "notice.raised" },
  ];
  for (const [index, trigger] of triggers.entries())
    await defineJob(kernel, { id: `job-${index}`, prompt: "do it", trigger }, { by: "a test" });

  const { workerId } = worker;
  const claim = { workerId, queues: ["default"], limit: 1, loopVersions: [1] };
  const ofWorkers = [
    { name: "claims", pollMs: workerDefaults.pollMs, look: () => claimRuns(kernel, claim) },
    { name: "silent jobs", pollMs: workerDefaults.jobWatchMs, look: () => reportSilentJobs(kernel) },
    { name: "heartbeats", pollMs: workerDefaults.heartbeatMs, look: () => worker.heartbeat() },
  ].flatMap((each) => Array.from({ length: workerCount }, () => each));
  const asked = [
    ...createLoops(kernel),
    ...createJobLoops(kernel),
    ...createJournalLoops(kernel),
    createStalledJobLoop(kernel),
    createUnplacedLoop(kernel),
    createNoticeLoop(kernel, {
      outlet: webhookOutlet(async () => webhook),
      timeZone: "UTC",
      signal: new AbortController().signal,
    }),
    ...[createLargeFileLoop(memory)].filter((loop) => loop !== undefined),
    ...ofWorkers,
    { name: "heartbeat of the scheduler", pollMs: workerDefaults.heartbeatMs, look: () => worker.heartbeat() },
    { name: "home", pollMs: watchPollMs, look: () => scanHome(memory) },
    { name: "clocks", pollMs: minuteMs / (workerCount + 1), look: () => kernel.syncClock() },
  ];
  const lines: string[] = [];
  let total = 0;
  for (const { name, pollMs, look } of asked) {
    // The first one may have something to do.
    await look();
    await look();
    count = 0;
    await look();
    const perMinute = (count * minuteMs) / pollMs;
    total += perMinute;
    lines.push(`${name}: ${count} every ${pollMs} ms`);
  }
  assert.ok(total <= statementsMax, `${total} statements a minute (limit ${statementsMax}):\n${lines.join("\n")}`);
  assert.ok(total > 0);
});

function counting(database: Database, onStatement: () => void): Database {
  const counted = <Sql extends { query: Database["query"] }>(sql: Sql): Sql =>
    new Proxy(sql, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const method = value.bind(target) as (...values: unknown[]) => unknown;
        if (name === "transact")
          return (work: (tx: Sql) => unknown, options?: object) => method((tx: Sql) => work(counted(tx)), options);
        if (name !== "query" && name !== "commitWith") return method;
        return (...values: unknown[]) => {
          onStatement();
          return method(...values);
        };
      },
    });
  return counted(database);
}
