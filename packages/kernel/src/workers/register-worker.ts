import type { JsonObject } from '@roost/base';
import type { Kernel } from '../open-kernel.ts';
import type { Owned } from '../runs/run.ts';

export interface WorkerRegistration extends AsyncDisposable {
  workerId: string;
  /** Aborted when the connection that proves this process alive is gone, or the worker was declared dead: stop all work, register anew. */
  lost: AbortSignal;
  /** Renews the lease. `lostRuns`: of the runs named, those that belong to another by now; abort them. */
  heartbeat(options?: { running?: Owned[] }): Promise<{ cancelled: string[]; lostRuns: string[]; lost: boolean }>;
  /** Gives back runs that are still owned (ready again at once, no stall counted) and leaves. */
  release(): Promise<void>;
}

export interface NewWorker {
  kind: 'worker' | 'scheduler';
  host: string;
  pid: number;
  details?: JsonObject;
  /** Without a heartbeat for this long the worker counts as hung. Default 15,000. */
  ttlMs?: number;
}

export declare function registerWorker(kernel: Kernel, worker: NewWorker): Promise<WorkerRegistration>;
