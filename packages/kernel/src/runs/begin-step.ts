/**
 * The intent of a step, recorded before it is executed, and what a replay is told instead of executing. Owns the comparison that
 * notices a diverged replay; what an effect class means for an interrupted step is the executor's to apply.
 */
import { RoostError, type JsonValue } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import { inOneTrip, type KernelTransaction } from "../transact.ts";
import { prepareIntent, type StepRequest } from "./prepare-intent.ts";
import { diverge, type Replayed } from "./diverge.ts";
import type { AlongsideOptions } from "./finish-step.ts";
import { prepareOutcome, type FinishedStep } from "./prepare-outcome.ts";
import { refusal } from "./lease-lost.ts";
import { submitMove } from "./submit-move.ts";
import { moveSteps, moveStepsIn, repeated, type Intent, type MovedSteps, type StepMove } from "./move-steps.ts";
import { type Effect, type Owned, type RunError, type Step } from "./run.ts";
import { checkAmounts, type Reservation, type SpendAmounts } from "./spend-answer.ts";

export type BegunStep =
  /** The intent is recorded: execute it. `reservation`: of what it was to reserve. */
  | { state: "begun"; attempt: number; idempotencyKey: string; reservation?: Reservation }
  /** An intent of an earlier owner has no outcome: its effect class decides; then it is begun with `takesOver`, or `finishStep`. */
  | { state: "interrupted"; attempt: number; idempotencyKey: string; effect: Effect; priorStartedAt: Date }
  /** Recorded outcomes: do not execute. */
  | { state: "done"; output: JsonValue }
  | { state: "failed"; error: RunError }
  | { state: "unknown"; error: RunError }
  /** The run is to be cancelled: no new step begins; finish the run as `cancelled`. */
  | { state: "cancel_requested"; reason: string };

export interface BeginOptions extends AlongsideOptions {
  /** Outcomes of earlier steps, recorded in the same transaction: a step costs one commit. */
  finishing?: FinishedStep[];
  /** What an earlier owner left open becomes this owner's, under the same idempotency key. */
  takesOver?: boolean;
  /** Upper bounds of what the step may spend, reserved in the same transaction as reserveSpend does, but without its event. */
  ask?: SpendAmounts | undefined;
}

interface Item extends Replayed, StepMove {
  intent: Intent;
}
/** Another step is recorded at this seq: the run must stop. */
interface Divergence {
  state: "diverged";
  recorded: Step;
}

/**
 * Records the intent of a step before it is executed, or returns what is already recorded.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), or the run has diverged (`isDiverged`): another step is recorded at this seq,
 * and the run was ended as `diverged` with the difference. And as finishStep does; then nothing was recorded.
 */
export async function beginStep(
  kernel: Kernel,
  owned: Owned,
  request: StepRequest,
  { finishing = [], takesOver = false, ask, alongside }: BeginOptions = {},
): Promise<BegunStep> {
  if (ask !== undefined) checkAmounts(ask);
  const intent = { ...prepareIntent(owned, request), takesOver, ask };
  const outcomes = finishing.map((outcome) => prepareOutcome(owned, outcome));
  const item: Item = { owned, request, inputHash: intent.inputHash, finishing: outcomes, intent };
  const begun =
    alongside === undefined
      ? await toBegun(kernel, item, await submitMove(kernel, { step: item }))
      : await beginWith(kernel, item, alongside);
  if (begun.state !== "diverged") return begun;
  throw await kernel.transact((tx) => diverge(tx, begun.recorded, item));
}

/** What was recorded before is not written alongside again: then all of it is taken back, and only the step begins. */
async function beginWith(
  kernel: Kernel,
  item: Item,
  alongside: (tx: KernelTransaction) => Promise<void>,
): Promise<BegunStep | Divergence> {
  const tried = kernel
    .transact(async (tx) => {
      const [, move] = await inOneTrip(alongside(tx), () => moveStepsIn(tx, item));
      if (move.answer === "lost") throw await refusal(tx, item.owned);
      if (!move.isNew) throw repeated;
      return move;
    })
    .catch((error: unknown) => {
      if (error === repeated) return undefined;
      throw error;
    });
  const move = (await tried) ?? (await moveSteps(kernel.database, [item]))[0]!;
  return toBegun(kernel, item, move);
}

async function toBegun(
  kernel: Kernel,
  { owned, request, inputHash }: Item,
  { answer, reason, attempt, idempotencyKey, recorded, reservation }: MovedSteps,
): Promise<BegunStep | Divergence> {
  const reserved = reservation === undefined ? {} : { reservation };
  if (answer === "lost") throw await refusal(kernel.database, owned);
  if (answer === "begun") return { state: "begun", attempt, idempotencyKey, ...reserved };
  if (answer !== "recorded") return { state: "cancel_requested", reason: reason ?? "cancelled" };
  const isSame = recorded.name === request.name && recorded.kind === request.kind && recorded.inputHash === inputHash;
  if (!isSame) return { state: "diverged", recorded };
  const unexplained: RunError = { code: "internal", message: "no error was recorded" };
  switch (recorded.state) {
    case "done":
      return { state: "done", output: recorded.output };
    case "unknown":
      return { state: "unknown", error: recorded.error ?? unexplained };
    case "failed":
      if (recorded.reopened) return { state: "cancel_requested", reason: reason ?? "cancelled" };
      return { state: "failed", error: recorded.error ?? unexplained };
    case "intent":
      // This owner began it and the answer was lost.
      if (recorded.epoch === owned.epoch)
        return { state: "begun", attempt: recorded.attempt, idempotencyKey: recorded.idempotencyKey, ...reserved };
      if (reason !== null) return { state: "cancel_requested", reason };
      return {
        state: "interrupted",
        attempt: recorded.attempt,
        idempotencyKey: recorded.idempotencyKey,
        effect: recorded.effect,
        priorStartedAt: recorded.startedAt,
      };
    case "waiting":
      throw new RoostError("internal", `step ${request.seq} of run ${owned.runId} waits although the run is running`);
  }
}
