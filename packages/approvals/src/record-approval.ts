/** Records an approval when a person is asked: once per approval step, with its notice. */
import { createId } from "@roost/base";
import { clipText } from "@roost/contract/operations";
import { raiseNotice, type Kernel, type KernelTransaction, type Run } from "@roost/kernel";
import { approvalLimits, hashArguments, type ApprovalDetails, type ApprovalQuery } from "./approval.ts";

export interface AskedApproval {
  details: ApprovalDetails;
  expiresAt: Date;
}

export interface AskingStep {
  run: Pick<Run, "id" | "jobId">;
  seq: number;
  /** Its idempotency key. */
  key: string;
}

interface Row {
  id: string;
  expiresAt: Date;
  isNew: boolean;
}

/**
 * Records that a person is asked. A step repeated after a crash finds its approval, and the person is not notified twice. `diff`: what the call would
 * change, as of now.
 */
export async function recordApproval(
  kernel: Kernel,
  step: AskingStep,
  request: ApprovalQuery & { diff: string | null },
): Promise<AskedApproval> {
  const { tool, input, reason, policy, target = null } = request;
  const inputHash = hashArguments(input);
  const { id, expiresAt } = await kernel.transact(async (tx) => {
    const row = await insert(tx, step, { ...request, inputHash });
    if (row.isNew) announce(tx, step, { ...request, inputHash, ...row });
    return row;
  });
  const diff = request.diff === null ? null : clipText(request.diff, approvalLimits.diffCharsMax);
  return { details: { approvalId: id, tool, input, inputHash, reason, policy, target, diff }, expiresAt };
}

/** Invariant: a step asks for one approval, however often it is started. */
async function insert(
  tx: KernelTransaction,
  { run, seq, key }: AskingStep,
  { tool, input, inputHash, policy, reason }: ApprovalQuery & { inputHash: string },
): Promise<Row> {
  const id = createId();
  const [row] = await tx.query<Row>(
    `insert into roost.approval as a (id, step_key, run_id, seq, tool, input, input_hash, policy, reason, state, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'asked', roost.now() + $10 * interval '1 millisecond')
     on conflict (step_key) do update set step_key = excluded.step_key
     returning a.id, a.expires_at as "expiresAt", a.id = $1 as "isNew"`,
    [id, key, run.id, seq, tool, JSON.stringify(input), inputHash, policy, reason, approvalLimits.waitMs],
  );
  return row!;
}

function announce(
  tx: KernelTransaction,
  { run, seq }: AskingStep,
  { id, expiresAt, tool, inputHash, policy, reason }: ApprovalQuery & Row & { inputHash: string },
): void {
  const causation = tx.emit({
    type: "approval.asked",
    subject: id,
    data: { approvalId: id, runId: run.id, seq, tool, inputHash, policy, reason, expiresAt: expiresAt.toISOString() },
  });
  raiseNotice(tx, {
    level: "warning",
    text: `${tool} needs your approval: ${reason}. See roost inbox; answer with roost answer - approve or refuse`,
    source: "approvals",
    runId: run.id,
    jobId: run.jobId ?? undefined,
    causation,
  });
}
