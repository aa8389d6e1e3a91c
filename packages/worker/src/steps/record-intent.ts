// The intent of a step of the worker: recorded before it is executed, or with what is recorded anyway. Owns what the parts of a step share.

import { RoostError } from "@roost/base";
import {
  beginStep,
  type BegunStep,
  type ClaimedRun,
  type Kernel,
  type KernelTransaction,
  type Owned,
  type SpendAmounts,
  type StepRequest,
} from "@roost/kernel";
import type { Telemetry } from "@roost/telemetry";
import type { RunMark } from "./run-mark.ts";
import { RunInterruption } from "./run-interruption.ts";
import type { SpendLedger } from "./spend-ledger.ts";
import type { Pause, UnrecordedOutcomes } from "./unrecorded-outcomes.ts";

export interface DurableStepsOptions {
  kernel: Kernel;
  run: ClaimedRun;
  signal: AbortSignal;
  telemetry: Telemetry;
  /** What happens when an effect's outcome is unknown: the agent is told, or the run waits until a person has said. */
  onUnknown: "tell" | "wait";
  /** How time is let pass. Default: `delay`. */
  pause?: Pause;
  /** Further writes in the transaction that records a step as done, such as a digest's cursor. */
  alongside?: (step: string) => ((tx: KernelTransaction) => Promise<void>) | undefined;
}

/** What the parts of a step share. */
export interface StepContext {
  options: DurableStepsOptions;
  owned: Owned;
  pause: Pause;
  spend: SpendLedger;
  unrecorded: UnrecordedOutcomes;
  mark: RunMark;
}

/** A step on its way. */
export interface Executing {
  seq: number;
  asked: StepRequest;
  /** What an earlier owner left open is this owner's. */
  takesOver: boolean;
  /** Whether its intent is. */
  isRecorded: boolean;
  startedMs: number;
  attempt: number;
  idempotencyKey: string;
}

/** Records the intent, with what is held and what the step asks for. */
export async function recordIntent(context: StepContext, of: Executing, ask?: SpendAmounts): Promise<BegunStep> {
  const { asked, takesOver } = of;
  const begun = await context.unrecorded.recordWith((held) =>
    beginStep(context.options.kernel, context.owned, asked, { ...held, takesOver, ask }),
  );
  of.isRecorded = true;
  if (begun.state === "cancel_requested") throw new RunInterruption("cancelled", begun.reason);
  return begun;
}

/** An intent that was put off: no other was recorded. */
export async function beginPutOff(
  context: StepContext,
  of: Executing,
  ask?: SpendAmounts,
): Promise<Extract<BegunStep, { state: "begun" }>> {
  const begun = await recordIntent(context, of, ask);
  if (begun.state !== "begun") throw unexpected(of, begun);
  return begun;
}

export function unexpected({ asked }: Executing, { state }: BegunStep): RoostError {
  return new RoostError("internal", `Step ${asked.name} is ${state}, and neither begun nor has an outcome`);
}
