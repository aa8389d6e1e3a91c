import { createId } from "@roost/base";
import type { KernelTransaction } from "./transact.ts";

export interface RaisedNotice {
  level: "info" | "warning";
  text: string;
  /** The part of Roost that says it: "scheduler", "home". */
  source: string;
  jobId?: string | undefined;
  runId?: string | undefined;
  /** The event that it follows from. */
  causation?: string | undefined;
}

/** Tells the person on the console, in the transaction of what it is about. */
export function raiseNotice(tx: Pick<KernelTransaction, "emit">, { causation, ...notice }: RaisedNotice): void {
  const noticeId = createId();
  const told = Object.fromEntries(Object.entries(notice).filter(([, value]) => value !== undefined));
  tx.emit({
    type: "notice.raised",
    subject: noticeId,
    causation,
    data: { noticeId, target: "console", ...told },
  });
}
