/**
 * Sends notices to a target: the person's webhook, or their chat. Each is retried for seven days, across restarts, then it is a dead letter that
 * status lists. That a target fails is told once, on the console, and so is that it works again.
 */
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { clipText, deliveryTargets, reasonCharsMax, type DeliveryTarget } from "@roost/contract/operations";
import {
  emptyOutbox,
  groupsChannel,
  noteFailure,
  noteWell,
  noticeGroupOf,
  type Kernel,
  type Outbox,
  type SchedulerLoop,
  type StoredEvent,
} from "@roost/kernel";
import { postWebhook, type Webhook, type WebhookMessage } from "./post-webhook.ts";

const pollMs = 30_000;
/** A receiver that restarts does not answer once or twice, however many notices are sent to it together. */
const toldFrom = 3;

export interface Outlet {
  target: DeliveryTarget;
  /** "The webhook" */
  name: string;
  /** Takes the notices that name no target. */
  isDefault: () => boolean;
  /** Called before each look, where what it takes may have changed. */
  prepare?: (() => Promise<void>) | undefined;
  /** Once for each key, as far as its service allows. Undefined: none is set. */
  send:
    | ((message: WebhookMessage, options: { idempotencyKey: string; signal: AbortSignal }) => Promise<void>)
    | undefined;
}

export interface NoticeLoopOptions {
  outlet: Outlet;
  timeZone: string;
  signal: AbortSignal;
}

/** `webhook`: undefined when none is set. @throws RoostError when its token cannot be read */
export function webhookOutlet(
  webhook: (() => Promise<Webhook>) | undefined,
  { isDefault = () => true }: Partial<Pick<Outlet, "isDefault">> = {},
): Outlet {
  const send: Outlet["send"] = webhook && (async (message, options) => postWebhook(await webhook(), message, options));
  return { target: "webhook", name: "The webhook", isDefault, send };
}

export function createNoticeLoop(kernel: Kernel, options: NoticeLoopOptions): SchedulerLoop {
  const outbox = createOutbox(options);
  return {
    name: options.outlet.target === "webhook" ? "notices" : `notices for ${options.outlet.target}`,
    channels: () => ["log:notices", groupsChannel],
    pollMs,
    async look() {
      await options.outlet.prepare?.();
      return emptyOutbox(kernel, outbox);
    },
  };
}

function createOutbox({ outlet, timeZone, signal }: NoticeLoopOptions): Outbox {
  const { target, isDefault } = outlet;
  const failure = { what: target, name: outlet.name, source: "notices", toldFrom };
  const namesOf = (event: StoredEvent) => ({ noticeId: idOf(event), target });
  const isNamed = (given: unknown) => given === "console" || deliveryTargets.some((each) => each === given);
  return {
    name: noticeGroupOf(target),
    topic: "notices",
    eventType: "notice.raised",
    isWanted: ({ data }) => data["target"] === target || (isDefault() && !isNamed(data["target"])),
    // A channel may come and go.
    get send(): Outbox["send"] {
      const { send } = outlet;
      return send && ((event) => send(messageOf(event), { idempotencyKey: idOf(event), signal }));
    },
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
          data: { ...namesOf(event), attempt, reason, retryAt: retryAt?.toISOString() },
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

function linksOf(event: StoredEvent) {
  const { id: causation, correlation } = event;
  return { subject: idOf(event), correlation, causation, labels: formatLabels(mainLabels) };
}
