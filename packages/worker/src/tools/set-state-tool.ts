import type { JsonValue } from "@roost/base";
import type { Tool } from "@roost/agent";
import { setState } from "@roost/memory";
import { z } from "zod";
import { authorOf } from "./author-of.ts";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({
  name: z.string().min(1).max(63),
  patch: z.record(z.string(), z.unknown()).describe("JSON Merge Patch: null removes a field"),
  expectedVersion: z.number().int().min(0).optional().describe("Refused at another version; 0: new"),
  note: z.string().max(500).optional(),
});

/** Changes a state; the file memory/<name>-state.json follows from the log. */
export function setStateTool(context: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "set_state",
    description: "Changes fields of a state file. An empty patch says that nothing changed: it counts as fresh again.",
    input,
    effect: "idempotent",
    execute: async ({ name, patch, expectedVersion, note }, { idempotencyKey, labels: known }) => {
      const { labels, ...outcome } = await setState(context.memory, {
        name,
        patch: patch as JsonValue,
        as: context.viewer,
        idempotencyKey,
        ...authorOf(context, known),
        expectedVersion,
        note,
      });
      return { state: "done", output: toJson(outcome), labels };
    },
  };
}
