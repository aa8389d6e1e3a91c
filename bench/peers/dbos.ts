/** DBOS Transact in the comparison. */
import { DBOS } from "@dbos-inc/dbos-sdk";
import { CronLateness } from "../src/peers/cron-lateness.ts";
import type { PeerSetup, WorkloadContext, WorkloadParameters, WorkloadResult } from "../src/peers/peer.ts";
import { servePeer } from "../src/peers/serve-peer.ts";
import { inParallel, timeCalls, timeJobs } from "../src/peers/time-jobs.ts";
import { query } from "./query.ts";
import { versionOf } from "./version-of.ts";

const pollMs = 10;
const leadMs = 6_000;
const stuckExecutor = "gone";

/** What a workflow that began does beside nothing; set by the workload that runs. */
const on = {
  noop: (): void => undefined,
  tick: (_dueMs: number, _context: string): void => undefined,
  hang: (): void => undefined,
};

const noop = DBOS.registerWorkflow(async () => on.noop(), { name: "noop" });
const steps = DBOS.registerWorkflow(
  async (stepCount: number) => {
    for (let seq = 1; seq <= stepCount; seq += 1) await DBOS.runStep(async () => ({ seq }), { name: `step ${seq}` });
    return "done";
  },
  { name: "steps" },
);
const tick = DBOS.registerWorkflow(async (due: Date, context: unknown) => on.tick(due.getTime(), String(context)), {
  name: "tick",
});
const hang = DBOS.registerWorkflow(
  async () => {
    on.hang();
    await new Promise(() => undefined);
  },
  { name: "hang" },
);

const silent = { info: () => undefined, debug: () => undefined, warn: () => undefined, error: () => undefined };

async function launch(setup: PeerSetup, listenQueues?: string[]): Promise<void> {
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: setup.databaseUrl,
    systemDatabasePoolSize: setup.poolMax,
    executorID: "bench",
    applicationVersion: "1",
    schedulerPollingIntervalMs: 1_000,
    logger: silent,
    listenQueues,
  });
  await DBOS.launch();
}

async function launched<T>(setup: PeerSetup, work: () => Promise<T>, listenQueues?: string[]): Promise<T> {
  await launch(setup, listenQueues);
  try {
    return await work();
  } finally {
    await DBOS.shutdown();
  }
}

async function claim(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { concurrency, count } = parameters as { concurrency: number; count: number };
  const name = `noop-${concurrency}`;
  on.noop = () => undefined;
  const limits = { workerConcurrency: concurrency, minPollingIntervalMs: pollMs, onConflict: "always_update" } as const;
  // Enqueued by a process that does not listen to the queue, so that nothing begins before the clock does.
  await launched(setup, async () => {
    await DBOS.registerQueue(name, limits);
    await inParallel(count, setup.poolMax, () => DBOS.startWorkflow(noop, { queueName: name })());
  }, ["none"]);
  return timeJobs({
    count,
    start: async (handled) => {
      on.noop = handled;
      await launch(setup, [name]);
      return () => DBOS.shutdown();
    },
    isOver: async () => {
      const { rows } = await query(
        setup,
        `select from dbos.workflow_status where status in ('ENQUEUED', 'PENDING') and executor_id is distinct from '${stuckExecutor}' limit 1`,
      );
      return rows.length === 0;
    },
  });
}

async function stick(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { count } = parameters as { count: number };
  await launched(setup, async () => {
    await DBOS.registerQueue("stuck", { minPollingIntervalMs: 3_600_000, onConflict: "always_update" });
    const seed = await DBOS.startWorkflow(noop, { queueName: "stuck" })();
    // One by one would take minutes: the row of one is copied.
    const { rows } = await query(
      setup,
      `select string_agg(quote_ident(column_name), ', ') as columns from information_schema.columns
       where table_schema = 'dbos' and table_name = 'workflow_status' and column_name not in ('workflow_uuid', 'status', 'executor_id', 'queue_name')
         and is_generated = 'NEVER' and is_identity = 'NO'`,
    );
    const columns = (rows[0] as { columns: string }).columns;
    await query(
      setup,
      `insert into dbos.workflow_status (workflow_uuid, status, executor_id, queue_name, ${columns})
       select gen_random_uuid()::text, 'PENDING', '${stuckExecutor}', 'stuck', ${columns}
       from dbos.workflow_status, generate_series(1, ${count}) where workflow_uuid = '${seed.workflowID}'`,
    );
    await query(setup, `delete from dbos.workflow_status where workflow_uuid = '${seed.workflowID}'`);
    await query(setup, "vacuum analyze dbos.workflow_status");
  });
  return { count };
}

async function measureSteps(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { steps: stepCount, concurrency, count } = parameters as { steps: number; concurrency: number; count: number };
  return launched(setup, () =>
    timeCalls({
      count,
      concurrency,
      call: async () => {
        const handle = await DBOS.startWorkflow(steps)(stepCount);
        await handle.getResult();
      },
    }),
  );
}

async function cron(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { count, spreadMs } = parameters as { count: number; spreadMs: number };
  return launched(setup, async () => {
    const lateness = new CronLateness(count);
    const settledMs = Date.now() + leadMs + count * 5;
    // What is set up too late is due again a minute later. Its cron knows seconds: the work is spread over the seconds of a minute.
    const seconds = Math.max(1, Math.floor(spreadMs / 1000));
    const secondMs = Math.ceil(settledMs / 1000) * 1000;
    on.tick = (dueMs, context) => {
      if (dueMs >= secondMs) lateness.began(context, dueMs, "once");
    };
    await DBOS.applySchedules(
      Array.from({ length: count }, (_, n) => ({
        scheduleName: `tick-${n}`,
        workflowFn: tick,
        schedule: `${(new Date(secondMs).getUTCSeconds() + (n % seconds)) % 60} * * * * *`,
        context: `tick-${n}`,
      })),
    );
    try {
      return await lateness.result(secondMs + spreadMs + 62_000);
    } finally {
      for (let n = 0; n < count; n += 1) await DBOS.deleteSchedule(`tick-${n}`);
    }
  });
}

/** Without its paid conductor a process's workflows are recovered when a process with its id starts again. */
async function recovery(parameters: WorkloadParameters, { setup, report }: WorkloadContext): Promise<WorkloadResult> {
  on.hang = () => report("began");
  return launched(setup, async () => {
    report("ready");
    if (parameters["role"] === "first") await DBOS.startWorkflow(hang)();
    await new Promise(() => undefined);
    return {};
  });
}

servePeer({
  facts: {
    version: versionOf("@dbos-inc/dbos-sdk"),
    settings: [
      "queue: workerConcurrency as measured",
      `minPollingIntervalMs ${pollMs}`,
      "runs: started directly, no queue",
    ],
    guarantees: {
      fence: "token of the execution, checked when a workflow ends",
      deduplication: "by workflow id",
      history: "workflows and step outputs kept",
      durability: "start, each step's output and end fsynced; no intent before a step",
      delivery: "steps at least once; after a restart of the same executor",
    },
  },
  prepare: (setup) => launched(setup, async () => undefined),
  workloads: { claim, stick, steps: measureSteps, cron, recovery },
});
