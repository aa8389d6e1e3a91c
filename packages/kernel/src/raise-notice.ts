import { createId } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import type { KernelTransaction } from "./transact.ts";

export interface RaisedNotice {
  level: "info" | "warning";
  text: string;
  /** The part of Roost that raises it: "scheduler", "home". */
  source: string;
  jobId?: string | undefined;
  runId?: string | undefined;
  /** The event that caused it. */
  causation?: string | undefined;
  /** "console": it goes nowhere else. Default: the person, by the webhook too. */
  target?: "console" | undefined;
  /** The label set of the text. Default: text by Roost, for the person. */
  labelSet?: number | undefined;
}

/** Notifies the person, in the transaction of the cause. */
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
    data: { noticeId, target: "person", ...told },
  });
}
