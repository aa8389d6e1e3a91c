/** Records what a run tells the person. From there it goes to the console, and the gateway sends it to the webhook if one is set. */
import { formatLabels, type Labels } from "@roost/contract/labels";
import { rememberResult, type ClaimedRun, type Kernel } from "@roost/kernel";
import type { Memory } from "@roost/memory";

export type NoticeTarget = "console" | "webhook";

/** Where a notice of a run goes beside the console. */
export function noticeTarget({ settings }: Pick<Memory, "settings">): NoticeTarget {
  return settings.notify.webhook === undefined ? "console" : "webhook";
}

export interface RecordedNotice {
  text: string;
  level: "info" | "warning" | "urgent";
  /** "console": it goes nowhere else. */
  target: NoticeTarget;
  /** Of the step, which records one notice. */
  idempotencyKey: string;
  isRehearsal?: boolean;
  /** Labels of the run. */
  labels: Labels;
}

const textCharsMax = 20_000;

/** Once per key. */
export async function recordNotice(kernel: Kernel, run: ClaimedRun, notice: RecordedNotice): Promise<void> {
  await kernel.transact((tx) =>
    rememberResult(tx, { scope: "notice", key: notice.idempotencyKey }, async () => {
      const noticeId = kernel.createId();
      const text = notice.isRehearsal === true ? `(rehearsed) ${notice.text}` : notice.text;
      tx.emit({
        type: "notice.raised",
        subject: noticeId,
        correlation: run.correlation,
        causation: run.causeId,
        labels: formatLabels(notice.labels),
        data: {
          noticeId,
          runId: run.id,
          level: notice.level,
          text: text.slice(0, textCharsMax),
          target: notice.target,
          ...(run.jobId === null ? {} : { jobId: run.jobId }),
          ...(run.agent === null ? {} : { agent: run.agent }),
        },
      });
      return noticeId;
    }),
  );
}
