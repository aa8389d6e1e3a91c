import type { Tool } from "@roost/agent";
import { isUntrusted } from "@roost/contract/labels";
import { acquireLock } from "@roost/kernel";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({
  name: z.string().min(1).max(200).describe("What only one may work on at a time, e.g. publish:blog"),
  purpose: z.string().max(500).optional(),
  waitSeconds: z.number().int().min(0).max(30).default(0),
  holdSeconds: z.number().int().min(1).max(3600).default(600),
});

/** Takes a lock for the run, until the run ends. Taking it again keeps it. */
export function lockTool({ kernel, run }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "lock",
    description:
      "Takes a named lock, so that no other run or script works on the same thing meanwhile. When another has it, you are told who and until when: do something else or stop. It is released when this run ends.",
    input,
    effect: "idempotent",
    execute: async ({ name, purpose, waitSeconds, holdSeconds }, { signal, labels }) => {
      const request = {
        name,
        holder: `run:${run.id}`,
        ttlMs: holdSeconds * 1000,
        waitMs: waitSeconds * 1000,
        ...purposeOf(run, isUntrusted(labels) ? undefined : purpose),
        labels,
        runId: run.id,
        causation: run.causeId,
        correlation: run.correlation,
      };
      return { state: "done", output: toJson(await acquireLock(kernel, request, { signal })) };
    },
  };
}

/** Others can read it: the title of a conversation's run is the person's text, which stays private. */
function purposeOf(run: ToolContext["run"], purpose: string | undefined): { purpose?: string } {
  const text = purpose ?? (run.sessionKind === "cron" ? (run.title ?? run.reason) : undefined);
  return text === undefined ? {} : { purpose: text };
}
