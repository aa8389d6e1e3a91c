import { createId } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
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
  /** The set of labels of what it quotes. Default: Roost says it, to the person. */
  labelSet?: number | undefined;
}

/** Tells the person on the console, in the transaction of what it is about. */
export function raiseNotice(
  tx: Pick<KernelTransaction, "emit">,
  { causation, labelSet, ...notice }: RaisedNotice,
): void {
  const noticeId = createId();
  const told = Object.fromEntries(Object.entries(notice).filter(([, value]) => value !== undefined));
  tx.emit({
    type: "notice.raised",
    subject: noticeId,
    causation,
    ...(labelSet === undefined ? { labels: formatLabels(mainLabels) } : { labelSet }),
    data: { noticeId, target: "console", ...told },
  });
}
