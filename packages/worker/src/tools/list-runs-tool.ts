/** The tool that lists runs: of those that have read outside content it shows only what Roost wrote itself. */
import type { Tool } from "@roost/agent";
import { isUntrusted, joinLabels } from "@roost/contract/labels";
import { listRuns, type Run } from "@roost/kernel";
import { mayKnow } from "@roost/memory";
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

/** Active, waiting and ended runs. */
export function listRunsTool({ kernel, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "list_runs",
    description: "Lists runs, newest first: what runs now, what waits, what ended how.",
    input,
    effect: "readonly",
    execute: async ({ jobId, states, count }) => {
      const runs = await listRuns(kernel, {
        limit: readMax,
        jobId,
        states,
      });
      const labelled = await Promise.all(
        runs.map(async (run) => ({ run, labels: await kernel.labelSets.read(kernel.database, run.labels) })),
      );
      const known = labelled.filter(({ labels }) => mayKnow(viewer, labels)).slice(0, count);
      const shown = known.map(({ run, labels }) =>
        isUntrusted(labels) ? factsOf(run) : { ...factsOf(run), ...wordsOf(run) },
      );
      const trusted = known.map(({ labels }) => labels).filter((labels) => !isUntrusted(labels));
      return { state: "done", output: toJson({ runs: shown }), labels: joinLabels(...trusted) };
    },
  };
}

type Listed = Omit<Run, "input" | "output">;

/** What Roost wrote itself. */
function factsOf({ id, state, jobId, sessionKey, createdAt, endedAt, error, costUsd }: Listed) {
  return { id, state, jobId, sessionKey, createdAt, endedAt, error: error?.code ?? null, costUsd };
}

/** What others wrote; for a run that has read outside content, read_run shows it. */
function wordsOf({ title, reason, error }: Listed) {
  return { title, reason, error: error?.message ?? null };
}
