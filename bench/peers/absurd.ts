/** absurd in the comparison. Its SQL comes with absurdctl, which is installed beside the packages. */
import { readFileSync } from "node:fs";
import { Absurd } from "absurd-sdk";
import { Pool } from "pg";
import type { PeerSetup, WorkloadContext, WorkloadParameters, WorkloadResult } from "../src/peers/peer.ts";
import { servePeer } from "../src/peers/serve-peer.ts";
import { inParallel, timeCalls, timeJobs } from "../src/peers/time-jobs.ts";
import { query } from "./query.ts";
import { versionOf } from "./version-of.ts";

const pollSeconds = 0.01;
const queueName = "bench";

async function withApp<T>(setup: PeerSetup, work: (app: Absurd, pool: Pool) => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString: setup.databaseUrl, max: setup.poolMax });
  pool.on("error", () => undefined);
  const app = new Absurd({ db: pool, queueName, log: { log() {}, info() {}, warn() {}, error() {} } });
  try {
    return await work(app, pool);
  } finally {
    await app.close();
    await pool.end();
  }
}

async function claim(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { concurrency, count } = parameters as { concurrency: number; count: number };
  return withApp(setup, async (app, pool) => {
    let onNoop: () => void = () => undefined;
    app.registerTask({ name: "noop" }, async () => onNoop());
    await inParallel(count, setup.poolMax, () => app.spawn("noop", {}));
    return timeJobs({
      count,
      start: async (handled) => {
        onNoop = handled;
        const worker = await app.startWorker({ concurrency, pollInterval: pollSeconds });
        return () => worker.close();
      },
      isOver: async () => {
        const { rows } = await pool.query(
          `select from absurd.r_${queueName} where state in ('pending', 'running') and claimed_by is distinct from 'stuck' limit 1`,
        );
        return rows.length === 0;
      },
    });
  });
}

async function stick(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { count } = parameters as { count: number };
  return withApp(setup, async (_, pool) => {
    // Its own functions, called inside the server: one by one over the wire would take minutes.
    await pool.query(`select absurd.spawn_task($1, 'noop', '{}') from generate_series(1, $2::integer)`, [
      queueName,
      count,
    ]);
    const longSeconds = 86_400;
    await pool.query(`select count(*) from absurd.claim_task($1, 'stuck', $2, $3)`, [queueName, longSeconds, count]);
    await pool.query("vacuum analyze");
    return { count };
  });
}

async function steps(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { steps: stepCount, concurrency, count } = parameters as { steps: number; concurrency: number; count: number };
  return withApp(setup, async (app) => {
    app.registerTask({ name: "steps" }, async (_, context) => {
      for (let seq = 1; seq <= stepCount; seq += 1) await context.step(`step ${seq}`, async () => ({ seq }));
      return "done";
    });
    const worker = await app.startWorker({ concurrency, pollInterval: pollSeconds });
    try {
      return await timeCalls({
        count,
        concurrency,
        call: async () => {
          const { taskID } = await app.spawn("steps", {});
          await app.awaitTaskResult(taskID);
        },
      });
    } finally {
      await worker.close();
    }
  });
}

async function recovery(parameters: WorkloadParameters, { setup, report }: WorkloadContext): Promise<WorkloadResult> {
  return withApp(setup, async (app) => {
    app.registerTask({ name: "hang" }, async () => {
      report("began");
      await new Promise(() => undefined);
    });
    await app.startWorker({ pollInterval: pollSeconds });
    report("ready");
    if (parameters["role"] === "first") await app.spawn("hang", {});
    await new Promise(() => undefined);
    return {};
  });
}

/** The schema of the version that fits the SDK: a line of absurdctl holds it as one string. */
function readSchema(): string {
  const program = new URL("./node_modules/.absurdctl/absurdctl/__init__.py", import.meta.url);
  let text: string;
  try {
    text = readFileSync(program, "utf8");
  } catch (error) {
    throw new Error("its SQL is missing: Python's pip was not there to fetch absurdctl", { cause: error });
  }
  const start = "BUNDLED_SCHEMA_SQL = ";
  const line = text.split("\n").find((one) => one.startsWith(start));
  if (line === undefined) throw new Error("absurdctl no longer holds its SQL in one line: see bench/peers/absurd.ts");
  return JSON.parse(line.slice(start.length)) as string;
}

servePeer({
  facts: {
    version: versionOf("absurd-sdk"),
    settings: [
      `pollInterval ${pollSeconds} s`,
      "batchSize = concurrency",
      "results awaited by polling, as its SDK does",
    ],
    guarantees: {
      fence: "state and lease time of the attempt",
      deduplication: "idempotencyKey, unused here",
      history: "tasks, attempts and checkpoints kept",
      durability: "claim, each step's output and end fsynced; no intent before a step",
      delivery: "steps at least once, after 120 s by default",
    },
  },
  prepare: async (setup) => {
    await query(setup, readSchema());
    await withApp(setup, (app) => app.createQueue(queueName));
  },
  workloads: { claim, stick, steps, recovery },
});
