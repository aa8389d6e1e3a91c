import type { Tool } from "@roost/agent";
import { classifyPath, correctText, labelsOfLines, readAnyFile, readCorrections } from "@roost/memory";
import { z } from "zod";
import { noteSeen } from "./seen-files.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  path: z.string().min(1).max(1024).describe("As in memory/2025-11-21.md"),
  fromLine: z.number().int().min(1).default(1),
  lineCount: z.number().int().min(1).max(5_000).default(1_000),
});

/** Reads a file of the home; other than text comes as a part. The run's next write of the file is compared with what was read. */
export function readFileTool({ kernel, memory, viewer, run, seenFiles }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "read_file",
    description:
      "Reads a file of the home; pictures and documents are shown as they are. Read a whole file before you write it.",
    input,
    effect: "readonly",
    execute: async ({ path, fromLine, lineCount }) => {
      const file = await readAnyFile(memory, path, { as: viewer, runId: run.id });
      if ("part" in file)
        return { state: "done", output: { path: file.path }, parts: [file.part], labels: file.labels };
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
      // Programs and drafts are read as they are; what is remembered, as it holds.
      if (isRemembered(file.path))
        output.text = correctText(output.text, await readCorrections(kernel.database, viewer));
      return { state: "done", output, labels: labelsOfLines(file.marks, { from: fromLine, count: lineCount }) };
    },
  };
}

function isRemembered(path: string): boolean {
  return ["memory", "note", "user", "other"].includes(classifyPath(path).class);
}
