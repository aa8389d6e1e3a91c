import type { Kernel } from "../open-kernel.ts";
import type { NewWorker } from "./register-worker.ts";

export interface WorkerRow {
  id: string;
  kind: NewWorker["kind"];
  host: string;
  pid: number;
  startedAt: Date;
  seenAt: Date;
  expiresAt: Date;
  /** What it offers to runs. */
  capabilities: string[];
  queues: string[];
  version: string;
  /** How far its machine's clock was ahead of the database's at its last heartbeat. */
  skewMs: number;
  /** It takes nothing new. */
  isDraining: boolean;
  /** Runs it is executing. */
  runCount: number;
}

const workersMax = 500;

/** Registered processes, oldest first; a dead one is listed until it is reaped. */
export async function listWorkers(kernel: Kernel): Promise<WorkerRow[]> {
  return kernel.database.query<WorkerRow>(
    `select w.id, w.kind, w.host, w.pid, w.started_at as "startedAt", w.seen_at as "seenAt", w.expires_at as "expiresAt", w.capabilities, w.queues,
       w.version, w.skew_ms as "skewMs", w.is_draining as "isDraining",
       (select count(*) from roost.run r where r.worker_id = w.id and r.state = 'running') as "runCount"
     from roost.worker w order by w.started_at, w.id limit $1`,
    [workersMax],
  );
}
