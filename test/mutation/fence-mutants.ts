/** The fence, place by place: whatever an owner writes is refused once its epoch is not the run's, or the lock's, any more. */
import { kernelMutant, type Edit, type Mutant } from "./mutant.ts";

/** As the tests of the fence name their cases. */
const refused = (write: string) => `${write} is refused to an owner that has been replaced, and changes nothing`;

/** A guard of which the tests of the fence have a case: `write` is what a replaced owner tries. */
function guardOf(write: string, edit: Omit<Edit, "count"> & { count?: number }): Mutant {
  const other = write === "settleSpend()" ? "markRehearsal()" : "settleSpend()";
  return kernelMutant({
    name: `fence: ${write}`,
    edits: [edit],
    tests: "runs/fence.test.ts",
    kills: [refused(write)],
    spares: [refused(other)],
  });
}

const heldFence = {
  file: "functions/hold-run.sql",
  find: "where x.id = p_run and x.epoch = p_epoch and x.state = 'running' for no key update",
  replace: "where x.id = p_run and x.state = 'running' for no key update",
};
const lockedFence = "if (run === undefined || run.epoch !== owned.epoch) throw leaseLost(owned, run);";
const endsAtItsEpoch =
  "an owner that has nothing left to record ends its run only at its epoch, alone and beside others";
const existsOnly = "if (run === undefined) throw leaseLost(owned, run);";

const writes: Mutant[] = [
  guardOf("beginStep() of a new step", heldFence),
  guardOf("beginStep() of an interrupted step", heldFence),
  guardOf("finishStep() as done", heldFence),
  kernelMutant({
    name: "fence: finishRun() as failed",
    edits: [heldFence, { file: "runs/finish-run.ts", find: lockedFence, replace: existsOnly }],
    tests: "runs/fence.test.ts",
    kills: [refused("finishRun() as failed"), refused("finishRun() as done")],
    spares: [refused("settleSpend()")],
  }),
  kernelMutant({
    name: "fence: finishRun() as done",
    edits: [
      {
        file: "functions/end.sql",
        find: "where d.id = p_id and d.epoch = p_epoch and d.state = 'running'",
        replace: "where d.id = p_id and d.state = 'running'",
      },
      {
        file: "functions/end.sql",
        find: "join owned d on d.id = i.id and d.epoch = i.epoch",
        replace: "join owned d on d.id = i.id",
      },
    ],
    tests: "runs/fence.test.ts",
    kills: [endsAtItsEpoch],
    spares: [refused("finishRun() as failed")],
  }),
  guardOf("waitInRun() for a time", { file: "runs/wait-in-run.ts", find: lockedFence, replace: existsOnly }),
  guardOf("createRun() of a child", {
    file: "runs/create-run.ts",
    find: `if (row === undefined || row.epoch !== parent.epoch || row.state !== "running") throw leaseLost(parent, row);`,
    replace: "if (row === undefined) throw leaseLost(parent, row);",
  }),
  guardOf("markRehearsal()", {
    file: "runs/mark-rehearsal.ts",
    find: "where id = $1 and epoch = $2 and state = 'running' returning 1",
    replace: "where id = $1 and $2::bigint is not null returning 1",
  }),
  guardOf("giveBackRun()", {
    file: "workers/give-back-run.ts",
    find: `if (run === undefined || run.epoch !== owned.epoch || run.state !== "running" || run.workerId === null)`,
    replace: "if (run === undefined || run.workerId === null)",
  }),
  guardOf("reserveSpend()", {
    file: "functions/spend.sql",
    find: "if present.epoch <> at_epoch or present.state <> 'running' then",
    replace: "if at_epoch is null then",
  }),
  guardOf("settleSpend()", {
    file: "budgets/reserve-spend.ts",
    find: `if (run === undefined || run.epoch !== owned.epoch || run.state !== "running") throw leaseLost(owned, run);`,
    replace: existsOnly,
  }),
];

