/** How a worker comes to own runs. One statement per queue: it finds, locks and fences, and reads nothing but ready runs. */
import { createId, RoostError } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { emitRunEvent } from "./emit-run-event.ts";
import { runColumns, stepColumns } from "./run-row.ts";
import { runLimits, type ClaimedRun, type Run, type Step } from "./run.ts";

export interface Claim {
  workerId: string;
  queues: string[];
  limit: number;
  /** Of the loops whose journals the worker can go on with, ascending; a new journal is of the last. Default: the first. */
  loopVersions?: readonly number[] | undefined;
}

const loopVersionsDefault = [1];

type Claimed = Run & { place: number; priorCauseId: string };

/**
 * Takes up to `limit` ready runs for a registered worker, queues in the order given, within a queue by priority, then age.
 *
 * @throws RoostError `conflict` (`isLeaseLost`) when there are some and the worker is not registered any more
 */
export async function claimRuns(kernel: Kernel, claim: Claim): Promise<ClaimedRun[]> {
  const limit = Math.min(claim.limit, runLimits.claimMax);
  if (limit < 1) return [];
  return kernel.transact(async (tx) => {
    const [first, ...others] = claim.queues;
    // In one round trip: what was taken is given back when the worker turns out to be none.
    const [isHeld, claimed] = await Promise.all([
      holdWorker(tx, claim, { onlyIfReady: true }),
      first === undefined ? new Array<Claimed>() : claimQueue(tx, claim, first, limit),
    ]);
    if (!isHeld) {
      if (claimed.length === 0) return [];
      // Something became ready between the two.
      await holdWorker(tx, claim, { onlyIfReady: false });
    }
    for (const queue of others) {
      if (claimed.length >= limit) break;
      claimed.push(...(await claimQueue(tx, claim, queue, limit - claimed.length)));
    }
    const steps = await readSteps(tx, claimed);
    return claimed.map(({ place: _place, priorCauseId, ...run }) => {
      const started = { workerId: claim.workerId, epoch: run.epoch, attempt: run.attempt };
      emitRunEvent(tx, "run.started", run, started, { id: run.causeId, causation: priorCauseId });
      return { ...run, workerId: claim.workerId, steps: steps.get(run.id) ?? [] };
    });
  });
}

/**
 * Invariant: only a live worker owns runs. A reaper that declares it dead waits for this lock and then finds what was claimed. The lock
 * makes the commit wait for the disk, so it is taken only when something is ready; otherwise this is false.
 */
async function holdWorker(
  tx: KernelTransaction,
  { workerId, queues }: Claim,
  { onlyIfReady }: { onlyIfReady: boolean },
): Promise<boolean> {
  const [row] = await tx.query<{ isAnyReady: boolean; isHeld: boolean }>(
    `with ready as materialized (
       select not $3::boolean or exists (select 1 from roost.run where state = 'ready' and queue = any($2::text[])) as is_any
     ),
     held as (
       select 1 from roost.worker w where w.id = $1 and w.expires_at > roost.now() and (select is_any from ready) for key share
     )
     select (select is_any from ready) as "isAnyReady", exists (select 1 from held) as "isHeld"`,
    [workerId, queues, onlyIfReady],
    { name: "roost_run_claim_worker" },
  );
  if (row!.isAnyReady && !row!.isHeld) {
    throw new RoostError(
      "conflict",
      `worker ${workerId} is not registered any more: stop its work and register again`,
      { details: { reason: "lease_lost", workerId } },
    );
  }
  return row!.isAnyReady;
}

/**
 * Invariants: nothing of a paused queue is taken; one owner. The epoch grows with each claim, so every earlier owner's writes are
 * refused from here on. Arrays keep the plan on one look at the primary key for each run, however many rows the planner expects to be ready.
 */
export const claimStatement = `
  with due as materialized (
    select r.id, r.cause_id from roost.run r
    where r.state = 'ready' and r.queue = $2 and not exists (select 1 from roost.queue q where q.name = $2)
      and (r.loop_version is null or r.loop_version = any($5::integer[]))
    order by r.priority desc, r.ready_at, r.id
    limit $3
    for no key update skip locked
  ),
  taken as (select array_agg(id) as ids, array_agg(cause_id) as causes from due)
  update roost.run r set
    state = 'running', epoch = r.epoch + 1, worker_id = $1, ready_at = null, claimed_at = roost.now(), cause_id = n.event_id,
    loop_version = coalesce(r.loop_version, $6::integer), started_at = coalesce(r.started_at, roost.now()),
    deadline_at = coalesce(r.deadline_at, roost.now() + r.timeout_ms * interval '1 millisecond')
  from taken t cross join lateral unnest(t.ids, t.causes, $4::text[]) with ordinality as n(id, prior_cause_id, event_id, place)
  where r.id = n.id
  returning ${runColumns("r")}, n.place, n.prior_cause_id as "priorCauseId"`;

async function claimQueue(
  tx: KernelTransaction,
  { workerId, loopVersions = loopVersionsDefault }: Claim,
  queue: string,
  limit: number,
): Promise<Claimed[]> {
  const eventIds = Array.from({ length: limit }, () => createId());
  const rows = await tx.query<Claimed>(
    claimStatement,
    [workerId, queue, limit, eventIds, loopVersions, loopVersions.at(-1)],
    { name: "roost_run_claim" },
  );
  return rows.toSorted((a, b) => a.place - b.place);
}

async function readSteps(tx: KernelTransaction, runs: Run[]): Promise<Map<string, Step[]>> {
  const claimedBefore = runs
    .filter((run) => run.epoch > 1 || run.retryOf !== null || run.forkedFrom !== null)
    .map((run) => run.id);
  if (claimedBefore.length === 0) return new Map();
  const steps = await tx.query<Step>(
    `select ${stepColumns("s")} from roost.step s where s.run_id = any($1::uuid[]) order by s.run_id, s.seq`,
    [claimedBefore],
  );
  return Map.groupBy(steps, (step) => step.runId);
}
