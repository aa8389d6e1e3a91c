import type { Tool } from "@roost/agent";
import { toRoostError } from "@roost/base";
import { z } from "zod";
import { postWebhook, type Webhook } from "../notices/post-webhook.ts";
import { recordNotice } from "../notices/record-notice.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  text: z.string().min(1).max(10_000),
  level: z.enum(["info", "warning", "urgent"]).default("info"),
});

/** Tells the person something outside a conversation: on the console, and by webhook where one is set. */
export function notifyTool(context: ToolContext, webhook: Webhook | undefined): Tool<z.infer<typeof input>> {
  const { kernel, run } = context;
  return {
    name: "notify",
    description: "Tells the person something that cannot wait until they ask.",
    input,
    effect: "idempotent",
    execute: async ({ text, level }, { idempotencyKey, signal }) => {
      const message = {
        text,
        level,
        runId: run.id,
        jobId: run.jobId,
        at: new Date(kernel.clock.nowMs()).toISOString(),
      };
      const failure =
        webhook === undefined
          ? undefined
          : await postWebhook(webhook, message, { idempotencyKey, signal }).then(
              () => undefined,
              (error: unknown) => toRoostError(error).message,
            );
      const target = webhook === undefined ? "console" : "webhook";
      await recordNotice(kernel, run, { text, level, target, key: idempotencyKey, failure });
      return { state: "done", output: failure === undefined ? "delivered" : `recorded, but not delivered: ${failure}` };
    },
  };
}
