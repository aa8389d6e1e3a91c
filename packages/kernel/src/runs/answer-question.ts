/** A person's answer to a question that a run waits for; ends the wait in the same transaction. */
import { RoostError, type JsonValue } from "@roost/base";
import { formatLabels, openLabels } from "@roost/contract/labels";
import type { Kernel } from "../open-kernel.ts";
import { labelSetNumbers } from "../log/label-sets.ts";
import type { KernelTransaction } from "../transact.ts";
import { lockRuns } from "./lock-runs.ts";
import { resumeRuns } from "./resume-runs.ts";
import { questionQuery } from "./run-row.ts";
import type { Question } from "./question.ts";
import { runLimits } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

export interface Answer {
  questionId: string;
  answer: JsonValue;
  by: string;
}

export interface AnswerOptions {
  /** In the transaction before it locks the run: for what locks a job. */
  beforehand?: ((tx: KernelTransaction, question: Question) => Promise<void>) | undefined;
  /** Further writes in the transaction of the first answer. */
  alongside?: ((tx: KernelTransaction, question: Question) => Promise<void>) | undefined;
}

/**
 * Records the answer and lets the run continue. Repeating it changes nothing.
 *
 * @throws RoostError `not_found`; `invalid_input` when it is not one of the choices; `conflict` when the question is no longer open, or asks for
 * the outcome of a step (`resolveStep`)
 */
export async function answerQuestion(kernel: Kernel, answer: Answer, options: AnswerOptions = {}): Promise<Question> {
  return kernel.transact(async (tx) => {
    const asked = await readQuestion(tx, answer.questionId);
    await options.beforehand?.(tx, asked);
    await lockRuns(tx, [asked.runId]);
    const question = await readQuestion(tx, answer.questionId);
    const text = toJsonText(answer.answer, { what: "the answer", bytesMax: runLimits.inputBytesMax });
    if (question.state !== "open") return recogniseRepeat(question, text);
    refuseUnfit(question, answer);
    const rows = await tx.query(
      `update roost.question set state = 'answered', answer = $2::jsonb, answered_by = $3, answered_at = roost.now() where id = $1 and state = 'open' returning 1`,
      [question.id, text, answer.by],
    );
    if (rows.length === 0) throw notOpen(question);
    await options.alongside?.(tx, question);
    const eventId = await emitAnswered(tx, question, answer);
    await resumeRuns(tx, [
      {
        runId: question.runId,
        seq: question.seq,
        reason: `${answer.by} answered its question`,
        causation: eventId,
        result: { kind: "person", answer: answer.answer, by: answer.by, questionId: question.id },
      },
    ]);
    return readQuestion(tx, question.id);
  });
}

async function readQuestion(tx: KernelTransaction, questionId: string): Promise<Question> {
  const [question] = await tx.query<Question>(`${questionQuery} where q.id = $1`, [questionId]);
  if (question === undefined)
    throw new RoostError("not_found", `no question has the id ${questionId}: see roost questions`);
  return question;
}

function recogniseRepeat(question: Question, text: string): Question {
  if (question.state === "answered" && JSON.stringify(question.answer) === JSON.stringify(JSON.parse(text)))
    return question;
  throw notOpen(question);
}

function notOpen(question: Question): RoostError {
  return new RoostError("conflict", `question ${question.id} is ${question.state}: it can no longer be answered`);
}

function refuseUnfit(question: Question, { answer }: Answer): void {
  if (question.kind === "resolution") {
    throw new RoostError(
      "conflict",
      `question ${question.id} asks for the outcome of step ${question.seq} of run ${question.runId}: use roost run resolve`,
    );
  }
  if (question.choices !== null && !question.choices.includes(answer as string)) {
    throw new RoostError(
      "invalid_input",
      `${JSON.stringify(answer)} is not one of the choices of question ${question.id}: ${question.choices.join(", ")}`,
    );
  }
}

/** A person's text, for a run with its own audience. */
async function emitAnswered(tx: KernelTransaction, question: Question, { answer, by }: Answer): Promise<string> {
  const [run] = await tx.query<{ correlation: string; causeId: string; labels: number }>(
    'select correlation, cause_id as "causeId", labels from roost.run where id = $1',
    [question.runId],
  );
  const { audiences } = await tx.readLabels(run?.labels ?? labelSetNumbers.missing);
  return tx.emit({
    type: "question.answered",
    subject: question.id,
    data: {
      questionId: question.id,
      runId: question.runId,
      answer: typeof answer === "string" ? answer : JSON.stringify(answer),
      by,
      jobId: question.jobId ?? undefined,
      agent: question.agent ?? undefined,
    },
    correlation: run?.correlation,
    causation: run?.causeId,
    labels: formatLabels({ ...openLabels, audiences }),
  });
}
