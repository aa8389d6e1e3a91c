/**
 * Roost under the workload "steps": callers that create a run and wait for its end, the worker as it is, each step an intent and an
 * outcome. A step that may run again promises what the steps of others do; what must not run again is recorded before and after it.
 */
import { silentLogger } from "@roost/base";
import {
  beginStep,
  createRun,
  finishRun,
  finishStep,
  type ClaimedRun,
  type Claimer,
  type Effect,
  type Kernel,
  type FinishedStep,
} from "@roost/kernel";
import { runWorker } from "@roost/worker";
import { openRoost } from "./open-roost.ts";
import type { PeerSetup, WorkloadParameters, WorkloadResult } from "./peer.ts";
import { timeCalls } from "./time-jobs.ts";

const handler = "steps";

export async function measureRoostSteps(
  setup: PeerSetup,
  effect: Effect,
  parameters: WorkloadParameters,
): Promise<WorkloadResult> {
  const { steps, concurrency, count } = parameters as { steps: number; concurrency: number; count: number };
  await using opened = await openRoost(setup);
  const { kernel } = opened;
  const ends = new Map<string, () => void>();
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const running = runWorker({
    kernel,
    handlers: {
      [handler]: async (run, { claimer }) => {
        await goThrough(kernel, run, { steps, effect, claimer });
        ends.get(run.id)?.();
        ends.delete(run.id);
      },
    },
    logger: silentLogger,
    signal: stop.signal,
    concurrencyMax: concurrency,
    pid: process.pid,
    onReady: () => ready.resolve(),
  });
  await ready.promise;
  try {
    return await timeCalls({
      concurrency,
      count,
      call: async () => {
        const id = kernel.createId();
        const ended = new Promise<void>((resolve) => ends.set(id, resolve));
        await kernel.transact((tx) => createRun(tx, { id, reason: "a benchmark", handler, input: {} }));
        await ended;
      },
    });
  } finally {
    stop.abort();
    await running;
  }
}

async function goThrough(
  kernel: Kernel,
  run: ClaimedRun,
  { steps, effect, claimer }: { steps: number; effect: Effect; claimer: Claimer | undefined },
): Promise<void> {
  const owned = { runId: run.id, epoch: run.epoch };
  let finishing: FinishedStep[] = [];
  for (let seq = 1; seq <= steps; seq += 1) {
    const step = { seq, name: `step ${seq}`, kind: "tool", effect, input: { seq } };
    await beginStep(kernel, owned, step, { finishing });
    const outcome: FinishedStep = { seq, state: "done", output: { seq } };
    // As the worker does: what may run again is recorded with the next intent, or with the end.
    if (effect === "unsafe") await finishStep(kernel, owned, outcome);
    else finishing = [outcome];
  }
  await finishRun(kernel, owned, { state: "done", output: "done" }, { finishing, claimer });
}
