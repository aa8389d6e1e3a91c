// Joins the agent's reservation hook to the kernel's budgets: reserve before each model call, remember what was used, so
// that the outcome of the step settles it. A further attempt of the same call (another provider) settles the one before it
// first and reserves anew, so that a cap holds between attempts too. One ledger per claimed run.

import type { ReserveSpend } from "@roost/agent";
import { reserveSpend, settleSpend, type Kernel, type Owned } from "@roost/kernel";

export interface StepSpend {
  usd: number;
  tokens: number;
}

export interface SpendLedger {
  reserve: ReserveSpend;
  /** What this step has used and nobody has settled yet: its last attempt. */
  spentBy(seq: number): StepSpend | undefined;
}

/** `seqOf` gives the sequence number of a step that is being executed, by its name. */
export function createSpendLedger(kernel: Kernel, owned: Owned, seqOf: (step: string) => number): SpendLedger {
  const spent = new Map<number, StepSpend>();
  return {
    spentBy: (seq) => spent.get(seq),
    reserve: async (request) => {
      const seq = seqOf(request.step);
      const earlier = spent.get(seq);
      if (earlier !== undefined) {
        await settleSpend(kernel, owned, { seq, ...earlier });
        spent.delete(seq);
      }
      const reservation = await reserveSpend(kernel, owned, {
        seq,
        usd: request.costUsd ?? 0,
        tokens: request.inputTokens + request.outputTokens,
      });
      if (!reservation.granted) {
        const { scope, window, unit, max } = reservation.cap;
        return { state: "refused", cap: `${scope} ${window} ${max} ${unit}`, message: reservation.message };
      }
      return {
        state: "granted",
        settle: async (actual) => {
          spent.set(seq, { usd: actual.costUsd ?? 0, tokens: actual.inputTokens + actual.outputTokens });
        },
      };
    },
  };
}
