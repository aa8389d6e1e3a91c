/** Moves ended runs to history: tables by month of their end, each dropped as a whole. Effects of unknown outcome and children of live runs stay. */
import assert from "node:assert/strict";
import { allOrEach, notSetAside } from "../each-alone.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { stepColumnNames } from "./run-row.ts";
import { runLimits } from "./run.ts";

export interface SweepOptions {
  /** Ended runs stay in the hot tables for this long. Default: an hour. */
  keepMs?: number;
  limit?: number;
}

const keepMsDefault = 3_600_000;

/** One pass of a loop over state; may be called concurrently. Returns how many runs moved; after a full pass call again. */
export async function sweepFinishedRuns(kernel: Kernel, options: SweepOptions = {}): Promise<number> {
  const limit = Math.min(options.limit ?? runLimits.passMax, runLimits.passMax);
  const ended = await kernel.database.query<{ id: string }>(
    `select r.id from roost.run r where ${isSweepable} and ${notSetAside("ended run", "r.id")} order by r.ended_at limit $2`,
    [options.keepMs ?? keepMsDefault, limit],
  );
  return allOrEach(
    kernel,
    ended.map(({ id }) => id),
    { what: "ended run", work: (tx, ids) => sweep(tx, ids, options.keepMs ?? keepMsDefault) },
  );
}

/** Ended longer ago than the first value, with nothing left that a person or a parent needs. */
const isSweepable = `r.ended_at < roost.now() - $1 * interval '1 millisecond'
  and not exists (select 1 from roost.step s where s.run_id = r.id and s.state = 'unknown' and s.resolution is null)
  and not exists (select 1 from roost.run p where p.id = r.parent_run_id and p.ended_at is null)`;

async function sweep(tx: KernelTransaction, runIds: string[], keepMs: number): Promise<number> {
  const rows = await tx.query<{ id: string; month: string }>(
    `select r.id, to_char(r.ended_at at time zone 'UTC', 'YYYY-MM') as month from roost.run r
     where r.id = any($2::uuid[]) and ${isSweepable} order by r.id for update of r skip locked`,
    [keepMs, runIds],
  );
  if (rows.length === 0) return 0;
  for (const month of new Set(rows.map((row) => row.month))) await makeMonth(tx, month);
  await move(
    tx,
    rows.map((row) => row.id),
  );
  return rows.length;
}

/** Removes serial keys that no run refers to. */
export async function sweepSerialKeys(kernel: Kernel): Promise<void> {
  await kernel.database.query(
    `delete from roost.serial_key where name in (
       select l.name from roost.serial_key l
       where l.holder is null and not exists (select 1 from roost.run r where r.serial_key = l.name and r.ended_at is null)
       limit $1 for update skip locked)
     and holder is null`,
    [runLimits.passMax],
  );
}

/** Drops months of ended runs past their retention. One pass; any number of schedulers may call it. */
export async function dropHistory(kernel: Kernel): Promise<void> {
  const [set] = await kernel.database.query<{ runsBefore: Date | null }>(
    `select roost.now() - runs_ms * interval '1 millisecond' as "runsBefore" from roost.retention`,
  );
  if (set?.runsBefore != null) await dropRunHistory(kernel, { before: set.runsBefore });
}

/** Drops whole months of history that ended before the given time, and questions of that age. Returns the tables of runs. */
export async function dropRunHistory(kernel: Kernel, options: { before: Date }): Promise<string[]> {
  const firstKept = options.before.toISOString().slice(0, 7);
  const tables = await kernel.database.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'roost.run_history'::regclass and right(c.relname, 7) < $1 order by 1`,
    [firstKept.replace("-", "_")],
  );
  for (const { name } of tables) {
    const month = name.slice(-7);
    await kernel.transact(async (tx) => {
      await tx.query(`drop table if exists roost.run_history_${month}, roost.step_history_${month}`);
    });
  }
  await kernel.database.query(
    `delete from roost.question where state <> 'open' and asked_at < date_trunc('month', $1::timestamptz)`,
    [options.before],
  );
  if (tables.length > 0) await sweepTexts(kernel);
  return tables.map((table) => table.name);
}

/**
 * Invariant: a text that a step names stays. One that was not used for a day is named by no step that is being recorded: that would have
 * touched it, and a removal that waited for it sees so.
 */
async function sweepTexts(kernel: Kernel): Promise<void> {
  await kernel.database.query(
    `delete from roost.text where used_at < roost.now() - interval '1 day'
     and hash not in (select t from roost.step_all s cross join unnest(s.texts) as t where t is not null)`,
  );
}

async function makeMonth(tx: KernelTransaction, month: string): Promise<void> {
  const suffix = month.replace("-", "_");
  assert(/^\d{4}_\d{2}$/.test(suffix), `not a month: ${month}`);
  const [existing] = await tx.query<{ exists: boolean }>(
    `select to_regclass('roost.step_history_${suffix}') is not null as exists`,
  );
  if (existing?.exists === true) return;
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('roost.run_history', 0))`);
  const from = `${month}-01T00:00:00Z`;
  const next = new Date(from);
  next.setUTCMonth(next.getUTCMonth() + 1);
  for (const table of ["run_history", "step_history"]) {
    await tx.query(
      `create table if not exists roost.${table}_${suffix} partition of roost.${table} for values from ('${from}') to ('${next.toISOString()}')`,
    );
  }
}

/** Invariant: a run and its steps are in the hot tables or in history, never in both or neither: they move in one transaction. */
async function move(tx: KernelTransaction, runIds: string[]): Promise<void> {
  await tx.query(
    `with moved as (delete from roost.step s using roost.run r where s.run_id = r.id and r.id = any($1::uuid[]) returning s.*, r.ended_at as run_ended_at)
     insert into roost.step_history (${stepColumnNames}, run_ended_at) select ${stepColumnNames}, run_ended_at from moved`,
    [runIds],
  );
  await tx.query("delete from roost.wait where run_id = any($1::uuid[])", [runIds]);
  await tx.query(`delete from roost.spend where scope = any($1::text[])`, [runIds.map((id) => `run:${id}`)]);
  await tx.query(
    `with moved as (delete from roost.run where id = any($1::uuid[]) returning *) insert into roost.run_history select * from moved`,
    [runIds],
  );
}
