import type { Tool } from "@roost/agent";
import { labelsOfLines, readMarkedFile } from "@roost/memory";
import { z } from "zod";
import { noteSeen } from "./seen-files.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  path: z.string().min(1).max(1024).describe("Relative to the home, e.g. memory/2025-11-21.md"),
  fromLine: z.number().int().min(1).default(1),
  lineCount: z.number().int().min(1).max(5_000).default(1_000),
});

/** Reads a text file of the home. The run's next write of the file is compared with what was read. */
export function readFileTool({ memory, viewer, seenFiles }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "read_file",
    description: "Reads a text file of the home. Read a whole file before you write it.",
    input,
    effect: "readonly",
    execute: async ({ path, fromLine, lineCount }) => {
      const file = await readMarkedFile(memory, path, { as: viewer });
      const lines = file.text.split("\n");
      const output = {
        path: file.path,
        sha256: file.sha256,
        isWhole: fromLine === 1 && lines.length <= lineCount,
        modifiedAt: file.modifiedAt.toISOString(),
        lineCount: lines.length,
        text: lines.slice(fromLine - 1, fromLine - 1 + lineCount).join("\n"),
      };
      noteSeen(seenFiles, output);
      return { state: "done", output, labels: labelsOfLines(file.marks, { from: fromLine, count: lineCount }) };
    },
  };
}
