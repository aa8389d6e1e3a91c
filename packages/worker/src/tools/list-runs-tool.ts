import type { Tool } from "@roost/agent";
import { listRuns } from "@roost/kernel";
import { maySeeRun } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({
  jobId: z.string().max(63).optional(),
  states: z
    .array(z.enum(["ready", "queued", "running", "waiting", "done", "failed", "cancelled", "diverged", "outdated"]))
    .optional(),
  count: z.number().int().min(1).max(50).default(20),
});

const readMax = 200;

/** What runs, waits and ran. */
export function listRunsTool({ kernel, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "list_runs",
    description: "Lists runs, newest first: what runs now, what waits, what ended how.",
    input,
    effect: "readonly",
    execute: async ({ jobId, states, count }) => {
      const runs = await listRuns(kernel, {
        limit: readMax,
        ...(jobId === undefined ? {} : { jobId }),
        ...(states === undefined ? {} : { states }),
      });
      const shown = runs
        .filter((run) => maySeeRun(viewer, run))
        .slice(0, count)
        .map(({ id, state, title, reason, jobId: job, sessionKey, createdAt, endedAt, error, usdSpent }) => ({
          id,
          state,
          title,
          reason,
          jobId: job,
          sessionKey,
          createdAt,
          endedAt,
          error: error?.message ?? null,
          usdSpent,
        }));
      return { state: "done", output: toJson({ runs: shown }) };
    },
  };
}
