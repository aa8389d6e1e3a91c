/**
 * Isolation: whatever a run passes on its way to a worker and back reads its partial indexes and what it is about: few blocks,
 * beside many stuck and many more finished runs. The loops themselves are asked, with every statement of theirs explained, so that
 * a statement that is added to one is looked at as well.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { silentLogger } from "@roost/base";
import type { Database, Transaction } from "@roost/database";
import { createTestDatabase } from "@roost/database/testing";
import { readKernelSchema, openKernel, type Kernel } from "../open-kernel.ts";
import { claim, joinWorker } from "./drive-runs.ts";
import { createExplainingDatabase, nodesOf, type Explained, type PlanMode } from "./explaining-database.ts";
import { reapWorkers } from "../workers/reap-workers.ts";
import { releaseDueRates, fillFreeSlots } from "../runs/start-limits.ts";
import { createRuns } from "../runs/create-run.ts";
import { failOverdueRuns } from "../runs/fail-overdue-runs.ts";
import { promoteDueRuns, readNextDue } from "../runs/promote-due-runs.ts";
import { promoteFreeSerialKeys } from "../runs/promote-serial-keys.ts";
import type { NewRun } from "../runs/run.ts";

export interface ClaimPathSize {
  stuckCount: number;
  finishedCount: number;
  /** Of 8 kB, for any one statement. It is less than an index of all runs has, and more than a start limit's queue, a tenth of the stuck ones. */
  blocksMax: number;
}

type Step = "claim" | "due" | "next due" | "serial keys" | "slots" | "rates" | "overdue" | "reap";
/** What the first statement of each finds its runs by. A claim is a function, whose plans are not shown: the blocks that it touches are. */
const indexes: Partial<Record<Step, string[]>> = {
  due: ["run_wake"],
  "next due": ["run_wake", "run_deadline"],
  "serial keys": ["run_serial_key_holder", "run_queued"],
  slots: ["run_at_slot", "run_in_slot"],
  overdue: ["run_deadline", "run_cancel"],
  reap: ["run_owner"],
};

export async function checkClaimPath(t: TestContext, { blocksMax, ...mass }: ClaimPathSize): Promise<void> {
  // The kernel's own clock, because plans depend on what PostgreSQL knows of it.
  const migrations = await readKernelSchema();
  await using place = await createTestDatabase({ migrations });
  const { database } = place;
  await using kernel = await openKernel({ database, logger: silentLogger, migrate: false });
  // The worker that hangs is alive, and never gives anything back.
  await using hanging = await database.openSession();
  await hanging.query("select pg_advisory_lock(1)");
  await insertMass(database, { ...mass, workerId: await insertWorker(database) });

  // Before the statistics know of them, and after: a plan that was made in ignorance is cached for long.
  for (const statistics of ["without statistics", "with statistics"]) {
    if (statistics === "with statistics") await database.query("analyze roost.run");
    for (const mode of ["force_custom_plan", "force_generic_plan"] as const) {
      const explained = await goThrough(kernel, mode);
      for (const [step, statements] of explained) {
        await t.test(`${step}, ${mode}, ${statistics}`, () => {
          const used = new Set(statements.flatMap((each) => nodesOf(each.plan)).map((node) => node["Index Name"]));
          for (const index of indexes[step] ?? [])
            assert.ok(used.has(index), `${step} does not use ${index} but ${[...used].join(", ")}`);
          for (const { text, plan, blocks } of statements) {
            const scans = nodesOf(plan).filter((node) => node["Relation Name"] === "run");
            assert.ok(
              scans.every((node) => node["Node Type"] !== "Seq Scan"),
              `${step} reads all runs: ${text}`,
            );
            const shown = JSON.stringify(plan, undefined, 1);
            assert.ok(blocks <= blocksMax, `${step} touched ${blocks} blocks (limit ${blocksMax}): ${text}\n${shown}`);
          }
        });
      }
    }
  }
}

