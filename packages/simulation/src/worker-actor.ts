/** A worker: registers, renews its lease, claims runs, executes several at once, and begins anew when it is told that it is lost. */
import {
  claimRuns,
  isLeaseLost,
  registerWorker,
  type ClaimedRun,
  type Owned,
  type WorkerRegistration,
} from "@roost/kernel";
import { executeRun } from "./execute-run.ts";
import { isUnavailable, type SimulatedProcess } from "./simulated-process.ts";

/** Shorter than a pause, longer than what a few steps of everybody take. */
const leaseMs = 60_000;
const runsMax = 3;

export async function workerActor(process: SimulatedProcess): Promise<void> {
  for (;;) {
    const registration = await process.insist(() =>
      registerWorker(process.kernel, { kind: "worker", host: "simulated", pid: 1, ttlMs: leaseMs }),
    );
    await workAs(process, registration);
    await registration.release().catch(ignoreUnavailable);
  }
}

async function workAs(process: SimulatedProcess, registration: WorkerRegistration): Promise<void> {
  const running = new Map<Owned, Promise<void>>();
  const failures: unknown[] = [];
  while (!registration.lost.aborted) {
    await process.idle();
    if (failures.length > 0) throw failures[0];
    const choice = process.random.below(3);
    try {
      if (choice === 0) {
        const beat = await registration.heartbeat({ running: [...running.keys()] });
        if (beat.lost) return;
      } else if (running.size < runsMax) {
        const { workerId } = registration;
        const runs = await claimRuns(process.kernel, {
          workerId,
          queues: ["default"],
          limit: 1 + process.random.below(2),
        });
        for (const run of runs) start(run);
      }
    } catch (error) {
      if (isLeaseLost(error)) return;
      ignoreUnavailable(error);
    }
  }

  function start(run: ClaimedRun): void {
    const owned = { runId: run.id, epoch: run.epoch };
    const execution = executeRun(process, run)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(owned));
    running.set(owned, execution);
  }
}

function ignoreUnavailable(error: unknown): void {
  if (!isUnavailable(error)) throw error;
}
