import type { Kernel } from "../open-kernel.ts";
import { reportUnplacedRuns } from "../runs/unplaced-runs.ts";
import type { SchedulerLoop } from "./run-loop.ts";

const pollMs = 15_000;

/** Tells of runs that no live worker may take. One process of a home is enough for it. */
export function createUnplacedLoop(kernel: Kernel): SchedulerLoop {
  return {
    name: "runs without a worker",
    channels: () => [],
    pollMs,
    look: async () => ({ isMore: (await reportUnplacedRuns(kernel)) > 0 }),
  };
}
