import type { Tool } from "@roost/agent";
import { remember } from "@roost/memory";
import { z } from "zod";
import { authorOf } from "./author-of.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({ text: z.string().min(1).max(4_000).describe("One fact, in a sentence or two") });

/** Keeps a fact: in the log, and for the person's own sessions in the day's note. */
export function rememberTool(context: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "remember",
    description:
      "Keeps a fact for later: it stands in today's note and in the log. Change MEMORY.md itself with write_file.",
    input,
    effect: "idempotent",
    execute: async ({ text }, { idempotencyKey, labels }) => {
      const note = await remember(context.memory, {
        text,
        as: context.viewer,
        idempotencyKey,
        ...authorOf(context, labels),
      });
      return { state: "done", output: note === undefined ? "noted in the log" : `noted in ${note.path}` };
    },
  };
}
