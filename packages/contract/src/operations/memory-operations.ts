/** What the home remembers. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { decidingKinds } from "../principal.ts";
import { factParts, HomeFact, FactStatement } from "../records/fact.ts";
import { Count, pageFields, pageOf, Reason, ref, SmallCount, text, WrittenTime } from "../records/fields.ts";
import { RecalledLine, recalledKinds, RecalledOfService } from "../records/recall.ts";

export const recall = defineOperation({
  id: "recall",
  method: "GET",
  path: "/recall",
  summary:
    "Lines of files, conversations and events that tell of something, best first, each with its source, and what services know of it",
  description: "Without the scope `main` what was said in conversations is left out.",
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
    services: z.array(RecalledOfService).describe("Of services; none where kinds are named"),
    unanswered: z.array(z.object({ service: z.string(), reason: Reason })).describe("Services that did not answer"),
  }),
  effect: "readonly",
  access: { audience: decidingKinds },
  examples: [{ summary: "A question", input: { query: "when does Anna's train arrive" } }],
});

const factId = ref("HomeFact");

export const listFacts = defineOperation({
  id: "listFacts",
  method: "GET",
  path: "/facts",
  summary: "What the home holds for true, newest first",
  input: z.object({
    ...pageFields,
    withClosed: z.boolean().default(false).describe("Also what ended, or was wrong"),
    isClaim: z.boolean().optional().describe("Only what waits for a person, or what does not"),
  }),
  output: pageOf(HomeFact),
  effect: "readonly",
  access: { audience: decidingKinds },
});

export const rememberFact = defineOperation({
  id: "rememberFact",
  method: "POST",
  path: "/facts",
  summary: "Keeps a fact; another value of the same attribute ends",
  input: z.object({
    text: FactStatement,
    ...factParts,
    isMany: z.boolean().default(false).describe("The attribute has several values at a time"),
    since: WrittenTime.optional().describe("Default: now"),
    corrects: factId.optional().describe("The fact that was wrong"),
    reason: Reason.optional(),
  }),
  output: z.object({ fact: HomeFact, closedCount: Count }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  access: { audience: decidingKinds },
  examples: [
    {
      summary: "Who lives where",
      input: { text: "Anna lives in Munich", subject: "Anna", attribute: "lives in", value: "Munich" },
    },
  ],
});

export const removeFact = defineOperation({
  id: "removeFact",
  method: "POST",
  path: "/facts/{factId}/remove",
  summary: "Takes a fact out of force: it was wrong, or it ended",
  input: z.object({
    factId,
    until: WrittenTime.optional().describe("When it ended. Default: it never held"),
    reason: Reason.optional(),
  }),
  output: z.object({ fact: HomeFact }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  access: { audience: decidingKinds },
});

export const acceptFact = defineOperation({
  id: "acceptFact",
  method: "POST",
  path: "/facts/{factId}/accept",
  summary: "Vouches for what others claim: from then on it holds",
  input: z.object({ factId }),
  output: z.object({ fact: HomeFact }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  access: { audience: decidingKinds, isDecision: true },
});

export const memoryOperations = [recall, listFacts, rememberFact, removeFact, acceptFact] as const;
