import type { Question as QuestionRecord } from "@roost/contract/operations";
import type { Question } from "@roost/kernel";
import { iso, isoOrNull } from "./iso.ts";

export function toQuestionRecord(question: Question): QuestionRecord {
  const { answer } = question;
  return {
    id: question.id,
    text: question.prompt,
    choices: question.choices,
    state: question.state,
    answer: answer === null || typeof answer === "string" ? answer : JSON.stringify(answer),
    agent: question.agent,
    runId: question.runId,
    jobId: question.jobId,
    askedAt: iso(question.askedAt),
    answeredAt: isoOrNull(question.answeredAt),
    answeredBy: question.answeredBy,
    expiresAt: isoOrNull(question.expiresAt),
  };
}
