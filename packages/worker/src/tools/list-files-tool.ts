import type { Tool } from "@roost/agent";
import { isUntrusted, joinLabels } from "@roost/contract/labels";
import { listMarkedFiles } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const filesShown = 500;
const input = z.object({
  under: z.string().max(1024).optional().describe("A folder, e.g. memory"),
  marked: z.boolean().default(false).describe("Also files named by runs that had read content from outside"),
});

/** The files that this session may see. A name is a text too: those that can be from outside are listed on request, and mark the run. */
export function listFilesTool({ memory, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "list_files",
    description: "Lists the files of the home that you may read, with size and time of change.",
    input,
    effect: "readonly",
    execute: async ({ under, marked }) => {
      const all = await listMarkedFiles(memory, { as: viewer, under });
      const known = all.filter(({ labels }) => !isUntrusted(labels));
      const shown = (marked ? all : known).slice(0, filesShown);
      const leftOut = all.length - known.length;
      return {
        state: "done",
        output: toJson({
          files: shown.map(({ labels: _ofName, mark, ...file }) => ({ ...file, isMarked: mark !== null })),
          isComplete: shown.length === all.length,
          leftOut: leftOut > 0 && !marked ? `${leftOut} files, which "marked": true lists too` : undefined,
        }),
        labels: joinLabels(...shown.map(({ labels }) => labels)),
      };
    },
  };
}
