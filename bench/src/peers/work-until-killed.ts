/** Roost under the workload "recovery": a worker whose run never ends, beside a scheduler where it is the second. */
import { silentLogger } from "@roost/base";
import { createJobLoops } from "@roost/jobs";
import { createRun, runScheduler } from "@roost/kernel";
import { runWorker } from "@roost/worker";
import { openRoost } from "./open-roost.ts";
import type { PeerSetup, WorkloadParameters, WorkloadResult } from "./peer.ts";

export async function workUntilKilled(
  setup: PeerSetup,
  parameters: WorkloadParameters,
  report: (event: string) => void,
): Promise<WorkloadResult> {
  const opened = await openRoost(setup);
  const { kernel } = opened;
  const never = new AbortController().signal;
  const ready = Promise.withResolvers<void>();
  const ended = runWorker({
    kernel,
    handlers: {
      hang: async () => {
        report("began");
        await new Promise(() => undefined);
      },
    },
    logger: silentLogger,
    signal: never,
    pid: process.pid,
    onReady: () => ready.resolve(),
  });
  await ready.promise;
  report("ready");
  if (parameters["role"] === "first")
    await kernel.transact((tx) => createRun(tx, { reason: "a benchmark", handler: "hang", input: {} }));
  else
    await Promise.all([
      runScheduler(kernel, { loops: createJobLoops(kernel), signal: never, host: "bench", pid: process.pid }),
      ended,
    ]);
  await ended;
  return {};
}
