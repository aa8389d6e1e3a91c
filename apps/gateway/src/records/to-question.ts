import type { QuestionRecord } from "@roost/contract/operations";
import { approvalShown } from "@roost/approvals";
import type { Question } from "@roost/kernel";
import { iso, isoOrNull } from "./iso.ts";

export function toQuestionRecord(question: Question): QuestionRecord {
  const { answer } = question;
  return {
    id: question.id,
    kind: toKind(question.kind),
    approval: toApproval(question),
    prompt: question.prompt,
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

function toKind(kind: string): QuestionRecord["kind"] {
  return kind === "approval" || kind === "resolution" ? kind : "question";
}

function toApproval({ kind, details }: Question): QuestionRecord["approval"] {
  const shown = kind === "approval" ? approvalShown(details) : undefined;
  if (shown === undefined) return null;
  const { tool, input, inputHash, reason, policy, target, diff } = shown;
  return { tool, input, inputHash, reason, policy, target, diff };
}
