import { answerQuestion as recordAnswer } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toQuestionRecord } from "../records/to-question.ts";

export function answerQuestion({ kernel }: GatewayContext): ApiHandler<"answerQuestion"> {
  return async ({ questionId, answer }, { principal }) => ({
    question: toQuestionRecord(await recordAnswer(kernel, { questionId, answer, by: principal.id })),
  });
}
