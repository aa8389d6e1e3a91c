/**
 * A database in which every loop of recovery has something to do, what each of them is, and its whole state in a form that can be
 * compared: ids that came later have no name, and places in the log, which follow from ids, are left out.
 */
import { strict as assert } from "node:assert";
import type { Database } from "@roost/database";
import { reserveSpend } from "../../packages/kernel/src/budgets/reserve-spend.ts";
import { acquireLock } from "../../packages/kernel/src/coordination/acquire-lock.ts";
import { beginOnce, expireOnce, finishOnce } from "../../packages/kernel/src/coordination/begin-once.ts";
import { expireLocks } from "../../packages/kernel/src/coordination/release-lock.ts";
import { rememberResult } from "../../packages/kernel/src/coordination/remember-result.ts";
import { sweepCoordination } from "../../packages/kernel/src/coordination/sweep-coordination.ts";
import { consumeGroup } from "../../packages/kernel/src/groups/consume-group.ts";
import { createGroup } from "../../packages/kernel/src/groups/group.ts";
import { defineJob } from "../../packages/jobs/src/define-job.ts";
import { fireDueTicks } from "../../packages/jobs/src/fire-due-ticks.ts";
import { fireEventTicks } from "../../packages/jobs/src/fire-event-ticks.ts";
import { setRetention } from "../../packages/kernel/src/log/set-retention.ts";
import type { Kernel } from "../../packages/kernel/src/open-kernel.ts";
import { releaseDueRates, fillFreeSlots } from "../../packages/kernel/src/runs/start-limits.ts";
import { cancelRun } from "../../packages/kernel/src/runs/cancel-run.ts";
import { deliverEventWaits } from "../../packages/kernel/src/runs/event-waits.ts";
import { failOverdueRuns } from "../../packages/kernel/src/runs/fail-overdue-runs.ts";
import { promoteDueRuns } from "../../packages/kernel/src/runs/promote-due-runs.ts";
import { promoteFreeSerialKeys } from "../../packages/kernel/src/runs/promote-serial-keys.ts";
import type { NewRun, Owned } from "../../packages/kernel/src/runs/run.ts";
import { sweepFinishedRuns } from "../../packages/kernel/src/runs/sweep-finished-runs.ts";
import { waitInRun } from "../../packages/kernel/src/runs/wait-in-run.ts";
import {
  begin,
  claim,
  done,
  end,
  fail,
  joinWorker,
  killConnection,
  startRun,
} from "../../packages/kernel/src/testing/drive-runs.ts";
import { reapWorkers } from "../../packages/kernel/src/workers/reap-workers.ts";
import { dropTicks } from "../../packages/jobs/src/drop-ticks.ts";

const startMs = Date.UTC(2026, 2, 3, 12, 5);
const minuteMs = 60_000;

export type RecoveryLoop = (kernel: Kernel) => Promise<unknown>;

/** A pass of each loop. What it does once more, after all was done, changes nothing. */
export const recoveryLoops: Record<string, RecoveryLoop> = {
  "ticks that are due": (kernel) => fireDueTicks(kernel),
  "events that fire jobs, and windows that close": (kernel) => fireEventTicks(kernel),
  "events that runs wait for": (kernel) => deliverEventWaits(kernel),
  "runs whose moment has come": (kernel) => promoteDueRuns(kernel),
  "rates whose next start has come": (kernel) => releaseDueRates(kernel),
  "runs out of time, and cancelled ones whose owner does not react": (kernel) => failOverdueRuns(kernel),
  "events that a group has not read": readOn,
  "workers that are gone": (kernel) => reapWorkers(kernel),
  "locks that expired": (kernel) => expireLocks(kernel),
  "effects whose holder was not heard of": (kernel) => expireOnce(kernel),
  "serial keys that are free": (kernel) => promoteFreeSerialKeys(kernel),
  "slots that are free": (kernel) => fillFreeSlots(kernel),
  "ended runs that go to history": (kernel) => sweepFinishedRuns(kernel),
  "what is no longer asked for": (kernel) => sweepCoordination(kernel),
  "ticks that are dropped": (kernel) => dropTicks(kernel),
};

async function readOn(kernel: Kernel): Promise<void> {
  const group = createGroup("readers", "stop", (tx, events) =>
    tx.query("insert into roost.seen (id) select unnest($1::text[])", [events.map((event) => event.id)]),
  );
  while ((await consumeGroup(kernel, group, { topics: ["notices"], limit: 2 })).isMore);
}

export async function prepareWorld(kernel: Kernel): Promise<void> {
  const { database } = kernel;
  await database.query("create table roost.seen (id text not null)");
  await database.query("create table roost.stopped_clock (now timestamptz not null)");
  await database.query("insert into roost.stopped_clock values (to_timestamp($1::float8 / 1000))", [startMs]);
  await database.query(
    "create or replace function roost.now() returns timestamptz language sql stable as 'select now from roost.stopped_clock'",
  );
  await prepareRuns(kernel);
  await prepareJobs(kernel);
  await prepareCoordination(kernel);
  // An hour later an event comes, and everything is due another hour later.
  await setClock(database, startMs + 60 * minuteMs);
  for (const name of ["b", "c"]) await raise(kernel, name);
  await setClock(database, startMs + 120 * minuteMs);
}

