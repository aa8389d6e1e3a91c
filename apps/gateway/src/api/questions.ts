import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { answerQuestion, listQuestions, type Kernel } from "@roost/kernel";
import { nextOf, placeOf, toPage, uuidPlace } from "../records/page.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toQuestionRecord } from "../records/to-question.ts";

export function serveQuestions({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listQuestions, async ({ limit, after, state }) => {
      const questions = await listQuestions(kernel, {
        limit,
        after: placeOf(uuidPlace, after),
        states: state === undefined ? undefined : [state],
      });
      return toPage(
        questions.map(toQuestionRecord),
        nextOf(questions, limit, ({ id }) => id),
      );
    }),

    serve(operations.answerQuestion, async ({ questionId, answer }, { principal }) => {
      const given = { questionId: requireUuid("question", questionId), answer, by: principal.id };
      return { question: toQuestionRecord(await answerQuestion(kernel, given)) };
    }),
  ];
}
