/** The tool that writes a home file by compare-and-swap. The memory decides who may write what. */
import { createHash } from "node:crypto";
import type { Tool } from "@roost/agent";
import { toRoostError } from "@roost/base";
import { heldFile, readHomeFile, writeHomeFile } from "@roost/memory";
import { z } from "zod";
import { authorOf } from "./author-of.ts";
import { refuseWiderFile } from "./refuse-wider-job.ts";
import { noteSeen } from "./seen-files.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  path: z.string().min(1).max(1024),
  text: z.string().max(1_000_000).describe("All of it"),
  expected: z
    .string()
    .max(64)
    .optional()
    .describe('sha256 of what you replace, or "absent". Default: as you last read it'),
});

const conflictHint =
  "The file is not what you expected. Nothing was written. Merge your text with this one and write again.";

/** Replaces a file of the home if it is still as this run last saw it, so that sessions do not overwrite each other. */
export function writeFileTool(context: ToolContext): Tool<z.infer<typeof input>> {
  const { memory, viewer, seenFiles } = context;
  return {
    name: "write_file",
    description:
      "Writes a whole text file of the home. If it has changed since you read it, you get what is there now: merge, write again.",
    input,
    effect: "idempotent",
    reach: ({ path }) => ({ target: path, isOutside: false }),
    execute: async ({ path, text, expected }, { idempotencyKey, labels }) => {
      if (heldFile(path)?.class === "job") await refuseWider(context, path, text);
      const outcome = await writeHomeFile(memory, {
        path,
        text,
        expected: expected ?? seenFiles.get(path) ?? "absent",
        as: viewer,
        remember: { scope: "tool.write_file", key: idempotencyKey },
        ...authorOf(context, labels),
      });
      if (outcome.state === "repeated") {
        const output = { ...outcome, sha256: createHash("sha256").update(text).digest("hex") };
        noteSeen(seenFiles, output);
        return { state: "done", output };
      }
      noteSeen(seenFiles, outcome);
      if (outcome.state === "written") return { state: "done", output: { ...outcome } };
      const { labels: ofOthers, ...present } = outcome;
      return { state: "done", output: { ...present, hint: conflictHint }, labels: ofOthers };
    },
  };
}

async function refuseWider(context: ToolContext, path: string, text: string): Promise<void> {
  const { memory, viewer } = context;
  const before = await readHomeFile(memory, path, { as: viewer }).catch((error: unknown) => {
    if (toRoostError(error).code !== "not_found") throw error;
    return { text: "" };
  });
  await refuseWiderFile(context, { before: before.text, text });
}
