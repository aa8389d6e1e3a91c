/** Hands back the runs of a worker that leaves or is lost, for others to execute. The worker's row is deleted in the same transaction. */
import { setAsideMs } from "../each-alone.ts";
import { settleReservations } from "../runs/settle-reservations.ts";
import type { KernelTransaction } from "../transact.ts";
import { createId } from "@roost/base";
import { emitRunEvent, type EventRun } from "../runs/emit-run-event.ts";

export interface HandBack {
  workerId: string;
  reason: string;
  /** The owner was lost: counted, so that a run that kills its workers ends at last. */
  isStall: boolean;
}

type HandedBack = EventRun & {
  causeId: string;
  epoch: number;
  queue: string;
  state: "ready" | "waiting";
  priorCauseId: string;
};

/** From the third loss in a row on, a run waits before it is retried: one that is lost only because it shares a worker continues alone. */
const promptStallsMax = 2;
const stallBackoffMs = 1_000;

/** Returns how many runs were handed back; undefined when the worker is already gone. */
export async function handBackRuns(tx: KernelTransaction, handBack: HandBack): Promise<number | undefined> {
  const { workerId } = handBack;
  // A claim holds this row in key share mode: after this lock the worker gets no further run.
  const workers = await tx.query("select 1 from roost.worker where id = $1 for update", [workerId]);
  if (workers.length === 0) return undefined;
  const owned = await tx.query<{ id: string; reservationCount: number }>(
    `select id, reservation_count as "reservationCount" from roost.run where worker_id = $1 and state = 'running' order by depth, id for no key update`,
    [workerId],
  );
  await settleReservations(tx, owned);
  const count = await handBackOwned(
    tx,
    owned.map((run) => run.id),
    handBack,
  );
  await tx.query("delete from roost.worker where id = $1", [workerId]);
  return count;
}

/** One run of a lost worker, alone: for when all of them together cannot be handed back. */
export async function handBackRun(tx: KernelTransaction, runId: string, handBack: HandBack): Promise<number> {
  await tx.query("select 1 from roost.worker where id = $1 for update", [handBack.workerId]);
  const owned = await tx.query<{ id: string; reservationCount: number }>(
    `select id, reservation_count as "reservationCount" from roost.run where id = $1 and worker_id = $2 and state = 'running' for no key update`,
    [runId, handBack.workerId],
  );
  await settleReservations(tx, owned);
  return handBackOwned(
    tx,
    owned.map(({ id }) => id),
    handBack,
  );
}

/** Takes a run that cannot even be handed back from a lost worker. It waits to be retried, using nothing that may be wrong with it. */
export async function setAsideLostRun(tx: KernelTransaction, runId: string, workerId: string): Promise<void> {
  await tx.query(
    `update roost.run set state = 'waiting', waiting_for = 'retry', wake_at = roost.now() + $3 * interval '1 millisecond', ready_at = null,
       worker_id = null, epoch = epoch + 1 where id = $1 and worker_id = $2 and state = 'running'`,
    [runId, workerId, setAsideMs],
  );
}

/** For runs whose rows are locked and whose reservations are settled. Returns how many of them the worker still owned. */
export async function handBackOwned(tx: KernelTransaction, runIds: string[], handBack: HandBack): Promise<number> {
  const { workerId, reason } = handBack;
  const runs = await giveBack(tx, runIds, handBack);
  for (const run of runs) {
    emitRunEvent(
      tx,
      "lease.lost",
      run,
      { epoch: run.epoch - 1, workerId, reason },
      { id: run.causeId, causation: run.priorCauseId },
    );
    if (run.state === "ready") tx.wake(`runs:${run.queue}`);
    else tx.wake("due");
  }
  return runs.length;
}

/**
 * Invariant: the run is taken from its owner in the statement that makes it ready, so the owner's writes are refused from then on. It keeps its
 * slot, unless it waits before its retry.
 */
async function giveBack(
  tx: KernelTransaction,
  runIds: string[],
  { workerId, isStall }: HandBack,
): Promise<HandedBack[]> {
  if (runIds.length === 0) return [];
  return tx.query<HandedBack>(
    `with stalled as (
       select r.id, r.cause_id, i.event_id, r.stall_count + $4 as stall_count,
         $4 > 0 and r.stall_count + $4 > $5 as is_late
       from roost.run r join unnest($2::uuid[], $3::text[]) as i(id, event_id) on i.id = r.id
     )
     update roost.run r set
       state = case when s.is_late then 'waiting' else 'ready' end,
       waiting_for = case when s.is_late then 'retry' end,
       ready_at = case when s.is_late then null else roost.now() end,
       wake_at = case when s.is_late then roost.now() + $6 * power(2, s.stall_count - $5) * (1 + abs(hashtext(r.id::text)) % 1000 / 1000.0) * interval '1 millisecond' end,
       worker_id = null, epoch = r.epoch + 1, stall_count = s.stall_count, cause_id = s.event_id, limits_passed = r.limits_passed and not s.is_late
     from stalled s
     where r.id = s.id and r.worker_id = $1 and r.state = 'running'
     returning r.id, r.epoch, r.queue, r.state, r.agent, r.session_key as "sessionKey", r.session_kind as "sessionKind", r.job_id as "jobId",
       r.parent_run_id as "parentRunId", r.correlation, r.traceparent, r.cause_id as "causeId", r.labels, s.cause_id as "priorCauseId"`,
    [workerId, runIds, runIds.map(() => createId()), isStall ? 1 : 0, promptStallsMax, stallBackoffMs],
  );
}
