/**
 * Whatever moves a run locks the heads of the partitions last, each once, in their order: two such calls never wait for each other in a
 * circle, and what waits for a head holds nothing but the heads before it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import type { Database } from "@roost/database";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { begin, claim, done, joinWorker, startRun } from "../testing/drive-runs.ts";
import type { Kernel } from "../open-kernel.ts";
import type { WorkerRegistration } from "../workers/register-worker.ts";
import { finishRun } from "./finish-run.ts";
import { claimRuns } from "./claim-runs.ts";
import type { Claimer } from "./end-done.ts";
import type { Owned } from "./run.ts";

/** Enough to have some in each partition. */
const runCount = 40;

interface Move {
  /** How many runs it changes. */
  changes: number;
  work(kernel: Kernel, runs: Owned[], worker: WorkerRegistration): Promise<unknown>;
}

const outcome = { seq: 1, state: "done" } as const;
const claimerOf = ({ workerId }: WorkerRegistration, room: number): Claimer => ({
  terms: { workerId, queues: ["default"] },
  roomAfter: () => room,
  take: () => undefined,
});

const moves: Record<string, Move> = {
  claimRuns: {
    changes: runCount,
    work: (kernel, _runs, { workerId }) => claimRuns(kernel, { workerId, queues: ["default"], limit: runCount }),
  },
  beginStep: {
    changes: runCount,
    work: (kernel, runs) => Promise.all(runs.map((owned) => begin(kernel, owned, 2))),
  },
  finishStep: { changes: runCount, work: (kernel, runs) => Promise.all(runs.map((owned) => done(kernel, owned, 1))) },
  "finishRun with the next claim": {
    changes: 2 * runCount,
    work: (kernel, runs, worker) => {
      const options = { claimer: claimerOf(worker, runCount), finishing: [outcome] };
      return Promise.all(runs.map((owned) => finishRun(kernel, owned, { state: "done" }, options)));
    },
  },
  "steps, ends and a claim that wait together": {
    changes: 2 * runCount,
    work: (kernel, runs, worker) => {
      const half = runCount / 2;
      const options = { claimer: claimerOf(worker, half), finishing: [outcome] };
      return Promise.all([
        ...runs.slice(0, half).map((owned) => done(kernel, owned, 1)),
        ...runs.slice(half).map((owned) => finishRun(kernel, owned, { state: "done" }, options)),
        claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: half }),
      ]);
    },
  },
  "finishRun of one with the next claim": {
    changes: 2,
    work: (kernel, [owned], worker) =>
      finishRun(kernel, owned!, { state: "done" }, { claimer: claimerOf(worker, 1), finishing: [outcome] }),
  },
};

for (const [name, { changes, work }] of Object.entries(moves)) {
  test(`${name}() locks the heads of the partitions last, each once, in their order`, async () => {
    await using test = await createTestKernel();
    const { kernel, database } = test;
    await using worker = await joinWorker(kernel);
    for (let count = 0; count < runCount; count += 1) await startRun(kernel);
    const runs = (await claim(kernel, worker, runCount)).map(({ id, epoch }) => ({ runId: id, epoch }));
    for (let count = 0; count < runCount; count += 1) await startRun(kernel);
    await Promise.all(runs.map((owned) => begin(kernel, owned, 1)));
    const before = await readHeads(database);

    const holds = await Promise.all(before.map((_, partition) => holdHead(database, partition)));
    const moving = work(kernel, runs, worker);
    const waitedFor: number[] = [];
    for (;;) {
      const partition = await headWaitedFor(database, { holds, moving });
      if (partition === undefined) break;
      if (waitedFor.length === 0)
        assert.equal(await countLockedRuns(database), changes, "all that it changes is locked before the first head");
      waitedFor.push(partition);
      await holds[partition]!.release();
    }
    await moving;
    for (const hold of holds) await hold.release();

    const after = await readHeads(database);
    const appended = after.flatMap((next, partition) => (next > before[partition]! ? [partition] : []));
    assert.ok(appended.length >= 1);
    assert.deepEqual(waitedFor, appended);
  });
}

interface Hold {
  pid: number;
  release(): Promise<void>;
}

/** Locks one head in a session of its own. */
async function holdHead(database: Database, partition: number): Promise<Hold> {
  const session = await database.openSession();
  await session.query("begin");
  const [row] = await session.query<{ pid: number }>(
    "select pg_backend_pid() as pid from roost.partition_head where topic = 'runs' and partition = $1 for update",
    [partition],
  );
  const end = async () => {
    await session.query("rollback");
    await session[Symbol.asyncDispose]();
  };
  let ended: Promise<void> | undefined;
  return { pid: row!.pid, release: () => (ended ??= end()) };
}

/** The head that is waited for, as pg_locks says; undefined when the work has come to its end. */
async function headWaitedFor(
  database: Database,
  { holds, moving }: { holds: Hold[]; moving: Promise<unknown> },
): Promise<number | undefined> {
  let hasEnded = false;
  const end = () => void (hasEnded = true);
  void moving.then(end, end);
  const found = await until(async () => {
    const rows = await database.query<{ pid: number }>(
      `select unnest(pg_blocking_pids(l.pid)) as pid from pg_locks l
       where not l.granted and l.locktype in ('transactionid', 'tuple') and l.pid <> pg_backend_pid()`,
    );
    const partition = holds.findIndex((hold) => rows.some((row) => row.pid === hold.pid));
    return partition >= 0 ? { partition } : hasEnded && { partition: undefined };
  });
  return found.partition;
}

async function countLockedRuns(database: Database): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `with free as (select id from roost.run for update skip locked)
     select (select count(*) from roost.run) - (select count(*) from free) as count`,
  );
  return row!.count;
}

/** Next offsets by partition. */
async function readHeads(database: Database): Promise<number[]> {
  const rows = await database.query<{ next: number }>(
    "select next_offset as next from roost.partition_head where topic = 'runs' order by partition",
  );
  return rows.map((row) => row.next);
}
