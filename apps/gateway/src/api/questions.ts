import { placeOf, readPage, serve, type Served, toPage, uuidPlace } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { answerQuestion } from "@roost/approvals";
import { doesAsNow } from "@roost/jobs";
import { listQuestions, type Kernel } from "@roost/kernel";
import { requireUuid } from "../records/require-uuid.ts";
import { toQuestionRecord } from "../records/to-question.ts";

export function serveQuestions({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listQuestions, async ({ limit, after, state }) => {
      const read = { after: placeOf(uuidPlace, after), states: state === undefined ? undefined : [state] };
      const { rows, next } = await readPage(
        limit,
        (most) => listQuestions(kernel, { ...read, limit: most }),
        ({ id }) => id,
      );
      return toPage(rows.map(toQuestionRecord), next);
    }),

    serve(operations.answerQuestion, async ({ questionId, answer }, { principal }) => {
      const given = { questionId: requireUuid("question", questionId), answer, by: principal.id };
      return { question: toQuestionRecord(await answerQuestion(kernel, given, { doesAsNow })) };
    }),
  ];
}
