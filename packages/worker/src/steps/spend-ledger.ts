// Joins the agent's reservation hook to the kernel's budgets: reserve before each model call, remember what was used, so
// that the outcome of the step settles it. One ledger per claimed run.

import type { ReserveSpend } from "@roost/agent";
import { reserveSpend, type Kernel, type Owned } from "@roost/kernel";

export interface StepSpend {
  usd: number;
  tokens: number;
}

export interface SpendLedger {
  reserve: ReserveSpend;
  /** What the attempts of this step have used so far. */
  spentBy(seq: number): StepSpend | undefined;
}

/** `seqOf` gives the sequence number of a step that is being executed, by its name. */
export function createSpendLedger(kernel: Kernel, owned: Owned, seqOf: (step: string) => number): SpendLedger {
  const spent = new Map<number, StepSpend>();
  return {
    spentBy: (seq) => spent.get(seq),
    reserve: async (request) => {
      const seq = seqOf(request.step);
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
          const before = spent.get(seq) ?? { usd: 0, tokens: 0 };
          spent.set(seq, {
            usd: before.usd + (actual.costUsd ?? 0),
            tokens: before.tokens + actual.inputTokens + actual.outputTokens,
          });
        },
      };
    },
  };
}
