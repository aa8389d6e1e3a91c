import { RoostError } from "@roost/base";
import { sqlStateOf, type Sql } from "@roost/database";
import type { Owned } from "./run.ts";

/** The refusal of a write whose epoch is no longer the run's. */
export function leaseLost(owned: Owned, now?: { state: string; epoch: number }): RoostError {
  const present = now === undefined ? "it is gone" : `it is ${now.state} at epoch ${now.epoch}`;
  return new RoostError(
    "conflict",
    `run ${owned.runId} is no longer owned at epoch ${owned.epoch}: ${present}; stop working on it`,
    {
      details: {
        reason: "lease_lost",
        runId: owned.runId,
        epoch: owned.epoch,
        ...(now === undefined ? {} : { nowState: now.state, nowEpoch: now.epoch }),
      },
    },
  );
}

/** Converts a caller's mistake refused by a function that moves runs (RS002), with its message. */
export function toVerbError(error: unknown): unknown {
  if (sqlStateOf(error) !== "RS002") return error;
  const { message } = (error as { cause?: Error }).cause ?? (error as Error);
  return new RoostError("conflict", message, { cause: error });
}

/** Why a fenced statement touched no row: the run's current state. */
export async function refusal(tx: Sql, owned: Owned): Promise<RoostError> {
  const [row] = await tx.query<{ state: string; epoch: number }>(
    "select state, epoch from roost.run_all where id = $1",
    [owned.runId],
  );
  return leaseLost(owned, row);
}

/** Whether a write was refused because the run, or the worker, belongs to another or no owner by now. */
export function isLeaseLost(error: unknown): error is RoostError {
  return hasReason(error, "lease_lost");
}

/** Whether a run was stopped because its replay asked for another step than the one recorded. */
export function isDiverged(error: unknown): error is RoostError {
  return hasReason(error, "diverged");
}

function hasReason(error: unknown, reason: string): error is RoostError {
  return error instanceof RoostError && error.code === "conflict" && error.details?.["reason"] === reason;
}
