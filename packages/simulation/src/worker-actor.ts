/** A worker: registers, renews its lease, claims runs, executes several at once, and begins anew when it is told that it is lost. */
import {
  claimRuns,
  isLeaseLost,
  registerWorker,
  type ClaimedRun,
  type Owned,
  type WorkerRegistration,
} from "@roost/kernel";
import { silentLogger } from "@roost/base";
import { openTelemetry, type Telemetry } from "@roost/telemetry";
import { RunCancelled } from "@roost/worker";
import { executeScript } from "./execute-script.ts";
import { isUnavailable, type SimulatedProcess } from "./simulated-process.ts";

/** Shorter than a pause, longer than a few steps of every process. */
const leaseMs = 60_000;
const runsMax = 3;

export async function workerActor(process: SimulatedProcess): Promise<void> {
  await using telemetry = await openTelemetry({ serviceName: "simulation", logger: silentLogger });
  for (;;) {
    const registration = await process.insist(() =>
      registerWorker(process.kernel, { kind: "worker", host: "simulated", pid: 1, ttlMs: leaseMs }),
    );
    await workAs(process, registration, telemetry);
    await registration.release().catch(ignoreUnavailable);
  }
}

interface Running {
  owned: Owned;
  stop: AbortController;
}

async function workAs(
  process: SimulatedProcess,
  registration: WorkerRegistration,
  telemetry: Telemetry,
): Promise<void> {
  const running = new Set<Running>();
  const failures: unknown[] = [];
  let isStuck = false;
  while (!registration.lost.aborted && !isStuck) {
    await process.idle();
    if (failures.length > 0) throw failures[0];
    const choice = process.random.below(3);
    try {
      if (choice === 0) {
        const beat = await registration.heartbeat({ running: [...running].map(({ owned }) => owned) });
        if (beat.lost) return;
        abort(beat.cancelled, new RunCancelled());
        abort(beat.lostRuns, new Error("The run belongs to another worker"));
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

  function abort(runIds: readonly string[], reason: Error): void {
    for (const { owned, stop } of running) if (runIds.includes(owned.runId)) stop.abort(reason);
  }

  function start(run: ClaimedRun): void {
    const one: Running = { owned: { runId: run.id, epoch: run.epoch }, stop: new AbortController() };
    running.add(one);
    void executeScript(process, run, { telemetry, signal: one.stop.signal })
      // Leaving gives back what could not be recorded.
      .then(({ isRecorded }) => (isStuck ||= !isRecorded))
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(one));
  }
}

function ignoreUnavailable(error: unknown): void {
  if (!isUnavailable(error)) throw error;
}