/** Each step of the way once, with something to do for it. */
async function goThrough(kernel: Kernel, mode: PlanMode): Promise<Map<Step, Explained[]>> {
  const { database } = kernel;
  const all = new Map<Step, Explained[]>();
  let step: Step = "claim";
  const onExplained = (each: Explained) => void all.set(step, [...(all.get(step) ?? []), each]);
  await using explaining = await openKernel({
    database: createExplainingDatabase(database, { mode, onExplained }),
    logger: silentLogger,
    migrate: false,
  });
  all.clear();
  const take = async <T>(next: Step, work: () => Promise<T>): Promise<T> => {
    step = next;
    return work();
  };
  await using worker = await joinWorker(kernel);
  await start(kernel, 30, {});
  const claimed = await take("claim", () => claim(explaining, worker, 20));
  assert.equal(claimed.length, 20);
  const late = await start(kernel, 20, { startAt: new Date(Date.now() + 3_600_000) });
  await database.query("update roost.run set wake_at = roost.now() where id = any($1)", [late]);
  assert.equal(await take("due", () => promoteDueRuns(explaining)), 20);
  await take("next due", () => readNextDue(explaining));
  const [holder] = await start(kernel, 2, { serialKey: "mine" });
  await database.query(
    "update roost.run set state = 'done', ended_at = roost.now(), holds_serial_key = false where id = $1",
    [holder],
  );
  await take("serial keys", () => promoteFreeSerialKeys(explaining));
  assert.ok((await take("slots", () => fillFreeSlots(explaining))) > 0);
  await database.query("update roost.start_limit set next_at = roost.now(), starts = '{}' where name = 'rate:stuck'");
  assert.ok((await take("rates", () => releaseDueRates(explaining))) > 0);
  const ids = claimed.map((run) => run.id);
  await database.query("update roost.run set deadline_at = roost.now() where id = any($1)", [ids.slice(0, 3)]);
  await database.query("update roost.run set cancel_requested_at = '2020-01-01' where id = any($1)", [ids.slice(3, 6)]);
  assert.equal(await take("overdue", () => failOverdueRuns(explaining)), 6);
  await database.query("update roost.run set stall_count = 4 where id = any($1)", [ids.slice(6, 9)]);
  await database.query("update roost.worker set expires_at = roost.now() where id = $1", [worker.workerId]);
  assert.equal(await take("reap", () => reapWorkers(explaining)), 1);
  // What this round leaves is out of the next one's way.
  await database.query(
    "update roost.run set state = 'waiting', waiting_for = 'person', ready_at = null, limits_passed = false where state = 'ready'",
  );
  return all;
}

async function start(kernel: Kernel, count: number, run: Partial<NewRun>): Promise<string[]> {
  const runs = Array.from({ length: count }, () => ({ reason: "a test", input: {}, ...run }));
  return (await kernel.transact((tx) => createRuns(tx, runs))).map(({ runId }) => runId);
}

async function insertWorker(database: Database): Promise<string> {
  const [worker] = await database.query<{ id: string }>(
    `insert into roost.worker (id, host, pid, kind, lock_key, started_at, seen_at, expires_at, details)
     values (gen_random_uuid(), 'test', 1, 'worker', 1, roost.now(), roost.now(), 'infinity', '{}') returning id`,
  );
  return worker!.id;
}

/**
 * All older than anything ready. A tenth each of the stuck ones: waits for a person, for a child, for a moment far off, for a person until
 * then; queues in one of 50 serial keys, or with all of its tenth in one; waits at a start limit of either kind; is with a worker that hangs, with a
 * time limit, or without one and, the first 50, with its serial key.
 */
async function insertMass(
  database: Database,
  { workerId, stuckCount, finishedCount }: Omit<ClaimPathSize, "blocksMax"> & { workerId: string },
): Promise<void> {
  const fill = async (tx: Transaction) => {
    // Nothing here has to survive a crash, and statistics come when the test says so.
    await tx.query("alter table roost.run set unlogged, set (autovacuum_enabled = false)");
    await tx.query(
      `insert into roost.start_limit (name, kind, max, window_ms) values ('slot:stuck', 'slot', 3, null), ('rate:stuck', 'rate', 3, 60000)`,
    );
    const columns = `id, queue, handler, priority, epoch, depth, reason, input, attempt, attempts_max, retry, stall_count, budget, cost_usd,
      tokens, usd_reserved, tokens_reserved, call_count, reservation_count, is_rehearsed, correlation, cause_id, created_at, key_hash`;
    const values = `lpad(to_hex(n), 32, '0')::uuid, 'default', 'agent', 0, 1, 0, '', '{}', 1, 1, '{}', 0, '{}', 0, 0, 0, 0, 0, 0, false, '', '', at, 0`;
    await tx.query(
      `insert into roost.run (${columns}, holds_serial_key, state, ended_at) select ${values}, false, 'done', at
       from generate_series(1, $1::integer) n, (select roost.now() - interval '1 minute' offset 0) as x(at)`,
      [finishedCount],
    );
    await tx.query(
      `insert into roost.run (${columns}, holds_serial_key, state, waiting_for, wake_at, serial_key, serial_seq, slot, rate, worker_id, deadline_at)
       select ${values}, kind = 9 and place < 50,
         case when kind in (4, 5) then 'queued' when kind in (8, 9) then 'running' else 'waiting' end,
         (array['person', 'child', 'time', 'person', null, null, 'slot', 'rate'])[kind + 1],
         case when kind in (2, 3) then far end,
         case when kind = 4 or kind = 9 and place < 50 then 'key ' || place % 50 when kind = 5 then 'key 0' end,
         case when kind in (4, 5) or kind = 9 and place < 50 then n end,
         case kind when 6 then 'slot:stuck' end, case kind when 7 then 'rate:stuck' end,
         case when kind in (8, 9) then $3::uuid end, case kind when 8 then far end
       from generate_series($1::integer + 1, $1::integer + $2::integer) n, (select roost.now() - interval '1 day' offset 0) as x(at),
         lateral (select n % 10, (n - $1::integer) / 10, at + interval '2 days' + n * interval '1 minute') as k(kind, place, far)`,
      [finishedCount, stuckCount, workerId],
    );
    await tx.query(
      `insert into roost.serial_key (name, holder, next_seq, priority_lent)
       select serial_key, id, 1000000000, 0 from roost.run where holds_serial_key`,
    );
  };
  await database.transact(fill, { isUnlimited: true });
}
