/** Ends what ran out of time by the database's clock: runs past their limit, and cancelled runs whose owner does not react. */
import { formatDurationMs } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { eachAlone, setAsideMs } from "../each-alone.ts";
import { endRuns } from "./end-runs.ts";
import { finishLocked } from "./finish-run.ts";
import { lockRuns } from "./lock-runs.ts";
import { isTerminal, runLimits, type RunError } from "./run.ts";

/**
 * One pass of a loop over state; may be called concurrently. Each run in its own transaction: the run is taken from its owner (epoch + 1, late
 * writes are refused) and fails with code `timeout`, or waits for its next attempt. Returns how many were ended.
 */
export async function failOverdueRuns(kernel: Kernel): Promise<number> {
  // The cancelled ones by whether they were cancelled, and only then by when: a plan without values takes a third of all running ones to be due.
  const overdue = await kernel.database.query<{ id: string }>(
    `(select id from roost.run where deadline_at <= roost.now() and ended_at is null order by deadline_at limit $1)
     union
     (select id
      from (select id, cancel_requested_at from roost.run
            where state = 'running' and cancel_requested_at is not null order by cancel_requested_at limit $1) as asked
      where cancel_requested_at <= roost.now() - $2 * interval '1 millisecond')`,
    [runLimits.passMax, runLimits.cancelGraceMs],
    { name: "roost_run_overdue" },
  );
  return eachAlone(
    kernel,
    overdue.map(({ id }) => id),
    {
      what: "run",
      work: async (tx, ids) => ((await endOverdue(tx, ids[0]!)) ? 1 : 0),
      setAside: (tx, id) =>
        tx.query(
          `update roost.run set deadline_at = case when deadline_at is null then null else roost.now() + $2 * interval '1 millisecond' end,
             cancel_requested_at = case when cancel_requested_at is null then null else roost.now() + $2 * interval '1 millisecond' end
           where id = $1 and ended_at is null`,
          [id, setAsideMs],
        ),
    },
  );
}

async function endOverdue(tx: KernelTransaction, runId: string): Promise<boolean> {
  const run = (await lockRuns(tx, [runId])).get(runId);
  if (run === undefined || isTerminal(run.state)) return false;
  // Checked again under the lock: it may have continued since.
  const [now] = await tx.query<{ isOverdue: boolean; isIgnored: boolean }>(
    `select coalesce($1::timestamptz <= roost.now(), false) as "isOverdue",
       coalesce($2::timestamptz <= roost.now() - $3 * interval '1 millisecond', false) as "isIgnored"`,
    [run.deadlineAt, run.state === "running" ? run.cancelRequestedAt : null, runLimits.cancelGraceMs],
  );
  tx.wake("cancel");
  if (now!.isIgnored || (now!.isOverdue && run.cancelRequestedAt !== null)) {
    await endRuns(tx, [
      { run, state: "cancelled", reason: run.cancelReason ?? "cancelled", by: run.cancelBy ?? "kernel", isTaken: true },
    ]);
    return true;
  }
  if (!now!.isOverdue) return false;
  const error: RunError = {
    code: "timeout",
    message: `the run took longer than ${formatDurationMs(run.timeoutMs ?? 0)} (its limit): raise the limit, or give it less to do`,
  };
  if (run.state === "running") await finishLocked(tx, run, { state: "failed", error }, { isTaken: true });
  else await endRuns(tx, [{ run, state: "failed", error, isTaken: true }]);
  return true;
}
