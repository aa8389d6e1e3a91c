import type { Kernel } from '../open-kernel.ts';
import type { ClaimedRun } from './run.ts';

/**
 * Takes up to `limit` ready runs for a registered worker, queues in the order given, within a queue by priority, then age.
 *
 * @throws RoostError `conflict` (`isLeaseLost`) when the worker is not registered any more
 */
export declare function claimRuns(kernel: Kernel, claim: { workerId: string; queues: string[]; limit: number }): Promise<ClaimedRun[]>;
