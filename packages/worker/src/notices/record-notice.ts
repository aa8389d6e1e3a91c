/** Records what a run tells the person. Delivery: tell-person.ts. */
import { formatLabels, mainLabels, type Labels } from "@roost/contract/labels";
import { rememberResult, type ClaimedRun, type Kernel } from "@roost/kernel";

export interface RecordedNotice {
  text: string;
  level: "info" | "warning" | "urgent";
  target: "console" | "webhook";
  /** The idempotency key of the step: a step records one notice. */
  key: string;
  /** Why it could not be delivered. */
  failure: string | undefined;
  isRehearsal?: boolean;
  /** Labels of the run. */
  labels: Labels;
}

const textCharsMax = 20_000;
const reasonCharsMax = 2_000;

/** Records a notice and whether it was delivered; once per key. */
export async function recordNotice(kernel: Kernel, run: ClaimedRun, notice: RecordedNotice): Promise<void> {
  await kernel.transact((tx) =>
    rememberResult(tx, { scope: "notice", key: notice.key }, async () => {
      const noticeId = kernel.createId();
      const links = { subject: noticeId, correlation: run.correlation };
      const text = notice.isRehearsal === true ? `(rehearsed) ${notice.text}` : notice.text;
      const raised = tx.emit({
        type: "notice.raised",
        ...links,
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
      const target = notice.target;
      const told = { labels: formatLabels(mainLabels) };
      if (notice.failure === undefined) {
        tx.emit({ type: "notice.delivered", ...links, ...told, causation: raised, data: { noticeId, target } });
      } else {
        const reason = notice.failure.slice(0, reasonCharsMax);
        tx.emit({ type: "notice.failed", ...links, ...told, causation: raised, data: { noticeId, target, reason } });
      }
      return noticeId;
    }),
  );
}
