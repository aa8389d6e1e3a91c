import type { StepRecord } from "@roost/contract/operations";

/** Steps of children stand in the same list, and their numbers repeat. */
export function keyOf({ runId, seq }: Pick<StepRecord, "runId" | "seq">): string {
  return `${runId}:${seq}`;
}