async function setClock(database: Database, ms: number): Promise<void> {
  await database.query("update roost.stopped_clock set now = to_timestamp($1::float8 / 1000)", [ms]);
}

async function raise(kernel: Kernel, name: string): Promise<void> {
  await kernel.append([{ type: "notice.raised", subject: "n", data: { noticeId: name, level: "info", text: name } }]);
}

const inMs = (ms: number) => new Date(startMs + ms);

async function prepareRuns(kernel: Kernel): Promise<void> {
  const { database } = kernel;
  const dying = await joinWorker(kernel);
  const take = async (run: Partial<NewRun>): Promise<Owned> => {
    const runId = await startRun(kernel, run);
    const [claimed] = await claim(kernel, dying, 1);
    assert.equal(claimed?.id, runId, "the run was expected to be ready");
    return { runId, epoch: claimed.epoch };
  };
  await begin(kernel, await take({}), 1);
  const spending = await take({});
  await begin(kernel, spending, 1, { effect: "readonly" });
  await reserveSpend(kernel, spending, { seq: 1, usd: 1, tokens: 10 });
  const { runId } = await take({});
  await cancelRun(kernel, { runId, reason: "not needed", by: "a person" });
  const crashing = await take({});
  await database.query("update roost.run set stall_count = 4 where id = $1", [crashing.runId]);
  await take({ timeoutMs: minuteMs, retry: { attemptsMax: 2, backoffMs: 1_000 } });
  const parent = await take({ timeoutMs: minuteMs });
  await begin(kernel, parent, 1);
  await startRun(kernel, { parent: { ...parent, seq: 2 }, startAt: inMs(1e9) });
  const until = inMs(10 * minuteMs);
  await waitInRun(kernel, await take({}), { seq: 1, wait: { kind: "time", until } });
  const question = { prompt: "may I?" };
  await waitInRun(kernel, await take({}), { seq: 1, wait: { kind: "person", question, until } });
  await waitInRun(kernel, await take({}), { seq: 1, wait: { kind: "event", eventType: "notice.raised" } });
  await fail(kernel, await take({ retry: { attemptsMax: 2, backoffMs: 1_000 } }));
  await startRun(kernel, { startAt: until });
  await startRun(kernel, { startAt: until, serialKey: "later" });
  await prepareQueues(kernel, take);
  const ended = await take({});
  await begin(kernel, ended, 1);
  await done(kernel, ended, 1);
  await acquireLock(kernel, { name: "of a run", holder: "b", ttlMs: 1e7, runId: ended.runId });
  await end(kernel, ended);
  for (const name of ["x", "y"]) await raise(kernel, name);
  await killConnection(kernel.database, dying.workerId);
}

/** Queues whose head was not promoted, as a process leaves them that died at the wrong moment. */
async function prepareQueues(kernel: Kernel, take: (run: Partial<NewRun>) => Promise<Owned>): Promise<void> {
  const { database } = kernel;
  const concurrency = { key: "few", max: 1 };
  const rateLimit = { key: "slow", max: 1, windowMs: minuteMs };
  for (const policy of [{ concurrency }, { rateLimit }, { serialKey: "one at a time" }]) {
    await take(policy);
    await startRun(kernel, policy);
    await startRun(kernel, policy);
  }
  await database.query("update roost.start_limit set max = 2 where kind = 'slot'");
  await database.query(
    `update roost.run set state = 'done', ended_at = roost.now(), worker_id = null, holds_serial_key = false where holds_serial_key and state = 'running'`,
  );
}

async function prepareJobs(kernel: Kernel): Promise<void> {
  const event = { kind: "event", eventType: "notice.raised" };
  const jobs = [
    {
      id: "hourly",
      trigger: { kind: "cron", expression: "0 * * * *" },
      overlap: "queue-all",
      catchUp: { policy: "all", max: 3 },
    },
    { id: "often", trigger: { kind: "cron", expression: "*/30 * * * *" }, catchUp: { policy: "last" } },
    { id: "each", trigger: event, overlap: "allow" },
    { id: "quiet", trigger: { ...event, debounce: { quiet: "1m", maxWait: "3m" } }, overlap: "allow" },
    { id: "many", trigger: { ...event, batch: { max: 2, maxAge: "10m" } }, overlap: "allow" },
  ];
  for (const job of jobs) await defineJob(kernel, { prompt: "do it", ...job }, { by: "a test" });
  // Takes no event: its events are set aside and tried again.
  await defineJob(kernel, { id: "poisoned", prompt: "do it", trigger: event, overlap: "allow" }, { by: "a test" });
  await kernel.database.query(
    `update roost.job set definition = definition || '{"budget":{"usdMax":1e12}}' where id = 'poisoned'`,
  );
  await raise(kernel, "a");
  await fireEventTicks(kernel);
  await setRetention(kernel, { ticksMs: minuteMs });
}

