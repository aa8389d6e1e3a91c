/** What waits for the person, in one list: calls to approve, questions, effects of unknown outcome, failures that were not read yet, and claimed facts. */
import { z } from "zod";
import { Count, Id, Name, Reason, Slug, SmallCount, Text, Time, ref } from "./fields.ts";
import { HomeFact } from "./fact.ts";
import { Question } from "./notice.ts";

const entry = {
  id: Id.describe("Of the entry; the same as long as it waits"),
  since: Time,
  title: Text.describe("What waits, in one line"),
};

export const InboxEntry = z
  .discriminatedUnion("kind", [
    z.object({ ...entry, kind: z.literal("approval"), question: Question.describe("Answered by answerQuestion") }),
    z.object({ ...entry, kind: z.literal("question"), question: Question.describe("Answered by answerQuestion") }),
    z.object({
      ...entry,
      kind: z.literal("unknown"),
      runId: ref("Run").describe("Its step is settled by resolveStep"),
      seq: SmallCount,
      reason: Reason,
    }),
    z.object({
      ...entry,
      kind: z.literal("failure"),
      what: Name.describe("`job:backup`, `model`, `webhook`; taken off the list by readFailure"),
      failedCount: Count,
      reason: Reason,
      runId: ref("Run").nullable().describe("The last run that failed"),
      jobId: ref("Job", Slug).nullable(),
    }),
    z.object({
      ...entry,
      kind: z.literal("claim"),
      fact: HomeFact.describe("It counts once acceptFact says so; removeFact takes it off the list"),
      reason: Reason.describe("Who says so, and why it waits"),
    }),
  ])
  .meta({ id: "InboxEntry" });
export type InboxEntryRecord = z.output<typeof InboxEntry>;
