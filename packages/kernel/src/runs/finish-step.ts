/** The outcome of a step, recorded once by the owner of its run, with whatever must commit with it. */
import type { Kernel } from "../open-kernel.ts";
import { inOneTrip, type KernelTransaction } from "../transact.ts";
import { refusal } from "./lease-lost.ts";
import { submitMove } from "./submit-move.ts";
import { moveStepsIn, repeated } from "./move-steps.ts";
import { prepareOutcome, type FinishedStep } from "./prepare-outcome.ts";
import type { Owned } from "./run.ts";

export interface AlongsideOptions {
  /** Further writes in the same transaction, before its own. They are taken back when the outcome was recorded before (a repeat after a lost answer). */
  alongside?: ((tx: KernelTransaction) => Promise<void>) | undefined;
}

/**
 * Records the outcome of a step. A repeat by the same owner after a lost answer is recognized and changes nothing.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), the step was never begun, or it has another outcome
 */
export async function finishStep(
  kernel: Kernel,
  owned: Owned,
  outcome: FinishedStep,
  options: AlongsideOptions = {},
): Promise<{ cancelRequested: boolean }> {
  const item = prepareOutcome(owned, outcome);
  const { alongside } = options;
  if (alongside === undefined) {
    const { answer, reason } = await submitMove(kernel, { step: { owned, finishing: [item] } });
    if (answer === "lost") throw await refusal(kernel.database, owned);
    return { cancelRequested: reason !== null };
  }
  return kernel
    .transact(async (tx) => {
      const [, held] = await inOneTrip(alongside(tx), () => moveStepsIn(tx, { owned, finishing: [item] }));
      if (held.answer === "lost") throw await refusal(tx, owned);
      if (!held.isNew) throw repeated;
      return { cancelRequested: held.reason !== null };
    })
    .catch((error: unknown) => {
      if (error === repeated) return finishStep(kernel, owned, outcome);
      throw error;
    });
}