async function prepareCoordination(kernel: Kernel): Promise<void> {
  const { database } = kernel;
  await acquireLock(kernel, { name: "a lock", holder: "a", ttlMs: minuteMs });
  await database.query(
    "insert into roost.lock_waiter (name, waiter, since, expires_at) values ('a lock', 'w', roost.now(), roost.now())",
  );
  const once = { scope: "s", holder: "a", ttlMs: minuteMs };
  await beginOnce(kernel, { ...once, key: "left" });
  const { token } = await beginOnce(kernel, { ...once, key: "done" });
  await finishOnce(kernel, { scope: "s", key: "done", token: token!, keepMs: minuteMs });
  await kernel.transact((tx) => rememberResult(tx, { scope: "s", key: "k", keepMs: minuteMs }, async () => 1));
}

/** Remembers the database as it is; `restore` brings it back, row by row. Nothing else may use it meanwhile. */
export async function saveWorld(database: Database): Promise<{ restore(): Promise<void> }> {
  const tables = await listTables(database);
  await database.query("create schema saved");
  for (const table of tables) await database.query(`create table saved.${table} as table roost.${table}`);
  const statements = [
    // Months are made when they are needed.
    `do $$ declare month regclass; begin
       for month in select inhrelid from pg_inherits where inhparent in ('roost.run_history'::regclass, 'roost.step_history'::regclass) loop
         execute format('drop table %s', month);
       end loop;
     end $$`,
    ...tables.toReversed().map((table) => `delete from roost.${table}`),
    ...tables.map((table) => `insert into roost.${table} overriding system value select * from saved.${table}`),
  ];
  return {
    restore: () => database.transact(async (tx) => void (await tx.query(statements.join(";\n")))),
  };
}

/** Everything that is in the database, in an order of its own. */
export async function readWorld(database: Database, known: Known): Promise<string[]> {
  return (await readRows(database)).map(({ name, row }) => `${name} ${describe(name, row, known)}`).toSorted();
}

async function readRows(database: Database): Promise<{ name: string; row: Record<string, unknown> }[]> {
  const tables = await listTables(database);
  return database.query(
    tables.map((name) => `select '${name}' as name, to_jsonb(t) as row from roost.${name} t`).join(" union all "),
  );
}

export interface Known {
  ids: Set<string>;
  /** Of locks and leases: a sequence, which a transaction that fails moves on as well. */
  epochMax: number;
}

const id = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Where an event lies follows from its key, which may be an id. */
const placed: Record<string, string[]> = {
  event: ["partition", "offset"],
  partition_head: ["partition", "next_offset"],
  run: ["key_hash"],
  run_history: ["key_hash"],
  dead_letter: ["number", "partition", "offset", "event"],
  stopped_clock: [],
};
const drawn = new Set(["lock", "once"]);

export async function readKnown(database: Database): Promise<Known> {
  const ids = new Set<string>();
  let epochMax = 0;
  for (const { name, row } of await readRows(database)) {
    for (const [found] of JSON.stringify(row).matchAll(id)) ids.add(found);
    if (drawn.has(name)) epochMax = Math.max(epochMax, Number(row["epoch"]));
  }
  return { ids, epochMax };
}

function describe(table: string, row: Record<string, unknown>, { ids, epochMax }: Known): string {
  const kept = Object.entries(row).filter(([name]) => placed[table]?.includes(name) !== true);
  const shown = kept.map(([name, value]) => {
    const isNewEpoch = name === "epoch" && drawn.has(table) && Number(value) > epochMax;
    return [name, isNewEpoch ? "new" : value];
  });
  return JSON.stringify(Object.fromEntries(shown)).replaceAll(id, (found) => (ids.has(found) ? found : "new"));
}

/** Each after those that it refers to; without the log's own, which nothing here changes, and sets of labels, which never change. */
async function listTables(database: Database): Promise<string[]> {
  const rows = await database.query<{ name: string; references: string[] }>(
    `select c.relname as name, array(
       select f.relname::text from pg_constraint k join pg_class f on f.oid = k.confrelid and f.relname <> 'topic'
       where k.conrelid = c.oid and k.contype = 'f' and f.oid <> c.oid) as "references"
     from pg_class c where c.relnamespace = 'roost'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname not in ('event_schema', 'topic', 'segment', 'label_set') order by 1`,
  );
  const names: string[] = [];
  while (names.length < rows.length) {
    const next = rows.filter(
      ({ name, references }) => !names.includes(name) && references.every((each) => names.includes(each)),
    );
    assert.ok(next.length > 0, "tables refer to each other in a circle");
    names.push(...next.map(({ name }) => name));
  }
  return names;
}
