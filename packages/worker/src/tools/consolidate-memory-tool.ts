/** The one tool of the nightly consolidation. */
import type { Tool } from "@roost/agent";
import { consolidateMemory, consolidateTool } from "@roost/memory";
import { z } from "zod";
import { authorOf } from "./author-of.ts";
import type { ToolContext } from "./tool-context.ts";

const entry = z.string().min(1).max(1_000);
const changesMax = 60;

export const consolidationInput = z.object({
  add: z
    .array(z.object({ text: entry, under: entry.optional().describe("A heading that there is") }))
    .max(changesMax)
    .default([]),
  replace: z
    .array(z.object({ from: entry.describe("Word for word"), to: entry }))
    .max(changesMax)
    .default([]),
  remove: z.array(entry).max(changesMax).default([]).describe("Word for word"),
});

export function consolidateMemoryTool(context: ToolContext): Tool<z.infer<typeof consolidationInput>> {
  return {
    name: consolidateTool,
    description: "Adds, changes and leaves out entries of MEMORY.md, all in one call.",
    input: consolidationInput,
    effect: "idempotent",
    reach: () => ({ target: "MEMORY.md", isOutside: false }),
    execute: async (changes, { idempotencyKey, labels }) => {
      const { missing } = await consolidateMemory(context.memory, {
        changes,
        idempotencyKey,
        ...authorOf(context, labels),
      });
      return { state: "done", output: missing.length === 0 ? "done" : { done: true, notFound: missing } };
    },
  };
}
