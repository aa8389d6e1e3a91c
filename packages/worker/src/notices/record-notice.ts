/** Records what a run tells the person. From there it goes to the console, and the gateway sends it to its target. */
import { formatLabels, type Labels } from "@roost/contract/labels";
import type { DeliveryTarget } from "@roost/contract/operations";
import { rememberResult, type ClaimedRun, type Kernel } from "@roost/kernel";
import type { Memory } from "@roost/memory";
import { readSettings } from "@roost/memory/settings";

export type NoticeTarget = "console" | DeliveryTarget;

/** Where a notice of a run goes beside the console, when nothing names a target. Channels may come and go while a worker runs. */
export function noticeTarget({ settings, homeDir }: Pick<Memory, "settings" | "homeDir">): NoticeTarget {
  if (settings.notify.webhook !== undefined) return "webhook";
  return channelsNow({ settings, homeDir }).telegram === undefined ? "console" : "telegram";
}

function channelsNow({ settings, homeDir }: Pick<Memory, "settings" | "homeDir">): Memory["settings"]["channels"] {
  try {
    return readSettings(homeDir).channels;
  } catch {
    // A file that is invalid changes nothing.
    return settings.channels;
  }
}

export interface RecordedNotice {
  text: string;
  level: "info" | "warning" | "urgent";
  /** "console": it goes nowhere else. */
  target: NoticeTarget;
  /** Of the step, or of the text in its run. */
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
          jobId: run.jobId ?? undefined,
          agent: run.agent ?? undefined,
        },
      });
      return noticeId;
    }),
  );
}
