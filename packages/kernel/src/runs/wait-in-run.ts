import type { Kernel } from '../open-kernel.ts';
import type { Owned, WaitRequest, WaitResult } from './run.ts';

export interface WaitStep {
  seq: number;
  /** Name of the step; an intent begun at this seq becomes the waiting step. Not needed then, nor for a `resolution`. */
  name?: string;
  wait: WaitRequest;
  /** Whether other runs of the lane may go meanwhile. Default: `hold` for time and child, `release` otherwise. */
  lane?: 'hold' | 'release';
}

export type WaitOutcome =
  /** The run is given back: its owner stops. When the wait ends, the step is done with the result and the run is ready. */
  | { state: 'waiting'; questionId?: string }
  /** It was satisfied already; the run goes on. */
  | { state: 'done'; result: WaitResult }
  /** Its end had been asked for: the run is cancelled and given back. */
  | { state: 'cancelled' };

export declare function waitInRun(kernel: Kernel, owned: Owned, step: WaitStep): Promise<WaitOutcome>;
