/** The use of an approval by the one call that it was given for. */
import type { JsonValue } from "@roost/base";
import type { Kernel } from "@roost/kernel";
import { approvalLimits, hashArguments } from "./approval.ts";

export interface Redemption {
  /** The question that was answered. */
  questionId: string;
  tool: string;
  /** The arguments of the call. */
  input: JsonValue;
  /** The idempotency key of the call. */
  usedBy: string;
}

interface Used {
  id: string;
  runId: string;
  seq: number;
  inputHash: string;
  isFirst: boolean;
}

/**
 * Uses the approval for this call. Repeated for the same call after a crash, it is granted again. Refused: other arguments, another call, an
 * approval that was refused, never given, or not used within a day.
 */
export async function redeemApproval(
  kernel: Kernel,
  redemption: Redemption,
): Promise<{ state: "granted" } | { state: "refused"; reason: string }> {
  const { questionId, tool, input, usedBy } = redemption;
  return kernel.transact(async (tx) => {
    // Invariant: an approval is used by one call, with the approved tool and arguments, before it expires.
    const [used] = await tx.query<Used>(
      `update roost.approval a set state = 'used', used_by = $4, used_at = coalesce(a.used_at, roost.now())
       from (select id, state from roost.approval where question_id = $1 for no key update) as b
       where a.id = b.id and a.tool = $2 and a.input_hash = $3
         and (b.state = 'granted' and a.decided_at > roost.now() - $5 * interval '1 millisecond' or b.state = 'used' and a.used_by = $4)
       returning a.id, a.run_id as "runId", a.seq, a.input_hash as "inputHash", b.state = 'granted' as "isFirst"`,
      [questionId, tool, hashArguments(input), usedBy, approvalLimits.useMs],
    );
    if (used === undefined)
      return {
        state: "refused",
        reason:
          "no approval of this very call is left: it was for other arguments, is used already, or is too old. Call it again to ask anew",
      };
    const { id, isFirst, ...facts } = used;
    if (isFirst) {
      tx.emit({
        type: "approval.used",
        subject: id,
        data: { approvalId: id, ...facts, tool, questionId, usedBy },
      });
    }
    return { state: "granted" };
  });
}
