import type { Tool } from "@roost/agent";
import { mainLabels } from "@roost/contract/labels";
import { listJobs } from "@roost/jobs";
import { mayKnow } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const jobsMax = 200;
const input = z.object({});

/** All jobs, with their due times and last ticks. */
export function listJobsTool({ kernel, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "list_jobs",
    description: "Lists the jobs: when each is due next, what starts it, and what became of its last tick.",
    input,
    effect: "readonly",
    execute: async () => {
      const { jobs } = await listJobs(kernel, { limit: jobsMax });
      // A prompt may hold what only the person's own sessions may know.
      const isOwn = mayKnow(viewer, mainLabels);
      const shown = jobs.map(({ id, state, definition, dueAt, lastTick, activeRunIds, pausedReason }) => ({
        id,
        state,
        title: definition.title ?? id,
        trigger: definition.trigger,
        prompt: isOwn || id === viewer.jobId ? definition.prompt : undefined,
        dueAt,
        pausedReason,
        lastTick:
          lastTick === null
            ? null
            : { at: lastTick.scheduledAt, outcome: lastTick.outcome, reason: lastTick.reason, runId: lastTick.runId },
        activeRunIds,
      }));
      return { state: "done", output: toJson({ jobs: shown }) };
    },
  };
}
