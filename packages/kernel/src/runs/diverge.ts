/** Ends a run whose replay asks for another step than the one recorded, with the difference. */
import { RoostError, type JsonValue } from "@roost/base";
import type { KernelTransaction } from "../transact.ts";
import type { StepRequest } from "./prepare-intent.ts";
import { endRuns } from "./end-runs.ts";
import { leaseLost } from "./lease-lost.ts";
import { lockRuns } from "./lock-runs.ts";
import type { Owned, Step } from "./run.ts";

export interface Replayed {
  owned: Owned;
  request: StepRequest;
  inputHash: string;
}

/** A diff shows inputs up to this length, and always their hashes. */
const diffInputCharsMax = 4_000;

/** Ends the run, and returns the error that says why. In its own transaction: it locks the run's parent before the run. */
export async function diverge(
  tx: KernelTransaction,
  recorded: Step,
  { owned, inputHash, request: { input, ...named } }: Replayed,
): Promise<RoostError> {
  const request = { ...named, inputHash, ...(input === undefined ? {} : { input }) };
  const shown = (step: { name: string; kind: string; inputHash: string; input?: JsonValue }): JsonValue => ({
    name: step.name,
    kind: step.kind,
    inputHash: step.inputHash,
    ...(JSON.stringify(step.input ?? null).length <= diffInputCharsMax ? { input: step.input ?? null } : {}),
  });
  const details = { seq: request.seq, recorded: shown(recorded), replayed: shown(request) };
  const differing = (["name", "kind", "inputHash"] as const).filter((field) => recorded[field] !== request[field]);
  const message =
    `step ${request.seq} of run ${owned.runId} came as ${request.kind} "${request.name}" but is recorded as ${recorded.kind} "${recorded.name}" ` +
    `(different ${differing.join(", ")}): the run was stopped as diverged, compare the two`;
  const run = (await lockRuns(tx, [owned.runId])).get(owned.runId);
  if (run === undefined || run.epoch !== owned.epoch || run.state !== "running") throw leaseLost(owned, run);
  await endRuns(tx, [
    { run, state: "diverged", error: { code: "diverged", message, isRetryable: false, details }, reason: message },
  ]);
  return new RoostError("conflict", message, { details: { reason: "diverged", ...details } });
}
