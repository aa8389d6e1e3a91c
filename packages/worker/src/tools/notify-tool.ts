import { createHash } from "node:crypto";
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
    execute: async ({ text, level }, { labels }) => {
      // The same words twice in a run are one notice, whichever step they come from.
      const idempotencyKey = `${run.id}:${createHash("sha256").update(text).digest("base64url")}`;
      const notice = { text, level, target: noticeTarget(memory), idempotencyKey, labels };
      await recordNotice(kernel, run, notice);
      return { state: "done", output: "told" };
    },
  };
}
