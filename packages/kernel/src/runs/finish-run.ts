import type { JsonValue } from '@roost/base';
import type { Kernel } from '../open-kernel.ts';
import type { AlongsideOptions } from './finish-step.ts';
import type { Owned, RunError, RunState } from './run.ts';

export interface RunOutcome {
  state: 'done' | 'failed' | 'cancelled';
  output?: JsonValue;
  /** `retryable: false` ends the run even when attempts are left. */
  error?: RunError;
  /** A retry does not start before this moment. */
  retryAt?: Date;
}

/**
 * Ends the run, or, failed with attempts left, lets it wait for its next attempt. Returns the state it came to.
 * A repeat by the same owner after a lost answer is recognised and changes nothing.
 */
export declare function finishRun(kernel: Kernel, owned: Owned, outcome: RunOutcome, options?: AlongsideOptions): Promise<{ state: RunState }>;
