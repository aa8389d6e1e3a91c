// Connects the agent's reservation hook to the kernel's budgets: reserves before each model call and remembers the usage, so that the step's
// outcome settles it. A further attempt of a call (another provider) first settles the previous one and reserves again, so that a cap holds between
// attempts too. One ledger per claimed run.

import type { ReserveSpend } from "@roost/agent";
import { reserveSpend, settleSpend, type Kernel, type Owned, type Reservation, type SpendAmounts } from "@roost/kernel";

export interface StepSpend {
  /** Null: no price is known, so nothing was reserved and nothing is counted. */
  usd: number | null;
  /** As reported, or an upper estimate where the provider told nothing. */
  inputTokens: number;
  outputTokens: number;
}

export interface SpendLedger {
  reserve: ReserveSpend;
  /** Unsettled usage of this step: its last attempt. */
  spentBy(seq: number): StepSpend | undefined;
}

export function tokensOf({ inputTokens, outputTokens }: StepSpend): number {
  return inputTokens + outputTokens;
}

/** A step that is being executed. */
export interface SpendingStep {
  seq: number;
  /** Begins it together with the reservation; undefined: it has begun already. */
  begin(ask: SpendAmounts): Promise<Reservation | undefined>;
}

/** `stepOf` gives a step that is being executed by its name. */
export function createSpendLedger(kernel: Kernel, owned: Owned, stepOf: (step: string) => SpendingStep): SpendLedger {
  const spent = new Map<number, StepSpend>();
  return {
    spentBy: (seq) => spent.get(seq),
    reserve: async (request) => {
      const { seq, begin } = stepOf(request.step);
      const earlier = spent.get(seq);
      if (earlier !== undefined) {
        await settleSpend(kernel, owned, { seq, usd: earlier.usd ?? 0, tokens: tokensOf(earlier) });
        spent.delete(seq);
      }
      const ask = { usd: request.costUsd ?? 0, tokens: request.inputTokens + request.outputTokens };
      const begun = await begin(ask);
      // A refusal is asked for again by itself, which records it.
      const reservation = begun?.granted === true ? begun : await reserveSpend(kernel, owned, { seq, ...ask });
      if (!reservation.granted) {
        const { scope, window, unit, max } = reservation.cap;
        return { state: "refused", cap: `${scope} ${window} ${max} ${unit}`, message: reservation.message };
      }
      return {
        state: "granted",
        settle: async (actual) => {
          const { costUsd, inputTokens, outputTokens } = actual;
          spent.set(seq, { usd: costUsd, inputTokens, outputTokens });
        },
      };
    },
  };
}
