/** graphile-worker in the comparison. Its mode is the first argument: `default`, or `batched` with a local queue and batched completion. */
import {
  Logger,
  makeWorkerUtils,
  run,
  runMigrations,
  parseCronItems,
  type Runner,
  type TaskList,
} from "graphile-worker";
import { Pool } from "pg";
import { CronLateness } from "../src/peers/cron-lateness.ts";
import type { PeerSetup, WorkloadContext, WorkloadParameters, WorkloadResult } from "../src/peers/peer.ts";
import { servePeer } from "../src/peers/serve-peer.ts";
import { timeJobs } from "../src/peers/time-jobs.ts";
import { versionOf } from "./version-of.ts";

const isBatched = process.argv[2] === "batched";
const logger = new Logger(() => () => undefined);
const addMax = 5_000;
const minuteMs = 60_000;

/** As https://worker.graphile.org/docs/performance advises and its own performance test sets. */
const batching = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

async function withPool<T>(setup: PeerSetup, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString: setup.databaseUrl, max: setup.poolMax });
  pool.on("error", () => undefined);
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

function start(pool: Pool, concurrency: number, taskList: TaskList, more: object = {}): Promise<Runner> {
  return run({
    pgPool: pool,
    concurrency,
    noHandleSignals: true,
    logger,
    taskList,
    parsedCronItems: [],
    preset: isBatched ? { worker: batching } : undefined,
    ...more,
  });
}

async function addJobs(pool: Pool, count: number): Promise<void> {
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  for (let from = 0; from < count; from += addMax) {
    const size = Math.min(addMax, count - from);
    await utils.addJobs(Array.from({ length: size }, () => ({ identifier: "noop", payload: {} })));
  }
  await utils.release();
}

async function claim(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { concurrency, count } = parameters as { concurrency: number; count: number };
  return withPool(setup, async (pool) => {
    await addJobs(pool, count);
    return timeJobs({
      count,
      start: async (handled) => {
        const runner = await start(pool, concurrency, { noop: () => handled() });
        return () => runner.stop();
      },
      isOver: async () => {
        const { rows } = await pool.query(
          `select from graphile_worker._private_jobs where is_available or locked_by <> 'stuck' limit 1`,
        );
        return rows.length === 0;
      },
    });
  });
}

async function stick(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { count } = parameters as { count: number };
  return withPool(setup, async (pool) => {
    await addJobs(pool, count);
    await pool.query("update graphile_worker._private_jobs set locked_at = now(), locked_by = 'stuck', attempts = 1");
    await pool.query("vacuum analyze graphile_worker._private_jobs");
    return { count };
  });
}

/** Its cron knows minutes: all are due at the next full one. */
async function cron(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { count, spreadMs } = parameters as { count: number; spreadMs: number };
  if (spreadMs > 0) throw new Error("its cron knows whole minutes");
  return withPool(setup, async (pool) => {
    const marginMs = 8_000;
    const dueMs = Math.ceil((Date.now() + marginMs) / minuteMs) * minuteMs;
    const lateness = new CronLateness(count);
    const parsedCronItems = parseCronItems(
      Array.from({ length: count }, (_, n) => ({
        task: "tick",
        match: "* * * * *",
        identifier: `tick-${n}`,
        payload: { n },
      })),
    );
    const tick = (payload: unknown) => {
      const { n, _cron } = payload as { n: number; _cron: { ts: string } };
      if (Date.parse(_cron.ts) === dueMs) lateness.began(String(n), dueMs);
    };
    const runner = await start(pool, 10, { tick }, { parsedCronItems });
    try {
      return await lateness.result(dueMs + 30_000);
    } finally {
      await runner.stop();
    }
  });
}

async function recovery(parameters: WorkloadParameters, { setup, report }: WorkloadContext): Promise<WorkloadResult> {
  const pool = new Pool({ connectionString: setup.databaseUrl, max: setup.poolMax });
  const hang = async () => {
    report("began");
    await new Promise(() => undefined);
  };
  const runner = await start(pool, 1, { noop: hang });
  report("ready");
  if (parameters["role"] === "first") await addJobs(pool, 1);
  await runner.promise;
  return {};
}

servePeer({
  facts: {
    version: versionOf("graphile-worker"),
    settings: isBatched ? ["localQueue.size 500", "completeJobBatchDelay 0", "failJobBatchDelay 0"] : ["defaults"],
    guarantees: {
      fence: "no: a job is deleted by its id",
      deduplication: "job_key, unused here",
      history: "none: done jobs are deleted",
      durability: isBatched ? "claims of 500; ends fsynced together, not waited for" : "claim and end each fsynced",
      delivery: "at least once, after 4 h by default",
    },
  },
  prepare: ({ databaseUrl }) => runMigrations({ connectionString: databaseUrl, logger }),
  workloads: { claim, stick, cron, recovery },
});
