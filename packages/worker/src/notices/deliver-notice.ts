/** Tells the person at the end of a run, as a durable step. */
import type { StepRunner } from "@roost/agent";
import type { ClaimedRun, Kernel } from "@roost/kernel";
import type { Webhook } from "./post-webhook.ts";
import { tellPerson } from "./tell-person.ts";

export interface DeliverNoticeOptions {
  kernel: Kernel;
  run: ClaimedRun;
  text: string;
  level: "info" | "warning" | "urgent";
  webhook: Webhook | undefined;
  isRehearsal: boolean;
  signal: AbortSignal;
}

/** The step's name is `notice`: a run delivers at most one this way. Rehearsed notices stay on the console. */
export async function deliverNotice(steps: StepRunner, options: DeliverNoticeOptions): Promise<void> {
  const { text, level, isRehearsal } = options;
  const webhook = isRehearsal ? undefined : options.webhook;
  const target = webhook === undefined ? "console" : "webhook";
  await steps.step("notice", { kind: "tool", effect: "idempotent", input: { text, level, target } }, async (call) => {
    const failure = await tellPerson({ ...options, webhook, ...call, labels: await call.labels() });
    return { state: "done", output: { text: failure ?? "delivered", isUntrusted: false } };
  });
}
