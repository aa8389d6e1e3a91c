/** Retries a run that ended without success as a new run that continues from its recorded steps: an ended run never changes. */
import { createId, RoostError } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import { asNew, copySteps, sameStartLimits } from "./copy-steps.ts";
import { createRun, type CreatedRun } from "./create-run.ts";
import { reopenLastWord, reopenTrailingFailures } from "./finish-run.ts";
import { runColumns } from "./run-table.ts";
import { postconditionUnmet, type Run, type RunBudget } from "./run.ts";

export interface RetryRequest {
  runId: string;
  reason: string;
  by: string;
  /** Caps of the new run, instead of those of the ended one. What the ended one spent does not count against them. */
  budget?: RunBudget | undefined;
}

/**
 * Starts a run with the recorded steps of the ended one: finished steps are replayed, effects keep their idempotency keys, the failures at its end
 * are executed again, interrupted steps follow their effect class. Repeated, it returns the same new run.
 *
 * @throws RoostError `not_found`; `conflict` when the run has not ended, or is done
 */
export async function retryRun(kernel: Kernel, request: RetryRequest): Promise<CreatedRun> {
  return kernel.transact(async (tx) => {
    // One retry at a time: a concurrent second call waits here and then finds the first.
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('roost.retry:' || $1::text, 0))`, [request.runId]);
    const [run] = await tx.query<Run>(`select ${runColumns("r")} from roost.run_all r where r.id = $1`, [
      request.runId,
    ]);
    if (run === undefined) throw new RoostError("not_found", `no run has the id ${request.runId}: see roost runs`);
    if (run.endedAt === null || run.state === "done") {
      throw new RoostError(
        "conflict",
        `run ${run.id} is ${run.state}: only a run that failed, was cancelled or diverged can be retried`,
      );
    }
    if (run.state === "outdated") {
      throw new RoostError(
        "conflict",
        `run ${run.id} is outdated: no program continues its journal; fork it from its last finished step`,
      );
    }
    const [before] = await tx.query<CreatedRun>('select id as "runId", state from roost.run_all where retry_of = $1', [
      run.id,
    ]);
    if (before !== undefined) return before;
    const created = await createRun(tx, {
      ...asNew(run),
      ...(request.budget === undefined ? {} : { budget: { ...run.budget, ...request.budget } }),
      ...(await sameStartLimits(tx, run)),
      id: createId(),
      continues: { retryOf: run.id, loopVersion: run.loopVersion },
      reason: `retry of run ${run.id} by ${request.by}: ${request.reason}`.slice(0, 2_000),
    });
    await copySteps(tx, { fromRunId: run.id, toRunId: created.runId });
    await reopenTrailingFailures(tx, created.runId);
    if (run.error?.code === postconditionUnmet) await reopenLastWord(tx, created.runId, run.error);
    return created;
  });
}
