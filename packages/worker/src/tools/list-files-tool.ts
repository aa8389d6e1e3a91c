import type { Tool } from "@roost/agent";
import { listHomeFiles } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const filesShown = 500;
const input = z.object({ under: z.string().max(1024).optional().describe("A folder, e.g. memory") });

/** The files that this session may see. */
export function listFilesTool({ memory, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "list_files",
    description: "Lists the files of the home that you may read, with size and time of change.",
    input,
    effect: "readonly",
    execute: async ({ under }) => {
      const files = await listHomeFiles(memory, { as: viewer, ...(under === undefined ? {} : { under }) });
      return {
        state: "done",
        output: toJson({ files: files.slice(0, filesShown), isComplete: files.length <= filesShown }),
      };
    },
  };
}
