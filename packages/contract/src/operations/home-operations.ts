/** State files, and what people are told and asked. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { decidingKinds } from "../principal.ts";
import { Name, pageOf, pageFields, Text, ref } from "../records/fields.ts";
import { Notice, noticeStates, Question, questionStates } from "../records/notice.ts";
import { StateFile, StateSummary } from "../records/state.ts";

export const listStateFiles = defineOperation({
  id: "listStateFiles",
  method: "GET",
  path: "/state",
  summary: "State files by name, with their age",
  input: z.object({ ...pageFields }),
  output: pageOf(StateSummary),
  effect: "readonly",
});

export const getState = defineOperation({
  id: "getState",
  method: "GET",
  path: "/state/{name}",
  summary: "A state file with its value",
  input: z.object({ name: Name.describe("`email` means memory/email-state.json") }),
  output: StateFile,
  errors: ["not_found"],
  effect: "readonly",
});

export const listQuestions = defineOperation({
  id: "listQuestions",
  method: "GET",
  path: "/questions",
  summary: "What agents ask people, newest first",
  input: z.object({ ...pageFields, state: z.enum(questionStates).optional().describe("All when left out") }),
  output: pageOf(Question),
  effect: "readonly",
});

export const answerQuestion = defineOperation({
  id: "answerQuestion",
  method: "POST",
  path: "/questions/{questionId}/answer",
  summary: "Answers a question; the run that waits for it goes on",
  input: z.object({ questionId: ref("Question"), answer: Text.min(1) }),
  output: z.object({ question: Question }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  access: { audience: decidingKinds },
  examples: [{ summary: "Yes", input: { questionId: "0199c8a0-0000-7000-8000-000000000001", answer: "yes" } }],
});

export const listNotices = defineOperation({
  id: "listNotices",
  method: "GET",
  path: "/notices",
  summary: "What people were told, newest first",
  input: z.object({ ...pageFields, state: z.enum(noticeStates).optional() }),
  output: pageOf(Notice),
  effect: "readonly",
});

export const homeOperations = [listStateFiles, getState, listQuestions, answerQuestion, listNotices] as const;
