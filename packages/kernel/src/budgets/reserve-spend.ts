import type { Kernel } from '../open-kernel.ts';
import type { Owned } from '../runs/run.ts';
import type { Reservation } from './budget.ts';

/**
 * Reserves the upper bound of a call against every cap it falls under (run and its parents, job, agent, all), or refuses and names the cap.
 * A second call for the same seq replaces nothing: it returns the open reservation. `finishStep` of that seq settles it.
 */
export declare function reserveSpend(kernel: Kernel, owned: Owned, ask: { seq: number; usd: number; tokens: number }): Promise<Reservation>;
