/** The hot statements read what they are about and nothing else, however many runs are stuck or finished, and whatever plan is cached. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Database } from "@roost/database";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { begin, claim, joinWorker } from "../testing/drive-runs.ts";
import { explainStatement, nodesOf, type PlanMode, type PlanNode } from "../testing/explaining-database.ts";
import { claimStatement } from "./claim-alone.ts";
import { createRuns } from "./create-run.ts";
import { endStatement } from "./end-done.ts";
import { lockStatement } from "./lock-runs.ts";
import { moveStatement, moveValues } from "./move-steps.ts";

const idleRunCount = 20_000;
/** Of 8 kB. The table alone has more than a thousand. */
const blocksMax = 900;

test("claim, release, begin, reserve, settle, finish and end touch few blocks beside 20,000 idle runs", async (t) => {
  await using test = await createTestKernel();
  const { kernel, database } = test;
  await using worker = await joinWorker(kernel);
  // Before the statistics know of them, and after: a plan that was made in ignorance is cached for long.
  for (const table of ["run", "step"])
    await database.query(`alter table roost.${table} set (autovacuum_enabled = off)`);
  await insertIdleRuns(database, idleRunCount);
  await kernel.transact((tx) =>
    createRuns(
      tx,
      Array.from({ length: 60 }, () => ({ reason: "a test", input: {} })),
    ),
  );
  const runs = await claim(kernel, worker, 20);
  for (const run of runs) await begin(kernel, { runId: run.id, epoch: run.epoch }, 1);
  const ids = runs.map((run) => run.id);
  const each = <Value>(value: Value) => ids.map(() => value);
  const json = JSON.stringify;
  const outcome = { seq: 1, state: "done", output: null, told: {}, labels: 3, runLabels: 3 };
  const request = { seq: 2, name: "step", kind: "tool", effect: "unsafe" } as const;
  const intent = { request, inputHash: "hash", inputText: "null" };
  const ask = { usd: 0.001, tokens: 100 };
  const stuck = (
    await database.query<{ id: string }>(
      "select id from roost.run where state = 'waiting' and waiting_for = 'person' limit 1",
    )
  ).map((row) => row.id);
  const statements: [string, string, unknown[]][] = [
    ["claim", claimStatement, [worker.workerId, ["default"], 10, [], [1]]],
    ["claim one", claimStatement, [worker.workerId, ["default"], 1, [], [1]]],
    ["release", "select * from roost.release_limited_runs_1($1::text[])", [["slot:stuck", "rate:stuck"]]],
    ["lock", lockStatement, [ids]],
    [
      "reserve",
      "select roost.reserve_spend_1($1::uuid, $2::bigint, $3::integer, $4::uuid, $5::numeric, $6::bigint)",
      [ids[0], 1, 1, kernel.createId(), 0.001, 100],
    ],
    [
      "settle",
      "select roost.settle_spends_1($1::uuid[], $2::integer[], $3::numeric[], $4::bigint[])",
      [[ids[0]], [1], [0.001], [100]],
    ],
    [
      "begin",
      moveStatement,
      [
        ...moveValues(
          runs.map((run, index) => ({
            owned: { runId: run.id, epoch: 1 },
            finishing: [],
            intent: { ...intent, takesOver: true, ask: index === 0 ? ask : undefined },
          })),
        ),
        true,
      ],
    ],
    [
      "finish",
      moveStatement,
      [
        ...moveValues(
          runs.map((run) => ({ owned: { runId: run.id, epoch: 1 }, finishing: [{ json: json(outcome) }] })),
        ),
        true,
      ],
    ],
    [
      "end",
      endStatement,
      [
        ids.slice(0, 10),
        each(1).slice(0, 10),
        json(each({ told: {}, outcomes: [outcome] }).slice(0, 10)),
        worker.workerId,
        ["default"],
        10,
        [],
        [1],
      ],
    ],
    [
      "end one",
      endStatement,
      [ids.slice(0, 1), [1], json([{ told: {}, outcomes: [outcome] }]), worker.workerId, ["default"], 1, [], [1]],
    ],
    [
      "resume",
      "select * from roost.resume_1($1::uuid[], $2::text[], $3::integer[], $4::jsonb)",
      [stuck, stuck, [1], "[null]"],
    ],
  ];
  for (const statistics of ["without statistics", "with statistics"]) {
    if (statistics === "with statistics") await database.query("analyze roost.run, roost.step");
    for (const mode of ["force_custom_plan", "force_generic_plan"] as const) {
      for (const [name, text, values] of statements) {
        await t.test(`${name}, ${mode}, ${statistics}`, async () => {
          const plan = await explain(database, { text, values, mode });
          const scans = nodesOf(plan).filter((node) => node["Relation Name"] === "run");
          assert.ok(
            scans.every((node) => node["Node Type"] !== "Seq Scan"),
            JSON.stringify(scans),
          );
          const blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
          assert.ok(
            blocks <= blocksMax,
            `${name} touched ${blocks} blocks (limit ${blocksMax}): ${JSON.stringify(plan, undefined, 1)}`,
          );
        });
      }
    }
  }
});

/** Carries the statement out with a prepared plan of the given kind, and takes it back. */
async function explain(
  database: Database,
  statement: { text: string; values: unknown[]; mode: PlanMode },
): Promise<PlanNode> {
  const rollBack = new Error("taken back");
  let plan: PlanNode | undefined;
  await assert.rejects(
    database.transact(async (tx) => {
      plan = await explainStatement(tx, statement);
      throw rollBack;
    }),
    (error) => error === rollBack,
  );
  return plan!;
}

/** A fifth each waits for a person, queues, is done, and waits at a start limit of either kind; all older than anything ready. */
async function insertIdleRuns(database: Database, count: number): Promise<void> {
  await database.query(
    `insert into roost.start_limit (name, kind, max, window_ms) values ('slot:stuck', 'slot', 3, null), ('rate:stuck', 'rate', 3, 60000)`,
  );
  await database.query(
    `insert into roost.run (id, queue, handler, state, priority, waiting_for, epoch, serial_key, serial_seq, holds_serial_key, depth, reason, input, attempt,
       attempts_max, retry, stall_count, budget, cost_usd, tokens, usd_reserved, tokens_reserved, call_count, reservation_count, is_rehearsed,
       correlation, cause_id, created_at, ended_at, slot, rate, key_hash)
     select gen_random_uuid(), 'default', 'agent', case when s.state in ('slot', 'rate') then 'waiting' else s.state end, 0,
       case s.state when 'waiting' then 'person' when 'slot' then 'slot' when 'rate' then 'rate' end, 1,
       case when s.state = 'queued' then 'key ' || n % 500 end, case when s.state = 'queued' then n end, false, 0, 'stuck', '{}', 1,
       1, '{}', 0, '{}', 0, 0, 0, 0, 0, 0, false, 'c', 'c', roost.now() - interval '1 day',
       case when s.state = 'done' then roost.now() end, case when s.state = 'slot' then 'slot:stuck' end,
       case when s.state = 'rate' then 'rate:stuck' end, 0
     from generate_series(1, $1::integer) n,
       lateral (select (array['waiting', 'queued', 'done', 'slot', 'rate'])[n % 5 + 1] as state) s`,
    [count],
  );
}
