import { listQuestions as readQuestions } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireCursor } from "../records/require-cursor.ts";
import { nextOf } from "../records/next-of.ts";
import { toQuestionRecord } from "../records/to-question.ts";

export function listQuestions({ kernel }: GatewayContext): ApiHandler<"listQuestions"> {
  return async ({ limit, after, state }) => {
    const questions = await readQuestions(kernel, {
      limit,
      ...(after === undefined ? {} : { after: requireCursor("uuid", after) }),
      ...(state === undefined ? {} : { states: [state] }),
    });
    return { questions: questions.map(toQuestionRecord), next: nextOf(questions, limit, ({ id }) => id) };
  };
}
