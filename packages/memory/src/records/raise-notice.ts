import type { KernelTransaction } from "@roost/kernel";
import type { Memory } from "../memory.ts";

export interface HomeNotice {
  level: "info" | "warning";
  text: string;
  /** The event that it follows from. */
  causation?: string;
}

/** Tells the person, in the transaction of what it is about. */
export function raiseNotice(memory: Memory, tx: KernelTransaction, notice: HomeNotice): void {
  const noticeId = memory.kernel.createId();
  tx.emit({
    type: "notice.raised",
    subject: noticeId,
    ...(notice.causation !== undefined && { causation: notice.causation }),
    data: { noticeId, level: notice.level, text: notice.text, source: "home", target: "console" },
  });
}
