/**
 * Start limits: maximum active runs of a key (a slot), maximum starts in a window (a rate). Owns how start limits are created, and which runs pass
 * when; a statement that makes a run ready says itself whether the run waits at one.
 */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import { allSteps } from "../each-alone.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { runLimits, type NewRun } from "./run.ts";

/** The start limits of a new run, by name. */
export function startLimitsOf({ concurrency, rateLimit }: Pick<NewRun, "concurrency" | "rateLimit">): {
  slot: string | undefined;
  rate: string | undefined;
} {
  return {
    slot: concurrency === undefined ? undefined : `slot:${concurrency.key}`,
    rate: rateLimit === undefined ? undefined : `rate:${rateLimit.key}`,
  };
}

/** @throws RoostError `invalid_input` naming the field and its limit */
export function checkStartLimits({ concurrency, rateLimit }: Pick<NewRun, "concurrency" | "rateLimit">): void {
  for (const [field, startLimit] of Object.entries({ concurrency, rateLimit })) {
    if (startLimit === undefined) continue;
    if (startLimit.key.length === 0 || startLimit.key.length > runLimits.startLimitKeyCharsMax)
      throw new RoostError(
        "invalid_input",
        `a run's ${field}.key has ${startLimit.key.length} characters: give one of 1 to ${runLimits.startLimitKeyCharsMax}`,
      );
    if (!Number.isInteger(startLimit.max) || startLimit.max < 1 || startLimit.max > runLimits.startLimitMax)
      throw new RoostError(
        "invalid_input",
        `a run's ${field}.max is ${startLimit.max}: give a whole number from 1 to ${runLimits.startLimitMax}`,
      );
  }
  const windowMs = rateLimit?.windowMs ?? 1;
  if (!Number.isInteger(windowMs) || windowMs < 1 || windowMs > runLimits.rateWindowMsMax)
    throw new RoostError(
      "invalid_input",
      `a run's rateLimit.windowMs is ${windowMs}: give a whole number from 1 to ${runLimits.rateWindowMsMax}`,
    );
}

/** The start limits of new runs, as create_runs_1 takes them: each once, as the last run has it. */
export function startLimitRows(
  runs: Pick<NewRun, "concurrency" | "rateLimit">[],
): { name: string; kind: "slot" | "rate"; max: number; window_ms: number | null }[] {
  const rows = runs.flatMap((run) => {
    const { slot, rate } = startLimitsOf(run);
    return [
      ...(slot === undefined
        ? []
        : [{ name: slot, kind: "slot" as const, max: run.concurrency!.max, window_ms: null }]),
      ...(rate === undefined
        ? []
        : [{ name: rate, kind: "rate" as const, max: run.rateLimit!.max, window_ms: run.rateLimit!.windowMs }]),
    ];
  });
  return [...new Map(rows.map((row) => [row.name, row])).values()];
}

/**
 * Lets waiting runs pass these start limits, as far as there is room. After runs and serial keys, before the events. Returns the runs that became
 * ready.
 */
export async function releaseLimitedRuns(
  tx: KernelTransaction,
  startLimits: (string | null | undefined)[],
): Promise<string[]> {
  const names = [...new Set(startLimits.filter((startLimit) => typeof startLimit === "string"))];
  if (names.length === 0) return [];
  const released = await tx.query<{ runId: string; queue: string }>(
    'select run_id as "runId", run_queue as queue from roost.release_limited_runs_1($1::text[])',
    [names],
    { name: "roost_start_limit_release" },
  );
  for (const { queue } of released) tx.wake(`runs:${queue}`);
  if (names.some((name) => name.startsWith("rate:"))) tx.wake("due");
  return released.map(({ runId }) => runId);
}

/** Lets the next runs of due rates start. One pass of a loop over state; may be called concurrently. */
export async function releaseDueRates(kernel: Kernel): Promise<number> {
  const due = await kernel.database.query<{ name: string }>(
    "select name from roost.start_limit where next_at <= roost.now() order by next_at limit $1",
    [runLimits.passMax],
    { name: "roost_start_limit_due" },
  );
  return releaseEach(kernel, due);
}

/**
 * Finds free slots with waiting runs, and fills them. Every end and every wait of a run does so at once; this loop covers the rest: a locked head
 * of the queue, a lost worker, more room than one call fills.
 */
export async function fillFreeSlots(kernel: Kernel): Promise<number> {
  // Only the head of each queue, because PostgreSQL would answer `exists` by reading every queue whole.
  const free = await kernel.database.query<{ name: string }>(
    `select g.name from roost.start_limit g
     where g.kind = 'slot'
       and (select r.id from roost.run r where r.slot = g.name and r.state = 'waiting' and r.waiting_for = 'slot'
            order by r.priority desc, r.id limit 1) is not null
       and (select count(*) from roost.run b where b.slot = g.name and b.limits_passed and b.ended_at is null) < g.max
     limit $1`,
    [runLimits.passMax],
    { name: "roost_start_limit_free" },
  );
  return releaseEach(kernel, free);
}

/** Each start limit in its own transaction: a busy or failing one does not hold up the others. */
async function releaseEach(kernel: Kernel, startLimits: { name: string }[]): Promise<number> {
  let released = 0;
  await allSteps(
    startLimits.map(({ name }) => async () => {
      released += (await kernel.transact((tx) => releaseLimitedRuns(tx, [name]))).length;
    }),
  );
  return released;
}

/** Removes start limits that no run refers to and that count no start. */
export async function sweepStartLimits(kernel: Kernel): Promise<void> {
  await kernel.database.query(
    `delete from roost.start_limit where name in (
       select g.name from roost.start_limit g
       where not exists (select 1 from roost.run r where (r.slot = g.name or r.rate = g.name) and r.ended_at is null)
         and not exists (select 1 from unnest(g.starts) as s where s > roost.now() - g.window_ms * interval '1 millisecond')
       limit $1 for update skip locked)`,
    [runLimits.passMax],
  );
}

/** What a start limit allows, and its current use. */
export interface StartLimitUse {
  name: string;
  kind: "slot" | "rate";
  max: number;
  windowMs: number | null;
  /** For a slot: runs that hold one. For a rate: starts that count. */
  used: number;
  /** For a rate: when the next may start. */
  nextAt: Date | null;
}

/** By name. */
export async function readStartLimits(sql: Pick<Sql, "query">, names: string[]): Promise<Map<string, StartLimitUse>> {
  if (names.length === 0) return new Map();
  const rows = await sql.query<StartLimitUse>(
    `select g.name, g.kind, g.max, g.window_ms as "windowMs", g.next_at as "nextAt",
       case g.kind when 'slot' then (select count(*) from roost.run b where b.slot = g.name and b.limits_passed and b.ended_at is null)
       else (select count(*) from unnest(g.starts) as s where s > roost.now() - g.window_ms * interval '1 millisecond') end::int as used
     from roost.start_limit g where g.name = any($1)`,
    [names],
  );
  return new Map(rows.map((row) => [row.name, row]));
}
