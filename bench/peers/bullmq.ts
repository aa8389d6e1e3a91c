/** BullMQ on its PostgreSQL backend in the comparison. */
import { Queue, Worker, createPostgresBackend, type Processor } from "bullmq";
import { CronLateness } from "../src/peers/cron-lateness.ts";
import type { PeerSetup, WorkloadContext, WorkloadParameters, WorkloadResult } from "../src/peers/peer.ts";
import { servePeer } from "../src/peers/serve-peer.ts";
import { inParallel, timeJobs } from "../src/peers/time-jobs.ts";
import { query } from "./query.ts";
import { versionOf } from "./version-of.ts";

const name = "bench";
const addMax = 1_000;
const leadMs = 6_000;
const dayMs = 86_400_000;

const connection = (setup: PeerSetup, more: object = {}) => ({
  connectionString: setup.databaseUrl,
  max: setup.poolMax,
  ...more,
});

async function withQueue<T>(setup: PeerSetup, work: (queue: Queue) => Promise<T>, more: object = {}): Promise<T> {
  const queue = new Queue(name, { connection: connection(setup, more) }, createPostgresBackend as never);
  queue.on("error", () => undefined);
  try {
    await queue.waitUntilReady();
    return await work(queue);
  } finally {
    await queue.close();
  }
}

function startWorker(setup: PeerSetup, concurrency: number, process: Processor): Worker {
  const worker = new Worker(
    name,
    process,
    { connection: connection(setup), concurrency },
    createPostgresBackend as never,
  );
  worker.on("error", () => undefined);
  return worker;
}

async function addJobs(queue: Queue, count: number): Promise<void> {
  for (let from = 0; from < count; from += addMax)
    await queue.addBulk(Array.from({ length: Math.min(addMax, count - from) }, () => ({ name: "noop", data: {} })));
}

async function claim(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { concurrency, count } = parameters as { concurrency: number; count: number };
  return withQueue(setup, async (queue) => {
    await addJobs(queue, count);
    let ended = 0;
    return timeJobs({
      count,
      start: async (handled) => {
        const worker = startWorker(setup, concurrency, async () => handled());
        worker.on("completed", () => void (ended += 1));
        return () => worker.close();
      },
      isOver: async () => ended >= count,
    });
  });
}

async function stick(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { count } = parameters as { count: number };
  await withQueue(setup, (queue) => addJobs(queue, count));
  // What its claim writes, for all at once.
  await query(
    setup,
    `update bullmq.job set state = 'active', lock_token = 'stuck', locked_until_ms = $1, processed_at_ms = $2, attempts_started = 1
     where state = 'waiting'`,
    [Date.now() + dayMs, Date.now()],
  );
  await query(setup, "vacuum analyze bullmq.job");
  return { count };
}

async function cron(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { count, spreadMs } = parameters as { count: number; spreadMs: number };
  return withQueue(setup, async (queue) => {
    const lateness = new CronLateness(count);
    const settledMs = Date.now() + leadMs + count * 8;
    const seconds = Math.max(1, Math.floor(spreadMs / 1000));
    const secondMs = Math.ceil(settledMs / 1000) * 1000;
    await inParallel(count, 8, (n) =>
      queue.upsertJobScheduler(
        `tick-${n}`,
        { pattern: `${(new Date(secondMs).getUTCSeconds() + (n % seconds)) % 60} * * * * *` },
        { name: `tick-${n}` },
      ),
    );
    const worker = startWorker(setup, 10, async (job) => {
      const { prevMillis } = job.opts as { prevMillis?: number };
      if (prevMillis !== undefined && prevMillis >= secondMs) lateness.began(job.name, prevMillis, "once");
    });
    try {
      return await lateness.result(secondMs + spreadMs + 20_000);
    } finally {
      await worker.close();
      await inParallel(count, 8, (n) => queue.removeJobScheduler(`tick-${n}`));
    }
  });
}

async function recovery(parameters: WorkloadParameters, { setup, report }: WorkloadContext): Promise<WorkloadResult> {
  return withQueue(setup, async (queue) => {
    const worker = startWorker(setup, 1, async () => {
      report("began");
      await new Promise(() => undefined);
    });
    await worker.waitUntilReady();
    report("ready");
    if (parameters["role"] === "first") await queue.add("hang", {});
    await new Promise(() => undefined);
    return {};
  });
}

servePeer({
  facts: {
    version: versionOf("bullmq"),
    settings: ["PostgreSQL backend", "addBulk of 1,000", "defaults else"],
    guarantees: {
      fence: "lock token checked at the end",
      deduplication: "by job id, unused here",
      history: "done jobs kept",
      durability: "claim and end fsynced",
      delivery: "at least once, after 30 to 60 s by default",
    },
  },
  prepare: (setup) => withQueue(setup, async () => undefined, { migrate: true }),
  workloads: { claim, stick, cron, recovery },
});
