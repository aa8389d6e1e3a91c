import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import type { InboxEntryRecord, QuestionRecord } from "@roost/contract/operations";
import { someFact, someQuestion, someRunId, someTime } from "../testing/records.ts";
import { answerInbox, type AnswerInboxOptions } from "./answer-inbox.ts";

const question = (kind: QuestionRecord["kind"], id: string, choices: string[] | null): InboxEntryRecord => ({
  kind: kind === "approval" ? "approval" : "question",
  id: `question:${id}`,
  since: someTime,
  title: "May I?",
  question: someQuestion({ id, kind, choices }),
});
const unknown: InboxEntryRecord = {
  kind: "unknown",
  id: "step",
  since: someTime,
  title: "Did it happen?",
  runId: someRunId,
  seq: 3,
  reason: "gone",
};
const failure: InboxEntryRecord = {
  kind: "failure",
  id: "failure:model",
  since: someTime,
  title: "The model failed",
  what: "model",
  failedCount: 1,
  reason: "away",
  runId: null,
  jobId: null,
};

const claim: InboxEntryRecord = {
  kind: "claim",
  id: `fact:${someFact().id}`,
  since: someTime,
  title: someFact().statement,
  fact: someFact(),
  reason: "job:post says so",
};

async function answerWith(items: InboxEntryRecord[], said: (string | undefined)[], fail?: RoostError) {
  const calls: unknown[] = [];
  const notes: string[] = [];
  const call = (name: string) => async (input: unknown) => {
    calls.push([name, input]);
    if (fail !== undefined) throw fail;
  };
  const client = Object.fromEntries(
    ["answerQuestion", "resolveStep", "readFailure", "acceptFact", "removeFact"].map((name) => [name, call(name)]),
  ) as unknown as AnswerInboxOptions["client"];
  const line = (text = "") => void notes.push(text);
  const result = await answerInbox({
    client,
    items,
    show: () => undefined,
    terminal: { line, note: line },
    ask: async () => said.shift(),
  });
  return { ...result, calls, notes };
}

test("answerInbox() answers each entry by its key, one after another", async () => {
  const choices = ["approve", "refuse", "approve-job", "approve-always"];
  const items = [
    question("approval", "1", choices),
    question("approval", "2", choices),
    question("question", "3", ["yes", "no"]),
    question("question", "4", null),
    unknown,
    failure,
    claim,
    claim,
  ];
  const ended = await answerWith(items, ["a", "w", "2", "as you like", "x", "d", "a", "x"]);
  assert.deepEqual(ended.calls, [
    ["answerQuestion", { questionId: "1", answer: "approve" }],
    ["answerQuestion", { questionId: "2", answer: "approve-always" }],
    ["answerQuestion", { questionId: "3", answer: "no" }],
    ["answerQuestion", { questionId: "4", answer: "as you like" }],
    ["resolveStep", { runId: someRunId, seq: 3, outcome: "not_done" }],
    ["readFailure", { what: "model" }],
    ["acceptFact", { factId: someFact().id }],
    ["removeFact", { factId: someFact().id, reason: "taken back in the inbox" }],
  ]);
  assert.deepEqual([ended.answeredCount, ended.leftCount], [8, 0]);
});

test("answerInbox() asks again for what is no answer, goes on past what cannot be answered, and leaves the rest", async () => {
  const mistyped = await answerWith([failure, unknown], ["yes please", "n", "q"]);
  assert.match(mistyped.notes.join("\n"), /yes please is none of: d read/);
  assert.deepEqual([mistyped.answeredCount, mistyped.leftCount, mistyped.calls], [0, 2, []]);
  const late = new RoostError("conflict", "question 1 is answered: it can no longer be answered");
  const refused = await answerWith([question("question", "1", null), failure], ["yes", undefined], late);
  assert.match(refused.notes.join("\n"), /can no longer be answered/);
  assert.deepEqual([refused.answeredCount, refused.calls.length], [0, 1]);
});
