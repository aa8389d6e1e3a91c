/** Tells the person at the end of a run, as a durable step. */
import type { StepRunner } from "@roost/agent";
import type { ClaimedRun, Kernel } from "@roost/kernel";
import { recordNotice, type NoticeTarget } from "./record-notice.ts";

export interface DeliverNoticeOptions {
  kernel: Kernel;
  run: ClaimedRun;
  text: string;
  target: NoticeTarget;
  isRehearsal: boolean;
}

/** The step's name is `notice`: a run delivers at most one this way. Rehearsed notices stay on the console. */
export async function deliverNotice(steps: StepRunner, options: DeliverNoticeOptions): Promise<void> {
  const { kernel, run, text, isRehearsal } = options;
  const told = { text, level: "info", target: isRehearsal ? "console" : options.target } as const;
  await steps.step(
    "notice",
    { kind: "tool", effect: "idempotent", input: told },
    async ({ idempotencyKey, labels }) => {
      await recordNotice(kernel, run, { ...told, idempotencyKey, isRehearsal, labels: await labels() });
      return { state: "done", output: { text: "told", isUntrusted: false } };
    },
  );
}
