/**
 * Sends notices to the person's webhook: all that are not for the console alone. Each is retried for seven days, across restarts, then it is a dead
 * letter that status lists. That the webhook fails is told once, on the console, and so is that it works again.
 */
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import {
  emptyOutbox,
  groupsChannel,
  noteFailure,
  noteWell,
  noticeGroup,
  type Kernel,
  type Outbox,
  type SchedulerLoop,
  type StoredEvent,
} from "@roost/kernel";
import { postWebhook, type Webhook } from "./post-webhook.ts";

const pollMs = 30_000;
/** A receiver that restarts does not answer once or twice, however many notices are sent to it together. */
const toldFrom = 3;

export interface NoticeLoopOptions {
  /** Undefined: none is set. @throws RoostError when its token cannot be read */
  webhook: (() => Promise<Webhook>) | undefined;
  timeZone: string;
  signal: AbortSignal;
}

export function createNoticeLoop(kernel: Kernel, options: NoticeLoopOptions): SchedulerLoop {
  const outbox = createOutbox(options);
  return {
    name: "notices",
    channels: () => ["log:notices", groupsChannel],
    pollMs,
    look: () => emptyOutbox(kernel, outbox),
  };
}

function createOutbox({ webhook, timeZone, signal }: NoticeLoopOptions): Outbox {
  const failure = { what: "webhook", name: "The webhook", source: "notices", toldFrom };
  return {
    name: noticeGroup,
    topic: "notices",
    eventType: "notice.raised",
    isWanted: ({ data }) => data["target"] !== "console",
    send:
      webhook &&
      (async (event) => postWebhook(await webhook(), messageOf(event), { idempotencyKey: idOf(event), signal })),
    async sent(tx, event, attempt) {
      tx.emit({ ...linksOf(event), type: "notice.delivered", data: { ...namesOf(event), attempt } });
      await noteWell(tx, failure);
    },
    signal,
    async failed(tx, event, { attempt, error, retryAt, isFirst }) {
      const reason = clipText(error.message, reasonCharsMax);
      // The attempts between are told by the dead letter.
      if (attempt === 1 || retryAt === null)
        tx.emit({
          ...linksOf(event),
          type: "notice.failed",
          data: { ...namesOf(event), attempt, reason, ...(retryAt !== null && { retryAt: retryAt.toISOString() }) },
        });
      if (!isFirst) return;
      const next = "Notices for it are kept and tried for seven days: roost notices";
      await noteFailure(tx, { ...failure, reason, next, timeZone, causation: event.id, target: "console" });
    },
  };
}

function messageOf({ data, time }: StoredEvent) {
  const text = (name: string) => (typeof data[name] === "string" ? data[name] : null);
  const [runId, jobId] = [text("runId"), text("jobId")];
  return { text: text("text") ?? "", level: text("level") ?? "info", runId, jobId, at: time.toISOString() };
}

function idOf({ id, subject }: StoredEvent): string {
  return subject ?? id;
}

function namesOf(event: StoredEvent) {
  return { noticeId: idOf(event), target: "webhook" };
}

function linksOf(event: StoredEvent) {
  const { id: causation, correlation } = event;
  return { subject: idOf(event), correlation, causation, labels: formatLabels(mainLabels) };
}
