/** The idempotency key of a step: the same for every attempt. */
export function stepKey(runId: string, seq: number): string {
  return `${runId}:${seq}`;
}

/** The sequence number of the step. */
export function seqOfKey(idempotencyKey: string): number {
  return Number(idempotencyKey.slice(idempotencyKey.lastIndexOf(":") + 1));
}
