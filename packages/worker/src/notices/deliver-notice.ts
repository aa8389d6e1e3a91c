/**
 * Tells the person what a run has to say at its end, as a durable step. A webhook gets it under a key that is the same in every
 * attempt; one that fails does not fail the run.
 */
import { toRoostError } from "@roost/base";
import type { ClaimedRun, Kernel } from "@roost/kernel";
import type { DurableSteps } from "../steps/create-durable-steps.ts";
import { postWebhook, type Webhook } from "./post-webhook.ts";
import { recordNotice } from "./record-notice.ts";

export interface DeliverNoticeOptions {
  kernel: Kernel;
  run: ClaimedRun;
  text: string;
  level: "info" | "warning" | "urgent";
  webhook: Webhook | undefined;
  isRehearsal: boolean;
  signal: AbortSignal;
}

/** The step's name is `notice`: a run delivers at most one this way. */
export async function deliverNotice(steps: DurableSteps, options: DeliverNoticeOptions): Promise<void> {
  const { kernel, run, text, level, isRehearsal } = options;
  const webhook = isRehearsal ? undefined : options.webhook;
  const target = webhook === undefined ? "console" : "webhook";
  await steps.step("notice", { kind: "tool", effect: "idempotent", input: { text, level, target } }, async (call) => {
    const message = { text, level, runId: run.id, jobId: run.jobId, at: new Date(kernel.clock.nowMs()).toISOString() };
    const failure =
      webhook === undefined
        ? undefined
        : await postWebhook(webhook, message, call).then(
            () => undefined,
            (error: unknown) => toRoostError(error).message,
          );
    await recordNotice(kernel, run, { text, level, target, key: call.idempotencyKey, failure, isRehearsal });
    return { state: "done", output: { text: failure ?? "delivered", isUntrusted: false } };
  });
}
