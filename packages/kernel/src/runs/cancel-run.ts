/** Cancels runs: at once where they are not being executed, by asking the owner where they are. */
import { RoostError } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { endRuns } from "./end-runs.ts";
import { lockDescendants, lockRuns, type RunHead } from "./lock-runs.ts";
import { requestCancel } from "./request-cancel.ts";
import { isTerminal, type RunState } from "./run.ts";

export interface CancelRequest {
  runId: string;
  /** One line for people. */
  reason: string;
  by: string;
}

type Why = Pick<CancelRequest, "reason" | "by">;

export interface CancelOutcome {
  /** `requested`: its owner was asked to end it; after the grace time the kernel ends it without the owner. */
  outcome: "cancelled" | "requested" | "already_over";
  state: RunState;
}

/**
 * Cancels a run and everything below it: what is not being executed at once, the rest when its owner learns of it.
 *
 * @throws RoostError `not_found`
 */
export async function cancelRun(kernel: Kernel, request: CancelRequest): Promise<CancelOutcome> {
  return kernel.transact(async (tx) => (await cancelRunsIn(tx, [request]))[0]!);
}

/** Several, in a given transaction, before anything that takes a serial key. Results in the order of the requests. */
export async function cancelRunsIn(tx: KernelTransaction, requests: CancelRequest[]): Promise<CancelOutcome[]> {
  const runs = await lockRuns(
    tx,
    requests.map((request) => request.runId),
  );
  const roots = new Map<string, { run: RunHead; why: Why }>();
  for (const { runId, reason, by } of requests) {
    const run = runs.get(runId);
    if (run !== undefined && run.endedAt === null && !roots.has(runId)) roots.set(runId, { run, why: { reason, by } });
  }
  for (const { run, why } of roots.values()) {
    if (run.state === "running") await requestCancelBelow(tx, run, why);
  }
  const idle = [...roots.values()].filter(({ run }) => run.state !== "running");
  await endRuns(
    tx,
    idle.map(({ run, why }) => ({ run, state: "cancelled", ...why, isTaken: true })),
  );
  return Promise.all(requests.map(({ runId }) => outcomeOf(tx, runId, runs.get(runId))));
}

/** A running run stays until its owner ends it; the runs it started are cancelled at once. */
async function requestCancelBelow(tx: KernelTransaction, run: RunHead, why: Why): Promise<void> {
  await requestCancel(tx, [run], why);
  const below = await lockDescendants(tx, [run.id]);
  await requestCancel(
    tx,
    below.filter((child) => child.state === "running"),
    why,
  );
  const idle = below.filter((child) => child.state !== "running");
  await endRuns(
    tx,
    idle.map((child) => ({ run: child, state: "cancelled", ...why, isTaken: true })),
  );
}

/** `run` as it was when it was locked. */
async function outcomeOf(tx: KernelTransaction, runId: string, run: RunHead | undefined): Promise<CancelOutcome> {
  if (run === undefined) return endedBefore(tx, runId);
  if (isTerminal(run.state)) return { outcome: "already_over", state: run.state };
  return run.state === "running"
    ? { outcome: "requested", state: "running" }
    : { outcome: "cancelled", state: "cancelled" };
}

async function endedBefore(tx: KernelTransaction, runId: string): Promise<CancelOutcome> {
  const [row] = await tx.query<{ state: RunState }>("select state from roost.run_history where id = $1", [runId]);
  if (row === undefined) throw new RoostError("not_found", `no run has the id ${runId}: see roost runs`);
  return { outcome: "already_over", state: row.state };
}
