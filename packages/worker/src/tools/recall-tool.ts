/** The tool by which a run asks what is known; what it is given is recorded, so that a correction finds what the run made of it. */
import type { Tool } from "@roost/agent";
import { formatLabels } from "@roost/contract/labels";
import { recalledKinds } from "@roost/contract/operations";
import { recall, recallLimits, recordSources } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const moment = z.iso.datetime({ offset: true }).optional();
const input = z.object({
  query: z.string().min(1).max(1_000).describe("A question or a few words"),
  kinds: z.array(z.enum(recalledKinds)).min(1).max(recalledKinds.length).optional().describe("Default: all"),
  since: moment,
  until: moment,
  limit: z.number().int().min(1).max(recallLimits.linesMax).default(10),
  marked: z.boolean().default(false).describe("Also lines from outside"),
});

/** Finds what notes, files, conversations and events tell of something. */
export function recallTool({ kernel, memory, run, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "recall",
    description:
      "Finds lines about something in memory, notes, files, earlier conversations and events, with their sources.",
    input,
    effect: "readonly",
    execute: async ({ query, kinds, since, until, limit, marked }) => {
      const found = await recall(memory, {
        query,
        as: viewer,
        kinds,
        limit,
        withMarked: marked,
        since: since === undefined ? undefined : new Date(since),
        until: until === undefined ? undefined : new Date(until),
      });
      await recordSources(kernel.database, run.id, {
        text: found.lines.map(({ text }) => text).join("\n"),
        runIds: found.lines.flatMap(({ runId }) => runId ?? []),
      });
      const lines = found.lines.map(({ score: _score, runId: _runId, labels, at, ...line }) => ({
        ...line,
        at: memory.calendar.momentAt(at.getTime()),
        ...(marked && { labels: formatLabels(labels) }),
      }));
      const remark =
        found.markedCount === 0
          ? {}
          : { leftOut: `${found.markedCount} more rest on content from outside: marked shows them` };
      return { state: "done", output: toJson({ lines, ...remark }), labels: found.labels };
    },
  };
}
