import type { Tool } from "@roost/agent";
import { pauseJob, resumeJob } from "@roost/jobs";
import { z } from "zod";
import { saidBy } from "./author-of.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  jobId: z.string().min(1).max(63),
  do: z.enum(["pause", "resume"]).default("pause"),
  reason: z.string().max(500).optional(),
});

/** Pauses or resumes a job. */
export function pauseJobTool({ kernel, run, actor }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "pause_job",
    description: "Pauses a job (its ticks stop, what runs goes on) or resumes it.",
    input,
    effect: "idempotent",
    reach: ({ jobId }) => ({ target: jobId, isOutside: false }),
    execute: async ({ jobId, do: action, reason }, { labels }) => {
      const cause = {
        by: actor,
        causation: run.causeId,
        correlation: run.correlation,
        labels,
        reason: saidBy(run.id, labels, reason),
      };
      await (action === "pause" ? pauseJob(kernel, jobId, cause) : resumeJob(kernel, jobId, cause));
      return { state: "done", output: { jobId, state: action === "pause" ? "paused" : "active" } };
    },
  };
}
