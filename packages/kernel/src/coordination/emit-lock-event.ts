import type { JsonFields } from "@roost/base";
import { formatLabels, openLabels, placedFor, type Labels } from "@roost/contract/labels";
import type { KernelTransaction } from "../transact.ts";

export interface HeldLock {
  name: string;
  holder: string;
  epoch: number;
  runId: string | null;
}

/** Emits an event of a lock with its subject and cause. */
export function emitLockEvent(
  tx: KernelTransaction,
  type: "lock.acquired" | "lock.released" | "lock.expired",
  { name, holder, epoch, runId }: HeldLock,
  data: JsonFields = {},
  cause: { causation?: string | undefined; correlation?: string | undefined; labels?: Labels | undefined } = {},
): string {
  return tx.emit({
    type,
    subject: name,
    labels: formatLabels(placedFor(cause.labels ?? openLabels, [])),
    data: { name, holder, epoch, runId: runId ?? undefined, ...data },
    causation: cause.causation,
    correlation: cause.correlation,
  });
}
