/** The tool that reads what another run said and did, as far as the session may know it. */
import type { Tool } from "@roost/agent";
import { getRun, listSteps } from "@roost/kernel";
import { mayKnow, noteOfContext, noteOfRun, readCorrections, recordSources } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({
  runId: z.uuid(),
  withSteps: z.boolean().default(false).describe("Also what it did, step by step"),
});

/** What another run said and did. */
export function readRunTool({ kernel, run: reader, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "read_run",
    description: "Reads the whole result of a run, for example of a cron job that the digest mentions.",
    input,
    effect: "readonly",
    execute: async ({ runId, withSteps }) => {
      const run = await getRun(kernel.database, runId);
      const labels = await kernel.labelSets.read(kernel.database, run.labels);
      if (!mayKnow(viewer, labels)) {
        return {
          state: "failed",
          code: "forbidden",
          message: `Run ${runId} is not visible to a ${viewer.kind} session`,
        };
      }
      await recordSources(kernel.database, reader.id, { runIds: [runId] });
      const corrections = await readCorrections(kernel.database, viewer);
      const note = noteOfRun(runId, corrections);
      const steps = withSteps ? await listSteps(kernel.database, runId) : [];
      const { id, state, title, reason, jobId, output, error, createdAt, endedAt } = run;
      const shown = steps.map(({ seq, name, kind, state: stepState, input: given, output: result }) => ({
        seq,
        name,
        state: stepState,
        input: given,
        output: kind === "context" ? (noteOfContext(result, corrections) ?? result) : result,
      }));
      return {
        state: "done",
        output: toJson({
          id,
          state,
          title,
          reason,
          jobId,
          output,
          error,
          createdAt,
          endedAt,
          note,
          steps: withSteps ? shown : undefined,
        }),
        labels,
      };
    },
  };
}
