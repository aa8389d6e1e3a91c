import type { Tool } from "@roost/agent";
import { formatDurationMs } from "@roost/base";
import { getState } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({ name: z.string().min(1).max(63).describe("email for memory/email-state.json") });

/** Reads a state with its age, so that a stale one is noticed. */
export function getStateTool({ memory, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "get_state",
    description: "Reads a state file with its version and how old it is.",
    input,
    effect: "readonly",
    execute: async ({ name }) => {
      const state = await getState(memory, name, { as: viewer });
      if (state === undefined)
        return { state: "failed", code: "not_found", message: `There is no state "${name}" yet` };
      const { labels, ...shown } = state;
      return { state: "done", output: toJson({ ...shown, age: formatDurationMs(state.ageMs) }), labels };
    },
  };
}
