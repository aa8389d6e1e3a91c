/** Makes due runs ready. A loop over state: any number of schedulers may run it. */
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { allOrEach, setAsideMs } from "../each-alone.ts";
import { resumeRuns, type Resumption } from "./resume-runs.ts";
import { runLimits, type WaitingFor, type WaitRequest } from "./run.ts";

interface DueRow {
  id: string;
  waitingFor: WaitingFor;
  seq: number | null;
}

/**
 * Resumes waiting runs that are due: starts, retries, time waits, and the limits of other waits, which then end as
 * `timed_out`. One pass of a loop over state; may be called concurrently. Returns how many were resumed; after a full pass call again.
 */
export async function promoteDueRuns(kernel: Kernel, options: { limit?: number } = {}): Promise<number> {
  const limit = Math.min(options.limit ?? runLimits.passMax, runLimits.passMax);
  const due = await kernel.database.query<{ id: string }>(
    `select id from roost.run where state = 'waiting' and wake_at <= roost.now() order by wake_at limit $1`,
    [limit],
    { name: "roost_run_due" },
  );
  return allOrEach(
    kernel,
    due.map((row) => row.id),
    {
      what: "run",
      work: promote,
      setAside: (tx, id) =>
        tx.query(
          "update roost.run set wake_at = roost.now() + $2 * interval '1 millisecond' where id = $1 and state = 'waiting'",
          [id, setAsideMs],
        ),
    },
  );
}

export interface NextDue {
  /** When something is due next; null when nothing waits for a time. */
  at: Date | null;
  /** By the database's clock. */
  isDue: boolean;
  /** Ready runs have not been claimed for a while: their wake-up may be lost. */
  isReadyLeft: boolean;
}

/** How long a ready run may wait for a woken worker. */
const readyLeftMs = 1_000;

/** One cheap statement for all that the loop of due runs does: starts, retries, waits, time limits, ignored cancels, rates. */
export async function readNextDue(kernel: Kernel): Promise<NextDue> {
  const [row] = await kernel.database.query<NextDue>(
    `select n.at, coalesce(n.at <= roost.now(), false) as "isDue",
       exists (select from roost.run where state = 'ready' and ready_at < roost.now() - $2 * interval '1 millisecond') as "isReadyLeft" from (select least(
       (select min(wake_at) from roost.run where state = 'waiting' and wake_at is not null),
       (select min(deadline_at) from roost.run where deadline_at is not null and ended_at is null),
       (select min(cancel_requested_at) from roost.run where state = 'running' and cancel_requested_at is not null) + $1 * interval '1 millisecond',
       (select min(next_at) from roost.start_limit where next_at is not null)) as at) as n`,
    [runLimits.cancelGraceMs, readyLeftMs],
    { name: "roost_run_next_due" },
  );
  return row!;
}

/** Locked in the one order, but without waiting: a locked row is being ended, or promoted by another process. */
async function promote(tx: KernelTransaction, runIds: string[]): Promise<number> {
  const rows = await tx.query<DueRow>(
    `select r.id, r.waiting_for as "waitingFor", (select w.seq from roost.wait w where w.run_id = r.id and w.resolved_at is null) as seq
     from roost.run r where r.id = any($1::uuid[]) and r.state = 'waiting' and r.wake_at <= roost.now()
     order by r.depth, r.id for no key update of r skip locked`,
    [runIds],
  );
  const timedOut = rows
    .filter((row) => row.waitingFor === "resolution" || row.waitingFor === "person")
    .map((row) => row.id);
  if (timedOut.length > 0) {
    await tx.query(`update roost.question set state = 'expired' where run_id = any($1::uuid[]) and state = 'open'`, [
      timedOut,
    ]);
  }
  return (await resumeRuns(tx, rows.map(toResumption))).length;
}

function toResumption(row: DueRow): Resumption {
  if (row.seq === null)
    return { runId: row.id, reason: row.waitingFor === "retry" ? "its next attempt is due" : "its start is due" };
  if (row.waitingFor === "time")
    return { runId: row.id, seq: row.seq, result: { kind: "time" }, reason: "its time has come" };
  const waitedFor = row.waitingFor as WaitRequest["kind"];
  return {
    runId: row.id,
    seq: row.seq,
    result: { kind: "timed_out", waitedFor },
    reason: `its wait for ${waitedFor} reached its limit`,
  };
}
