import type { Tool } from "@roost/agent";
import { readableBy, readLatest, readTopics } from "@roost/kernel";
import { joinLabels, parseLabels } from "@roost/contract/labels";
import { clearanceOf } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({
  topics: z
    .array(z.string().max(63))
    .max(20)
    .optional()
    .describe("runs, jobs, sessions, home, notices, coordination; all when left out"),
  types: z.array(z.string().max(100)).max(50).optional().describe("e.g. tick.missed, run.failed"),
  count: z.number().int().min(1).max(100).default(20),
});

/** The newest events of the log that this session may see. */
export function readLogTool({ kernel, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "read_log",
    description: "Reads the newest events of the log: what ran, what was due, who wrote or claimed what.",
    input,
    effect: "readonly",
    execute: async ({ topics, types, count }) => {
      const known = [...(await readTopics(kernel.database)).keys()];
      const wanted = topics === undefined ? known : topics.filter((topic) => known.includes(topic));
      if (wanted.length === 0)
        return { state: "failed", code: "not_found", message: `There are only the topics ${known.join(", ")}` };
      const page = await readLatest(kernel.database, {
        topics: wanted,
        readable: await readableBy(kernel.database, kernel.labelSets, clearanceOf(viewer)),
        limit: count,
        types,
      });
      const found = kernel.registry.upcast(page.events);
      const labels = joinLabels(...found.map((event) => parseLabels(event.labels)));
      const events = found.map(({ id, type, subject, time, data, causation }) => ({
        id,
        type,
        subject,
        time,
        data,
        causation,
      }));
      return { state: "done", output: toJson({ events }), labels };
    },
  };
}
