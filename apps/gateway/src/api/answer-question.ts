import { answerQuestion as recordAnswer } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toQuestionRecord } from "../records/to-question.ts";

export function answerQuestion({ kernel }: GatewayContext): ApiHandler<"answerQuestion"> {
  return async ({ questionId, answer }, { principal }) => {
    const given = { questionId: requireUuid("question", questionId), answer, by: principal.id };
    return { question: toQuestionRecord(await recordAnswer(kernel, given)) };
  };
}
