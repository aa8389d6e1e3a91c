/** What the home remembers. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Count, SmallCount, text, WrittenTime } from "../records/fields.ts";
import { RecalledLine, recalledKinds } from "../records/recall.ts";

export const recall = defineOperation({
  id: "recall",
  method: "GET",
  path: "/recall",
  summary: "Lines of files, conversations and events that tell of something, best first, each with its source",
  input: z.object({
    query: text(1_000).min(1).describe("A question or a few words"),
    limit: SmallCount.min(1).max(50).default(10).describe("Lines"),
    tokensMax: SmallCount.min(1).max(8_000).default(2_000).describe("Of all lines together"),
    kinds: z.array(z.enum(recalledKinds)).min(1).max(recalledKinds.length).optional().describe("Default: all"),
    since: WrittenTime.optional(),
    until: WrittenTime.optional(),
  }),
  output: z.object({
    lines: z.array(RecalledLine),
    markedCount: Count.describe("Of these, how many rest on content from outside"),
  }),
  effect: "readonly",
  access: { audience: ["owner", "device", "client"] },
  examples: [{ summary: "A question", input: { query: "when does Anna's train arrive" } }],
});

export const memoryOperations = [recall] as const;
