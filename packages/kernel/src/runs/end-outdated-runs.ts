/** Ends runs whose journals were begun by a loop version that this program no longer knows. Their results stay: a fork can continue from there. */
import { allSteps } from "../each-alone.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { endRuns } from "./end-runs.ts";
import { lockRuns } from "./lock-runs.ts";
import { isTerminal, runLimits } from "./run.ts";

/** One pass of a loop over state. Runs that a worker of the earlier program still owns are left to it. Returns how many were ended. */
export async function endOutdatedRuns(kernel: Kernel, { oldest }: { oldest: number }): Promise<number> {
  const found = await kernel.database.query<{ id: string }>(
    `select id from roost.run where ended_at is null and state <> 'running' and loop_version < $1 order by id limit $2`,
    [oldest, runLimits.passMax],
    { name: "roost_run_outdated" },
  );
  let count = 0;
  await allSteps(
    found.map(
      ({ id }) =>
        async () =>
          (count += await kernel.transact((tx) => endOutdated(tx, id, oldest))),
    ),
  );
  return count;
}

async function endOutdated(tx: KernelTransaction, id: string, oldest: number): Promise<number> {
  const run = (await lockRuns(tx, [id])).get(id);
  // Checked again under the lock: it may have continued since.
  if (run === undefined || isTerminal(run.state) || run.state === "running") return 0;
  const [last] = await tx.query<{ seq: number }>(
    `select coalesce(max(seq), 0)::int as seq from roost.step where run_id = $1 and state in ('done', 'failed', 'unknown')`,
    [id],
  );
  const fromSeq = (last?.seq ?? 0) + 1;
  const message =
    `its journal was begun by loop version ${run.loopVersion}, and this program supports version ${oldest} and newer: ` +
    `roost run fork ${id} --from ${fromSeq} continues after its last finished step`;
  const error = { code: "outdated", message, isRetryable: false, details: { fromSeq } };
  await endRuns(tx, [{ run, state: "outdated", error, reason: message, isTaken: true }]);
  return 1;
}
