import type { Tool } from "@roost/agent";
import { findPart } from "@roost/memory";
import { z } from "zod";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  part: z.string().min(1).max(500).describe("Its id, as in #0123456789ab, or its name in this conversation"),
});

/** Looks again at a picture, document or other part that an earlier message or tool brought. */
export function viewPartTool({ memory, viewer, run }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "view_part",
    description: "Shows again a picture, document or other part of an earlier message or tool result.",
    input,
    effect: "readonly",
    execute: async ({ part: named }) => {
      const { part, labels } = await findPart(memory, { named: named.trim(), as: viewer, runId: run.id });
      return { state: "done", output: { part: part.name ?? named }, parts: [part], labels };
    },
  };
}
