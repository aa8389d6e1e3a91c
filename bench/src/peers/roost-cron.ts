/** Roost under the workload "cron": a scheduler and a worker in one process, jobs that are due once within the time measured. */
import { silentLogger } from "@roost/base";
import { applyJobs, finishRun, runScheduler } from "@roost/kernel";
import { runWorker } from "@roost/worker";
import { CronLateness } from "./cron-lateness.ts";
import { openRoost } from "./open-roost.ts";
import type { PeerSetup, WorkloadParameters, WorkloadResult } from "./peer.ts";

const jobsPerCall = 500;
const leadMs = 4_000;
const graceMs = 20_000;

export async function measureRoostCron(setup: PeerSetup, parameters: WorkloadParameters): Promise<WorkloadResult> {
  const { count, spreadMs } = parameters as { count: number; spreadMs: number };
  await using opened = await openRoost(setup);
  const { kernel, database } = opened;
  // A whole second, as cron expressions have.
  const firstMs = Math.ceil((Date.now() + leadMs) / 1000) * 1000;
  const jobs = Array.from({ length: count }, (_, n) => ({
    id: `bench-${firstMs}-${n}`,
    prompt: "",
    trigger: {
      kind: "every",
      every: "1h",
      anchor: new Date(firstMs + Math.floor((n * spreadMs) / count)).toISOString(),
    },
  }));
  for (let from = 0; from < count; from += jobsPerCall)
    await applyJobs(kernel, jobs.slice(from, from + jobsPerCall), { by: "bench", source: `bench-${firstMs}-${from}` });
  const lateness = new CronLateness(count);
  const stop = new AbortController();
  const running = Promise.all([
    runScheduler(kernel, { signal: stop.signal, host: "bench", pid: process.pid }),
    runWorker({
      kernel,
      handlers: {
        agent: async (run) => {
          lateness.began(run.jobId!, run.scheduledAt!.getTime());
          await finishRun(kernel, { runId: run.id, epoch: run.epoch }, { state: "done" });
        },
      },
      logger: silentLogger,
      signal: stop.signal,
      concurrencyMax: 10,
      pid: process.pid,
    }),
  ]);
  try {
    const result = await lateness.result(firstMs + spreadMs + graceMs);
    // When the tick was recorded, without the way to its worker.
    const [tick] = await database.query<{ p50Ms: number; p99Ms: number; maxMs: number }>(
      `select percentile_disc(0.5) within group (order by late) as "p50Ms", percentile_disc(0.99) within group (order by late) as "p99Ms",
         max(late) as "maxMs"
       from (select extract(epoch from r.created_at - r.scheduled_at)::float8 * 1000 as late from roost.run r
             where r.job_id like $1) as ticks`,
      [`bench-${firstMs}-%`],
    );
    return { ...result, tickP50Ms: tick!.p50Ms, tickP99Ms: tick!.p99Ms, tickMaxMs: tick!.maxMs };
  } finally {
    stop.abort();
    await running;
  }
}
