/** How a worker comes to own runs. The function claim_1 finds, locks, fences and emits; recorded steps are read afterwards. */
import { RoostError } from "@roost/base";
import { sqlStateOf } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import { readSteps } from "./read-steps.ts";
import { runColumns } from "./run-table.ts";
import type { ClaimedRun, Run, Step } from "./run.ts";

/** What a worker takes. */
export interface ClaimTerms {
  workerId: string;
  /** In the order in which they are served. */
  queues: string[];
  /** What the worker can do, of what runs may need. Default: nothing. */
  capabilities?: string[];
  /** Versions of the loop whose journals it can continue, ascending; new journals get the last. Default: the first. */
  loopVersions?: readonly number[] | undefined;
}

export interface Claim extends ClaimTerms {
  limit: number;
}

/** Loop versions of a worker that names none. */
const loopVersionsDefault = [1];

export const claimStatement = `
  select ${runColumns("r")} from roost.claim_1($1::uuid, $2::text[], $3::integer, $4::text[], $5::integer[]) as r`;

/** One statement is its own transaction. */
export async function claimAlone(kernel: Kernel, claim: Claim): Promise<Run[]> {
  const values = claimValues(claim, claim.limit);
  const rows = await kernel.database
    .query<Run>(claimStatement, values, { name: "roost_run_claim" })
    .catch((error: unknown) => {
      if (sqlStateOf(error) !== "RS001") throw error;
      throw new RoostError(
        "conflict",
        `worker ${claim.workerId} is no longer registered: stop its work and register again`,
        { details: { reason: "lease_lost", workerId: claim.workerId } },
      );
    });
  if (rows.length > 0) announceClaim(kernel);
  return rows;
}

/** There are new events, and a worker whose death would matter. */
export function announceClaim({ wakeups }: Kernel): void {
  wakeups.wake("log:runs", { isPatient: true });
  wakeups.wake("claims", { isPatient: true });
}

/** What claim_1 and end_1 are told of the claiming worker. */
export function claimValues(
  { workerId, queues, capabilities = [], loopVersions = loopVersionsDefault }: ClaimTerms,
  limit: number,
): [string, string[], number, string[], readonly number[]] {
  return [workerId, queues, limit, capabilities, loopVersions];
}

/** Adds the recorded steps to runs that were just claimed. */
export async function withSteps(kernel: Kernel, runs: Run[]): Promise<ClaimedRun[]> {
  const begunBefore = runs.filter((run) => run.epoch > 1 || run.retryOf !== null || run.forkedFrom !== null);
  const steps = await stepsOf(
    kernel,
    begunBefore.map((run) => run.id),
  );
  return runs.map((run) => ({ ...run, workerId: run.workerId!, steps: steps.get(run.id) ?? [] }));
}

async function stepsOf({ database }: Kernel, runIds: string[]): Promise<Map<string, Step[]>> {
  if (runIds.length === 0) return new Map();
  const ofRuns = ["roost.step", "where s.run_id = any($1::uuid[]) order by s.run_id, s.seq"] as const;
  const steps = await readSteps(database, ofRuns, [runIds], { name: "roost_step_of_claimed" });
  return Map.groupBy(steps, (step) => step.runId);
}
