import type { Tool } from "@roost/agent";
import { z } from "zod";
import type { Webhook } from "../notices/post-webhook.ts";
import { tellPerson } from "../notices/tell-person.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  text: z.string().min(1).max(10_000),
  level: z.enum(["info", "warning", "urgent"]).default("info"),
});

/** Sends the person a message outside a conversation: on the console, and by webhook if one is set. */
export function notifyTool(context: ToolContext, webhook: Webhook | undefined): Tool<z.infer<typeof input>> {
  const { kernel, run } = context;
  return {
    name: "notify",
    description: "Tells the person something that cannot wait until they ask.",
    input,
    effect: "idempotent",
    execute: async ({ text, level }, { idempotencyKey, labels, signal }) => {
      const failure = await tellPerson({ kernel, run, text, level, webhook, idempotencyKey, labels, signal });
      return { state: "done", output: failure === undefined ? "delivered" : `recorded, but not delivered: ${failure}` };
    },
  };
}
