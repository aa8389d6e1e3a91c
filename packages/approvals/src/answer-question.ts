/** The answer to a question, with the decision of an approval. Asking is the kernel's, using an approval is redeem-approval.ts. */
import {
  answerQuestion as answerInKernel,
  raiseNotice,
  type Kernel,
  type KernelTransaction,
  type Question,
} from "@roost/kernel";
import { approvalShown, readChoice } from "./approval.ts";
import { grantCalls } from "./grants.ts";

type Answer = Parameters<typeof answerInKernel>[1];

interface JobOfRun {
  jobId: string;
  version: number;
}

interface AnswerOptions {
  /** Further writes in the transaction. */
  alongside?: ((tx: KernelTransaction) => Promise<void>) | undefined;
  /**
   * Whether the job's current version does what this one does; keeps the job as it is until the transaction ends. Left out: no answer gives a grant
   * for a job.
   */
  doesAsNow?: ((tx: KernelTransaction, job: JobOfRun) => Promise<boolean>) | undefined;
}

/**
 * The person's answer to a question, and for an approval also the decision, in one transaction: the first answer counts, repeating it changes
 * nothing. A grant for a job is given only while the job does what it did when the run that asks began: the person has seen no other.
 * @throws RoostError as the kernel's answerQuestion
 */
export async function answerQuestion(
  kernel: Kernel,
  answer: Answer,
  { alongside, doesAsNow }: AnswerOptions = {},
): Promise<Question> {
  let isOfJobNow = false;
  return answerInKernel(kernel, answer, {
    async beforehand(tx, { runId }) {
      if (readChoice(answer.answer)?.scope !== "job") return;
      const job = await jobOfRun(tx, runId);
      isOfJobNow = job !== undefined && (await doesAsNow?.(tx, job)) === true;
    },
    async alongside(tx, question) {
      await decide(tx, question, { ...answer, isOfJobNow });
      await alongside?.(tx);
    },
  });
}

async function jobOfRun(tx: KernelTransaction, runId: string): Promise<JobOfRun | undefined> {
  const [job] = await tx.query<JobOfRun>(
    `select job_id as "jobId", job_version as version from roost.run_all
     where id = $1 and job_id is not null and job_version is not null`,
    [runId],
  );
  return job;
}

async function decide(
  tx: KernelTransaction,
  question: Question,
  { answer, by, isOfJobNow }: Answer & { isOfJobNow: boolean },
): Promise<void> {
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
  if (choice?.scope === undefined || shown.target === null) return;
  if (choice.scope === "job" && !isOfJobNow) tellOnce(tx, question, shown.tool);
  else await grantCalls(tx, { scope: choice.scope, target: shown.target, tool: shown.tool, runId: row.runId, by });
}

/** What the job does now the person was not shown. */
function tellOnce(tx: KernelTransaction, { runId, jobId }: Question, tool: string): void {
  raiseNotice(tx, {
    level: "warning",
    text: `${tool} is approved for this one call, not for the job ${jobId}: the job has changed since this run began. Its next run asks again`,
    source: "approvals",
    runId,
    jobId: jobId ?? undefined,
  });
}
