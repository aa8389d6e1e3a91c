/** Claims together with what else of this process moves runs. What a claim is: claim-alone.ts. */
import type { Kernel } from "../open-kernel.ts";
import { submitMove } from "./submit-move.ts";
import { runLimits, type ClaimedRun } from "./run.ts";
import { withSteps, type Claim } from "./claim-alone.ts";

/**
 * Claims up to `limit` ready runs for a registered worker: by queue in the given order, then by priority, then by age.
 *
 * @throws RoostError `conflict` (`isLeaseLost`) when there are some and the worker is no longer registered
 */
export async function claimRuns(kernel: Kernel, claim: Claim): Promise<ClaimedRun[]> {
  const limit = Math.min(claim.limit, runLimits.claimMax);
  if (limit < 1 || claim.queues.length === 0) return [];
  return withSteps(kernel, await submitMove(kernel, { claim: { ...claim, limit } }));
}
