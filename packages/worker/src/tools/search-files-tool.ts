import type { Tool } from "@roost/agent";
import { searchHomeFiles } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({
  query: z.string().min(1).max(500).describe("Words; lines with more of them come first"),
  under: z.string().max(1024).optional(),
});

/** Finds lines in the files that this session may see. */
export function searchFilesTool({ memory, viewer }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "search_files",
    description: "Searches the home's files that you may read for words, best lines first.",
    input,
    effect: "readonly",
    execute: async ({ query, under }, { signal }) => {
      const request = { query, as: viewer, signal, under };
      const { labels, ...found } = await searchHomeFiles(memory, request);
      return { state: "done", output: toJson(found), labels };
    },
  };
}
