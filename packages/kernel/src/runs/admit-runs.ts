/**
 * Gates: at most so many runs of a key at once (a slot), at most so many starts in a while (a rate). Owns how gates come up, and who
 * is let through when; that nobody becomes ready past them is the table's to see to (migration 009).
 */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import { allSteps } from "../each-alone.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { runLimits, type NewRun } from "./run.ts";

/** The gates of a new run, by their names. */
export function gatesOf({ concurrency, rateLimit }: Pick<NewRun, "concurrency" | "rateLimit">): {
  slot: string | undefined;
  rate: string | undefined;
} {
  return {
    slot: concurrency === undefined ? undefined : `slot:${concurrency.key}`,
    rate: rateLimit === undefined ? undefined : `rate:${rateLimit.key}`,
  };
}

/** @throws RoostError `invalid_input` that names the field and its limit */
export function checkGates({ concurrency, rateLimit }: Pick<NewRun, "concurrency" | "rateLimit">): void {
  for (const [field, gate] of Object.entries({ concurrency, rateLimit })) {
    if (gate === undefined) continue;
    if (gate.key.length === 0 || gate.key.length > runLimits.gateKeyCharsMax)
      throw new RoostError(
        "invalid_input",
        `a run's ${field}.key has ${gate.key.length} characters: give one of 1 to ${runLimits.gateKeyCharsMax}`,
      );
    if (!Number.isInteger(gate.max) || gate.max < 1 || gate.max > runLimits.gateMax)
      throw new RoostError(
        "invalid_input",
        `a run's ${field}.max is ${gate.max}: give a whole number from 1 to ${runLimits.gateMax}`,
      );
  }
  const windowMs = rateLimit?.windowMs ?? 1;
  if (!Number.isInteger(windowMs) || windowMs < 1 || windowMs > runLimits.rateWindowMsMax)
    throw new RoostError(
      "invalid_input",
      `a run's rateLimit.windowMs is ${windowMs}: give a whole number from 1 to ${runLimits.rateWindowMsMax}`,
    );
}

/** Makes the gates of new runs, or lets them allow what these say. Locks them, in one order. */
export async function openGates(
  tx: KernelTransaction,
  runs: Pick<NewRun, "concurrency" | "rateLimit">[],
): Promise<string[]> {
  const gates = new Map<string, { kind: string; max: number; windowMs: number | null }>();
  for (const run of runs) {
    const { slot, rate } = gatesOf(run);
    if (slot !== undefined) gates.set(slot, { kind: "slot", max: run.concurrency!.max, windowMs: null });
    if (rate !== undefined)
      gates.set(rate, { kind: "rate", max: run.rateLimit!.max, windowMs: run.rateLimit!.windowMs });
  }
  if (gates.size === 0) return [];
  const values = [...gates.values()];
  // Invariant: what a gate allows is what the run that was created last says.
  await tx.query(
    `insert into roost.gate as g (name, kind, max, window_ms)
     select * from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[]) as i(name, kind, max, window_ms) order by i.name
     on conflict (name) do update set max = excluded.max, window_ms = excluded.window_ms
       where (g.max, g.window_ms) is distinct from (excluded.max, excluded.window_ms)`,
    [
      [...gates.keys()],
      values.map((gate) => gate.kind),
      values.map((gate) => gate.max),
      values.map((gate) => gate.windowMs),
    ],
    { name: "roost_gate_open" },
  );
  return [...gates.keys()];
}

/** Lets through who waits at these gates, as far as there is room. After runs and lanes, before the events. Returns who became ready. */
export async function admitRuns(tx: KernelTransaction, gates: (string | null | undefined)[]): Promise<string[]> {
  const names = [...new Set(gates.filter((gate) => typeof gate === "string"))];
  if (names.length === 0) return [];
  const admitted = await tx.query<{ runId: string; queue: string }>(
    'select run_id as "runId", run_queue as queue from roost.admit_runs($1::text[])',
    [names],
    { name: "roost_gate_admit" },
  );
  for (const { queue } of admitted) tx.wake(`runs:${queue}`);
  if (names.some((name) => name.startsWith("rate:"))) tx.wake("due");
  return admitted.map(({ runId }) => runId);
}

/** Lets the next runs of rates start whose moment has come. One pass of a loop over state; any number may call it. */
export async function admitDueRates(kernel: Kernel): Promise<number> {
  const due = await kernel.database.query<{ name: string }>(
    "select name from roost.gate where next_at <= roost.now() order by next_at limit $1",
    [runLimits.passMax],
    { name: "roost_gate_due" },
  );
  return admitEach(kernel, due);
}

/**
 * Finds slots that are free although runs wait for them, and fills them. Every end and every wait of a run does so at once; this loop
 * over state is for what these leave: a head of the queue that was locked, a worker that is gone, more room than one call fills.
 */
export async function admitToFreeSlots(kernel: Kernel): Promise<number> {
  // Of each queue its head alone, because PostgreSQL would answer `exists` by reading all of every queue.
  const free = await kernel.database.query<{ name: string }>(
    `select g.name from roost.gate g
     where g.kind = 'slot'
       and (select r.id from roost.run r where r.slot = g.name and r.state = 'waiting' and r.waiting_for = 'slot'
            order by r.priority desc, r.id limit 1) is not null
       and (select count(*) from roost.run b where b.slot = g.name and b.admitted and b.ended_at is null) < g.max
     limit $1`,
    [runLimits.passMax],
    { name: "roost_gate_free" },
  );
  return admitEach(kernel, free);
}

/** Each gate in its own transaction: one that is busy, or fails, does not hold up the others. */
async function admitEach(kernel: Kernel, gates: { name: string }[]): Promise<number> {
  let admitted = 0;
  await allSteps(
    gates.map(({ name }) => async () => {
      admitted += (await kernel.transact((tx) => admitRuns(tx, [name]))).length;
    }),
  );
  return admitted;
}

/** Removes gates that no run refers to and that count no start any more. */
export async function sweepGates(kernel: Kernel): Promise<void> {
  await kernel.database.query(
    `delete from roost.gate where name in (
       select g.name from roost.gate g
       where not exists (select 1 from roost.run r where (r.slot = g.name or r.rate = g.name) and r.ended_at is null)
         and not exists (select 1 from unnest(g.starts) as s where s > roost.now() - g.window_ms * interval '1 millisecond')
       limit $1 for update skip locked)`,
    [runLimits.passMax],
  );
}

/** What a gate allows and what goes through it now. */
export interface GateUse {
  name: string;
  kind: "slot" | "rate";
  max: number;
  windowMs: number | null;
  /** Of a slot: runs that hold one. Of a rate: starts that count. */
  used: number;
  /** Of a rate: when the next may start. */
  nextAt: Date | null;
}

/** By name. */
export async function readGates(sql: Pick<Sql, "query">, names: string[]): Promise<Map<string, GateUse>> {
  if (names.length === 0) return new Map();
  const rows = await sql.query<GateUse>(
    `select g.name, g.kind, g.max, g.window_ms as "windowMs", g.next_at as "nextAt",
       case g.kind when 'slot' then (select count(*) from roost.run b where b.slot = g.name and b.admitted and b.ended_at is null)
       else (select count(*) from unnest(g.starts) as s where s > roost.now() - g.window_ms * interval '1 millisecond') end::int as used
     from roost.gate g where g.name = any($1)`,
    [names],
  );
  return new Map(rows.map((row) => [row.name, row]));
}
