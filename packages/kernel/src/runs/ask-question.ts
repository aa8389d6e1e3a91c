/** The question that a run waits for: asked again at the same step, it replaces the earlier one. */
import { createId } from "@roost/base";
import type { KernelTransaction } from "../transact.ts";
import { eventReason } from "./emit-run-event.ts";
import type { RunHead } from "./lock-runs.ts";
import type { NewQuestion } from "./question.ts";
import { runLimits, type WaitRequest } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

type AskingWait = Extract<WaitRequest, { kind: "person" | "resolution" }>;

const choiceCharsMax = 200;

/** The caller holds the run's row at its owner's epoch. */
export async function askQuestion(tx: KernelTransaction, run: RunHead, seq: number, wait: AskingWait): Promise<string> {
  const question: NewQuestion = wait.kind === "person" ? wait.question : { prompt: wait.prompt };
  const kind = wait.kind === "person" ? (question.kind ?? "question") : "resolution";
  const details = { what: "the details of the question", bytesMax: runLimits.inputBytesMax };
  const questionId = createId();
  await tx.query(
    `insert into roost.question (id, run_id, seq, kind, prompt, choices, details, asked_at, expires_at, state)
     values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, roost.now(), $8, 'open')
     on conflict (run_id, seq) do update set
       id = excluded.id, kind = excluded.kind, prompt = excluded.prompt, choices = excluded.choices, details = excluded.details,
       asked_at = excluded.asked_at, expires_at = excluded.expires_at, state = 'open', answer = null, answered_by = null, answered_at = null`,
    [
      questionId,
      run.id,
      seq,
      kind,
      question.prompt,
      question.choices === undefined ? null : toJsonText(question.choices, details),
      question.details === undefined ? null : toJsonText(question.details, details),
      wait.until ?? null,
    ],
  );
  const choices = question.choices?.map((choice) => eventReason(choice).slice(0, choiceCharsMax));
  tx.emit({
    type: "question.asked",
    subject: questionId,
    data: {
      questionId,
      runId: run.id,
      seq,
      prompt: question.prompt,
      jobId: run.jobId ?? undefined,
      agent: run.agent ?? undefined,
      choices,
      expiresAt: wait.until?.toISOString(),
    },
    correlation: run.correlation,
    causation: run.causeId,
    labelSet: run.labels,
  });
  return questionId;
}
