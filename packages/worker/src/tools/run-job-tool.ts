import type { Tool } from "@roost/agent";
import { runJobNow } from "@roost/jobs";
import { z } from "zod";
import { saidBy } from "./author-of.ts";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({ jobId: z.string().min(1).max(63), reason: z.string().max(500).optional() });

/** Starts a job now; a repeated call does not start it twice. */
export function runJobTool({ kernel, run, actor }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "run_job",
    description: "Runs a job now. It runs by itself and reports in the log; you do not wait for it.",
    input,
    effect: "idempotent",
    reach: ({ jobId }) => ({ target: jobId, isOutside: false }),
    execute: async ({ jobId, reason }, { idempotencyKey, labels }) => {
      const { tick, isRepeated } = await runJobNow(kernel, jobId, {
        by: actor,
        idempotencyKey,
        causation: run.causeId,
        correlation: run.correlation,
        labels,
        reason: saidBy(run.id, labels, reason),
      });
      return {
        state: "done",
        output: toJson({ runId: tick.runId, outcome: tick.outcome, reason: tick.reason, isRepeated }),
      };
    },
  };
}
