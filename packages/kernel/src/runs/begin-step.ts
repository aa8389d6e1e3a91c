import type { JsonValue } from '@roost/base';
import type { Kernel } from '../open-kernel.ts';
import type { Effect, Owned, RunError } from './run.ts';

export interface StepRequest {
  /** Its place in the run, from 1, the same in every replay. */
  seq: number;
  name: string;
  kind: string;
  effect: Effect;
  input?: JsonValue;
}

export type BegunStep =
  /** The intent is recorded: execute it. */
  | { state: 'begun'; attempt: number; idempotencyKey: string }
  /** An intent of an earlier owner has no outcome: its effect class decides; then `restartStep` or `finishStep`. */
  | { state: 'interrupted'; attempt: number; idempotencyKey: string; effect: Effect; priorStartedAt: Date }
  /** Recorded outcomes: do not execute. */
  | { state: 'done'; output: JsonValue }
  | { state: 'failed'; error: RunError }
  | { state: 'unknown'; error: RunError }
  /** Somebody asked for the run's end: no new step begins; finish the run as `cancelled`. */
  | { state: 'cancel_requested'; reason: string };

/**
 * Records the intent of a step before it is executed, or returns what is recorded already.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), or the run has diverged (`isDiverged`): another step is
 * recorded at this seq; the run was ended as `diverged` with the difference
 */
export declare function beginStep(kernel: Kernel, owned: Owned, step: StepRequest): Promise<BegunStep>;

/** Takes over an interrupted step under the same idempotency key. */
export declare function restartStep(kernel: Kernel, owned: Owned, step: { seq: number }): Promise<{ attempt: number; idempotencyKey: string }>;
