/** The answer to a question, with the decision of an approval. Asking is the kernel's, using an approval is redeem-approval.ts. */
import { answerQuestion as answerInKernel, type Kernel, type KernelTransaction, type Question } from "@roost/kernel";
import { approvalShown, readChoice } from "./approval.ts";
import { grantCalls } from "./grants.ts";

type Answer = Parameters<typeof answerInKernel>[1];

/**
 * The person's answer to a question, and for an approval also the decision, in one transaction: the first answer counts, repeating it changes
 * nothing.
 *
 * `alongside` are further writes in it.
 * @throws RoostError as the kernel's answerQuestion
 */
export async function answerQuestion(
  kernel: Kernel,
  answer: Answer,
  { alongside }: { alongside?: ((tx: KernelTransaction) => Promise<void>) | undefined } = {},
): Promise<Question> {
  return answerInKernel(kernel, answer, {
    async alongside(tx, question) {
      await decide(tx, question, answer);
      await alongside?.(tx);
    },
  });
}

async function decide(tx: KernelTransaction, question: Question, { answer, by }: Answer): Promise<void> {
  const shown = question.kind === "approval" ? approvalShown(question.details) : undefined;
  if (shown === undefined) return;
  const choice = readChoice(answer);
  const state = choice === undefined ? "refused" : "granted";
  // Invariant: exactly what was shown is decided, once.
  const rows = await tx.query<{ runId: string; seq: number }>(
    `update roost.approval set state = $3, question_id = $4, decided_by = $5, decided_at = roost.now()
     where id = $1 and input_hash = $2 and state = 'asked' and expires_at > roost.now() returning run_id as "runId", seq`,
    [shown.approvalId, shown.inputHash, state, question.id, by],
  );
  const [row] = rows;
  if (row === undefined) return;
  tx.emit({
    type: `approval.${state}`,
    subject: shown.approvalId,
    data: {
      approvalId: shown.approvalId,
      ...row,
      tool: shown.tool,
      inputHash: shown.inputHash,
      questionId: question.id,
      by,
    },
  });
  if (choice?.scope !== undefined && shown.target !== null)
    await grantCalls(tx, { scope: choice.scope, target: shown.target, tool: shown.tool, runId: row.runId, by });
}
