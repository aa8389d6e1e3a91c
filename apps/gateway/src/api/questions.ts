import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { answerQuestion, listQuestions, type Kernel } from "@roost/kernel";
import { nextOf } from "../records/next-of.ts";
import { requireCursor } from "../records/require-cursor.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toQuestionRecord } from "../records/to-question.ts";

export function serveQuestions({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listQuestions, async ({ limit, after, state }) => {
      const questions = await listQuestions(kernel, {
        limit,
        ...(after === undefined ? {} : { after: requireCursor("uuid", after) }),
        ...(state === undefined ? {} : { states: [state] }),
      });
      return { questions: questions.map(toQuestionRecord), next: nextOf(questions, limit, ({ id }) => id) };
    }),

    serve(operations.answerQuestion, async ({ questionId, answer }, { principal }) => {
      const given = { questionId: requireUuid("question", questionId), answer, by: principal.id };
      return { question: toQuestionRecord(await answerQuestion(kernel, given)) };
    }),
  ];
}
