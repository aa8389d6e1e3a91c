import type { Tool } from "@roost/agent";
import { z } from "zod";
import { noticeTarget, recordNotice } from "../notices/record-notice.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  text: z.string().min(1).max(10_000),
  level: z.enum(["info", "warning", "urgent"]).default("info"),
});

/** Sends the person a message outside a conversation: on the console, and by webhook if one is set. */
export function notifyTool({ kernel, memory, run }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "notify",
    description: "Tells the person something that cannot wait until they ask.",
    input,
    effect: "idempotent",
    execute: async ({ text, level }, { idempotencyKey, labels }) => {
      await recordNotice(kernel, run, { text, level, target: noticeTarget(memory), idempotencyKey, labels });
      return { state: "done", output: "told" };
    },
  };
}
