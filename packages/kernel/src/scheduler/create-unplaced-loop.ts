import type { Kernel } from "../open-kernel.ts";
import { reportUnplacedRuns } from "../runs/unplaced-runs.ts";
import { reportOtherVersions } from "../workers/drained-hosts.ts";
import type { SchedulerLoop } from "./run-loop.ts";

const pollMs = 15_000;

/** Tells of runs that no live worker may take, and of workers that are drained for their version. One process of a home is enough for it. */
export function createUnplacedLoop(kernel: Kernel): SchedulerLoop {
  return {
    name: "runs without a worker",
    channels: () => [],
    pollMs,
    look: async () => {
      const told = [await reportOtherVersions(kernel), await reportUnplacedRuns(kernel)];
      return { isMore: told.some((count) => count > 0) };
    },
  };
}
