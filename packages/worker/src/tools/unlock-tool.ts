import type { Tool } from "@roost/agent";
import { releaseLock } from "@roost/kernel";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({
  name: z.string().min(1).max(200),
  epoch: z.number().int().min(0).describe("As lock answered it"),
});

/** Releases a lock of this run before the run ends. */
export function unlockTool({ kernel, run }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "unlock",
    description: "Gives back a lock that this run has taken. Locks are also given back when the run ends.",
    input,
    effect: "idempotent",
    execute: async ({ name, epoch }) => ({
      state: "done",
      output: toJson(await releaseLock(kernel, { name, epoch, holder: `run:${run.id}` })),
    }),
  };
}
