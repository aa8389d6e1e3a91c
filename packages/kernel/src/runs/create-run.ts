import type { KernelTransaction } from '../transact.ts';
import type { NewRun, RunState } from './run.ts';

export interface CreatedRun {
  runId: string;
  /** Of a run that the same step of the parent had started before: its state now. */
  state: RunState;
}

/** Records a run in the transaction of its cause and emits run.created. */
export declare function createRun(tx: KernelTransaction, run: NewRun): Promise<CreatedRun>;

/** Several at once; results in the order of the input. Prefer it to a loop: lanes are locked in one order. */
export declare function createRuns(tx: KernelTransaction, runs: NewRun[]): Promise<CreatedRun[]>;
