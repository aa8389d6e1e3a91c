/**
 * pg-boss in the comparison. Its mode is the first argument: `single` fetches and completes jobs one by one, `batched` is
 * `work` with batches and `burstWhenBatchFull`, as its documentation advises for throughput.
 */
import { PgBoss } from "pg-boss";
import { CronLateness } from "../src/peers/cron-lateness.ts";
import type { PeerSetup, WorkloadContext, WorkloadParameters, WorkloadResult } from "../src/peers/peer.ts";
import { servePeer } from "../src/peers/serve-peer.ts";
import { timeJobs } from "../src/peers/time-jobs.ts";
import { query } from "./query.ts";
import { versionOf } from "./version-of.ts";

const isBatched = process.argv[2] === "batched";
const queue = "noop";
const insertMax = 5_000;
const batchSize = 500;
const emptyLookMs = 5;
const minuteMs = 60_000;

async function withBoss<T>(setup: PeerSetup, work: (boss: PgBoss) => Promise<T>, more: object = {}): Promise<T> {
  const boss = new PgBoss({ connectionString: setup.databaseUrl, max: setup.poolMax, schedule: false, ...more });
  boss.on("error", () => undefined);
  await boss.start();
  try {
    return await work(boss);
  } finally {
    await boss.stop({ graceful: false });
  }
}

async function addJobs(boss: PgBoss, count: number): Promise<void> {
  for (let from = 0; from < count; from += insertMax)
    await boss.insert(
      queue,
      Array.from({ length: Math.min(insertMax, count - from) }, () => ({ data: {} })),
    );
}

async function claim(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { concurrency, count } = parameters as { concurrency: number; count: number };
  return withBoss(setup, async (boss) => {
    await addJobs(boss, count);
    let ended = 0;
    const onEnded = (size: number) => void (ended += size);
    const begin = isBatched ? startBatched : startSingle;
    return timeJobs({
      count,
      start: (handled) => begin(boss, { concurrency, handled, onEnded }),
      isOver: async () => {
        if (!isBatched) return ended === count;
        const { rows } = await query(
          setup,
          `select from pgboss.job where name = '${queue}' and state < 'completed' and coalesce(output ->> 'stuck', '') = '' limit 1`,
        );
        return rows.length === 0;
      },
    });
  });
}

interface Work {
  concurrency: number;
  handled: () => void;
  onEnded: (size: number) => void;
}

async function startSingle(boss: PgBoss, { concurrency, handled, onEnded }: Work): Promise<() => Promise<unknown>> {
  let isStopped = false;
  const loops = Array.from({ length: concurrency }, async () => {
    while (!isStopped) {
      const [job] = await boss.fetch(queue);
      if (job === undefined) {
        await new Promise((resolve) => setTimeout(resolve, emptyLookMs));
        continue;
      }
      handled();
      await boss.complete(queue, job.id);
      onEnded(1);
    }
  });
  return async () => {
    isStopped = true;
    await Promise.all(loops);
  };
}

async function startBatched(boss: PgBoss, { concurrency, handled }: Work): Promise<() => Promise<unknown>> {
  // More fetchers than connections only wait for each other.
  const localConcurrency = Math.min(concurrency, 4);
  await boss.work(
    queue,
    { batchSize, localConcurrency, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
    async (jobs) => {
      for (const _ of jobs) handled();
    },
  );
  return () => boss.offWork(queue);
}

async function stick(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { count } = parameters as { count: number };
  return withBoss(setup, async (boss) => {
    await addJobs(boss, count);
    await query(
      setup,
      `update pgboss.job set state = 'active', started_on = now(), expire_seconds = 86400, output = '{"stuck": "yes"}' where name = '${queue}' and state < 'active'`,
    );
    await query(setup, "vacuum analyze pgboss.job_common").catch(() => query(setup, "vacuum analyze pgboss.job"));
    return { count };
  });
}

async function cron(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { count, spreadMs } = parameters as { count: number; spreadMs: number };
  if (spreadMs > 0) throw new Error("its schedules know whole minutes");
  return withBoss(
    setup,
    async (boss) => {
      const dueMs = Math.ceil((Date.now() + 8_000) / minuteMs) * minuteMs;
      const lateness = new CronLateness(count);
      for (let n = 0; n < count; n += 1) await boss.schedule(queue, "* * * * *", { n }, { key: `tick-${n}` });
      await boss.work<{ n: number }>(
        queue,
        { batchSize: 100, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
        async (jobs) => {
          if (Date.now() >= dueMs) for (const job of jobs) lateness.began(String(job.data.n), dueMs);
        },
      );
      return lateness.result(dueMs + 55_000);
    },
    { schedule: true },
  );
}

async function recovery(parameters: WorkloadParameters, { setup, report }: WorkloadContext): Promise<WorkloadResult> {
  return withBoss(setup, async (boss) => {
    await boss.updateQueue(queue, { heartbeatSeconds: 10 });
    await boss.work(queue, { pollingIntervalSeconds: 0.5 }, async () => {
      report("began");
      await new Promise(() => undefined);
    });
    report("ready");
    if (parameters["role"] === "first") await boss.send(queue, {});
    await new Promise(() => undefined);
    return {};
  });
}

servePeer({
  facts: {
    version: versionOf("pg-boss"),
    settings: isBatched
      ? [`batchSize ${batchSize}`, "localConcurrency up to 4", "burstWhenBatchFull", "pollingIntervalSeconds 0.5"]
      : ["fetch and complete, one job each"],
    guarantees: {
      fence: "state, not owner",
      deduplication: "singletonKey, unused here",
      history: "done jobs kept (7 days by default)",
      durability: isBatched ? "claim and end of a batch each fsynced" : "claim and end each fsynced",
      delivery: "at least once, after 15 min by default",
    },
  },
  prepare: (setup) => withBoss(setup, (boss) => boss.createQueue(queue)),
  workloads: { claim, stick, cron, recovery },
});
