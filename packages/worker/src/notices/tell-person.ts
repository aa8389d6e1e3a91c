/**
 * Sends a message to the person: to the webhook if one is set, else only to the log (which the console shows), and records the delivery. A webhook
 * gets each attempt with the same key; a failed delivery is recorded and affects nothing else.
 */
import { backoffMs, sleepUntilAborted, toRoostError } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { ClaimedRun, Kernel } from "@roost/kernel";
import { postWebhook, type Webhook, type WebhookMessage } from "./post-webhook.ts";
import { recordNotice, type RecordedNotice } from "./record-notice.ts";

export interface TellPersonOptions {
  kernel: Kernel;
  run: ClaimedRun;
  text: string;
  level: RecordedNotice["level"];
  /** Undefined: the console. */
  webhook: Webhook | undefined;
  isRehearsal?: boolean;
  /** The same in every attempt of a notice. */
  idempotencyKey: string;
  /** Labels of the run. */
  labels: Labels;
  signal: AbortSignal;
  /** Before the second attempt; doubled each time. */
  retryMs?: number;
}

const attemptsMax = 3;
const retryMsDefault = 500;

/**
 * Returns why it was not delivered; undefined when it was.
 * @throws the signal's reason: nothing is recorded then, and a later attempt sends the notice
 */
export async function tellPerson(options: TellPersonOptions): Promise<string | undefined> {
  const { kernel, run, text, level, webhook, idempotencyKey: key, labels, isRehearsal = false } = options;
  const message = { text, level, runId: run.id, jobId: run.jobId, at: new Date(kernel.clock.nowMs()).toISOString() };
  const failure = webhook === undefined ? undefined : await post(webhook, message, options);
  const target = webhook === undefined ? "console" : "webhook";
  await recordNotice(kernel, run, { text, level, target, key, failure, isRehearsal, labels });
  return failure;
}

async function post(
  webhook: Webhook,
  message: WebhookMessage,
  options: TellPersonOptions,
): Promise<string | undefined> {
  const { idempotencyKey, signal, retryMs = retryMsDefault } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await postWebhook(webhook, message, { idempotencyKey, signal });
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      const failure = toRoostError(error);
      if (!failure.retryable || attempt >= attemptsMax) return failure.message;
      await sleepUntilAborted(backoffMs(attempt, { firstMs: retryMs, maxMs: Infinity }), { signal });
      signal.throwIfAborted();
    }
  }
}
