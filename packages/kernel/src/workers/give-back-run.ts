import { settleReservations } from "../runs/settle-reservations.ts";
import type { Kernel } from "../open-kernel.ts";
import { leaseLost } from "../runs/lease-lost.ts";
import { lockRuns } from "../runs/lock-runs.ts";
import { runLimits, type Owned } from "../runs/run.ts";
import { handBackOwned } from "./hand-back-runs.ts";

/**
 * Gives back a run that its owner cannot continue through no fault of the run: the next owner continues from the records. Counted like the loss of
 * a worker. False: it was lost too often in a row and stays with its owner, who must end it.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`)
 */
export async function giveBackRun(kernel: Kernel, owned: Owned, options: { reason: string }): Promise<boolean> {
  return kernel.transact(async (tx) => {
    const run = (await lockRuns(tx, [owned.runId])).get(owned.runId);
    if (run === undefined || run.epoch !== owned.epoch || run.state !== "running" || run.workerId === null)
      throw leaseLost(owned, run);
    if (run.stallCount + 1 >= runLimits.stallsMax) return false;
    await settleReservations(tx, [run]);
    await handBackOwned(tx, [run.id], { workerId: run.workerId, reason: options.reason, isStall: true });
    return true;
  });
}
