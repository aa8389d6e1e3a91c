/** Roost under the workload "cron": a scheduler and a worker in one process, jobs that are due once within the time measured. */
import { silentLogger } from "@roost/base";
import type { Database } from "@roost/database";
import { createJobLoops, applyJobs } from "@roost/jobs";
import { finishRun, runScheduler, type Kernel } from "@roost/kernel";
import { runWorker } from "@roost/worker";
import { CronLateness } from "./cron-lateness.ts";
import { openRoost } from "./open-roost.ts";
import type { PeerSetup, WorkloadParameters, WorkloadResult } from "./peer.ts";

const jobsPerCall = 500;
/** Until the first job is due: everything must be defined by then, each job a few statements. */
const leadMs = 5_000;
const leadMsPerJob = 10;
const definitionsMax = 3;
const graceMs = 20_000;

export async function measureRoostCron(setup: PeerSetup, parameters: WorkloadParameters): Promise<WorkloadResult> {
  const { count, spreadMs } = parameters as { count: number; spreadMs: number };
  await using opened = await openRoost(setup);
  const { kernel, database } = opened;
  const lateness = new CronLateness(count);
  // Moments before it belong to definitions that came too late.
  const counted = { fromMs: Infinity };
  const stop = new AbortController();
  const running = Promise.all([
    runScheduler(kernel, { loops: createJobLoops(kernel), signal: stop.signal, host: "bench", pid: process.pid }),
    runWorker({
      kernel,
      handlers: {
        agent: async (run, { claimer }) => {
          const dueMs = run.scheduledAt!.getTime();
          if (dueMs >= counted.fromMs) lateness.began(run.jobId!, dueMs);
          await finishRun(kernel, { runId: run.id, epoch: run.epoch }, { state: "done" }, { claimer });
        },
      },
      logger: silentLogger,
      signal: stop.signal,
      concurrencyMax: 10,
      pid: process.pid,
    }),
  ]);
  try {
    const firstMs = await defineJobs(kernel, count, spreadMs);
    counted.fromMs = firstMs;
    const result = await lateness.result(firstMs + spreadMs + graceMs);
    return { ...result, ...(await readTickLateness(database, firstMs)) };
  } finally {
    stop.abort();
    await running;
  }
}

/** Returns when the first is due. On a machine that is too busy to define them in time they are defined again, further ahead. */
async function defineJobs(kernel: Kernel, count: number, spreadMs: number): Promise<number> {
  for (let attempt = 1; attempt <= definitionsMax; attempt += 1) {
    // A whole second, as cron expressions have.
    const firstMs = Math.ceil((Date.now() + (leadMs + leadMsPerJob * count) * attempt) / 1000) * 1000;
    const jobs = Array.from({ length: count }, (_, n) => ({
      id: `bench-${n}`,
      prompt: "",
      trigger: {
        kind: "every",
        every: "1h",
        anchor: new Date(firstMs + Math.floor((n * spreadMs) / count)).toISOString(),
      },
    }));
    for (let from = 0; from < count; from += jobsPerCall)
      await applyJobs(kernel, jobs.slice(from, from + jobsPerCall), { by: "bench", source: `bench-${from}` });
    if (Date.now() < firstMs) return firstMs;
  }
  throw new Error(`${count} jobs were not defined in time, ${definitionsMax} times: the machine is too busy`);
}

/** When ticks were recorded, without the way to a worker. */
async function readTickLateness(database: Database, firstMs: number): Promise<WorkloadResult> {
  const [tick] = await database.query<{ p50Ms: number; p99Ms: number; maxMs: number }>(
    `select percentile_disc(0.5) within group (order by late) as "p50Ms", percentile_disc(0.99) within group (order by late) as "p99Ms",
       max(late) as "maxMs"
     from (select extract(epoch from created_at - scheduled_at)::float8 * 1000 as late from roost.run
           where job_id is not null and scheduled_at >= to_timestamp($1::float8 / 1000)) as ticks`,
    [firstMs],
  );
  return { tickP50Ms: tick!.p50Ms, tickP99Ms: tick!.p99Ms, tickMaxMs: tick!.maxMs };
}