const epochs: Mutant[] = [
  kernelMutant({
    name: "fence: a claim changes the epoch",
    edits: [
      {
        file: "functions/claim.sql",
        find: "state = 'running', epoch = r.epoch + 1, worker_id",
        replace: "state = 'running', worker_id",
      },
      {
        file: "functions/end.sql",
        find: "state = 'running', epoch = r.epoch + 1, worker_id",
        replace: "state = 'running', worker_id",
      },
    ],
    tests: "runs/fence.test.ts",
    kills: ["an owner that let its run wait is refused once another owns it"],
    spares: [refused("settleSpend()")],
  }),
  kernelMutant({
    name: "fence: a run taken from a dead worker changes its epoch",
    edits: [
      {
        file: "workers/hand-back-runs.ts",
        find: "worker_id = null, epoch = r.epoch + 1, stall_count",
        replace: "worker_id = null, stall_count",
      },
    ],
    tests: "workers/reap-workers.test.ts",
    kills: ["reapWorkers() leaves a lost owner no way to pass off a late failure as his own earlier one"],
    spares: ["reapWorkers() gives the runs of a dead worker to others at once"],
  }),
  kernelMutant({
    name: "fence: a run that is ended over its owner's head changes its epoch",
    edits: [
      {
        file: "runs/update-ended-runs.ts",
        find: "(mark.isTaken === true ? 1 : 0)",
        replace: "(mark.isTaken === true ? 0 : 0)",
      },
    ],
    tests: "runs/fail-overdue-runs.test.ts",
    kills: ["H: a run reaches its time limit, its owner finishes late, and his write is refused"],
    spares: ["failOverdueRuns() leaves attempts that are left, each with its own time"],
  }),
];

const workers: Mutant[] = [
  kernelMutant({
    name: "fence: only a live worker claims",
    edits: [
      {
        file: "functions/claim.sql",
        find: "where w.id = p_worker and w.expires_at > roost.now() for key share",
        replace: "where w.id = p_worker for key share",
      },
    ],
    tests: "runs/claim-runs.test.ts",
    kills: ["claimRuns() refuses a worker that is unknown, or no longer known"],
    spares: ["claimRuns() gives each ready run to one worker"],
  }),
  kernelMutant({
    name: "fence: a worker's deadline that has passed is final",
    edits: [
      {
        file: "workers/register-worker.ts",
        find: "where id = $1 and expires_at > roost.now() returning is_draining",
        replace: "where id = $1 returning is_draining",
      },
    ],
    tests: "workers/reap-workers.test.ts",
    kills: ["heartbeat() never renews a deadline that has passed, reaped or not"],
    spares: ["heartbeat() keeps a worker alive for as long as it comes"],
  }),
  kernelMutant({
    name: "fence: a worker hears which runs it has lost",
    edits: [
      {
        file: "workers/register-worker.ts",
        find: "on r.id = o.id and r.epoch = o.epoch and r.state = 'running' and r.worker_id = $1) as owned",
        replace: "on r.id = o.id) as owned",
      },
    ],
    tests: "workers/reap-workers.test.ts",
    kills: ["reapWorkers() takes the runs of a worker that hangs when its time is over, and the worker learns it"],
    spares: ["heartbeat() keeps a worker alive for as long as it comes"],
  }),
];

const passedOn =
  "acquireLock() passes an expired lock on with a greater epoch, and the old holder can neither renew nor release it";

const locks: Mutant[] = [
  kernelMutant({
    name: "fence: renewLock()",
    edits: [
      {
        file: "coordination/release-lock.ts",
        find: "where name = $1 and epoch = $2 and holder = $3 and expires_at > roost.now()",
        replace: "where name = $1 and $2::bigint is not null and $3::text is not null",
      },
    ],
    tests: "coordination/locks.test.ts",
    kills: [passedOn],
    spares: ["renewLock() keeps a lock beyond its first deadline"],
  }),
  kernelMutant({
    name: "fence: releaseLock()",
    edits: [
      {
        file: "coordination/release-lock.ts",
        find: `"lock.name = $1 and lock.epoch = $2 and lock.holder = $3"`,
        replace: `"lock.name = $1 and $2::bigint is not null and $3::text is not null"`,
      },
    ],
    tests: "coordination/locks.test.ts",
    kills: [passedOn],
    spares: ["renewLock() keeps a lock beyond its first deadline"],
  }),
  kernelMutant({
    name: "fence: finishOnce() and failOnce()",
    edits: [
      {
        file: "coordination/begin-once.ts",
        find: "if (String(row.epoch) === outcome.token) return;",
        replace: "if (row.epoch !== undefined) return;",
      },
    ],
    tests: "coordination/once.test.ts",
    kills: ["beginOnce() with retryUnknown begins again, and the first holder's word does not count any more"],
    spares: ["finishOnce() by a late holder resolves the unknown, and a repeat of it changes nothing"],
  }),
];

export const fenceMutants: readonly Mutant[] = [...writes, ...epochs, ...workers, ...locks];
