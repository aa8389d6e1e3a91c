import type { Tool } from "@roost/agent";
import type { WaitRequest } from "@roost/kernel";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({
  question: z.string().min(1).max(5_000),
  choices: z.array(z.string().min(1).max(200)).max(20).optional(),
  waitHours: z.number().min(0.1).max(720).default(72).describe("After that you go on without an answer"),
});

/** Asks the person and waits, for days if need be; the run costs nothing meanwhile. */
export function askPersonTool({ kernel }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "ask_person",
    description: "Asks the person a question and waits for the answer. Use it when you must not decide alone.",
    input,
    effect: "idempotent",
    execute: async ({ question, choices, waitHours }) => {
      const wait: WaitRequest = {
        kind: "person",
        question: { prompt: question, choices },
        until: new Date(kernel.clock.nowMs() + waitHours * 3_600_000),
      };
      return { state: "waiting", wait: toJson(wait) };
    },
  };
}
