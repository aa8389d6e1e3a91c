import type { JsonValue } from '@roost/base';
import type { Kernel } from '../open-kernel.ts';
import type { KernelTransaction } from '../transact.ts';
import type { Owned, RunError } from './run.ts';

export interface StepOutcome {
  seq: number;
  state: 'done' | 'failed' | 'unknown';
  output?: JsonValue;
  error?: RunError;
  /** What the provider reported, e.g. { inputTokens, outputTokens }. */
  usage?: JsonValue;
  costUsd?: number;
  /** Counted against budgets; settles this step's reservation. Default: all that was reserved for the step. */
  tokens?: number;
}

export interface AlongsideOptions {
  /** Further writes in the same transaction. Not called when the outcome was recorded before (a repeat after a lost answer). */
  alongside?: (tx: KernelTransaction) => Promise<void>;
}

/**
 * Records the outcome of a step. A repeat by the same owner after a lost answer is recognised and changes nothing.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), or the step ended differently before
 */
export declare function finishStep(kernel: Kernel, owned: Owned, outcome: StepOutcome, options?: AlongsideOptions): Promise<{ cancelRequested: boolean }>;
