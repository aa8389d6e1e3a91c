import { loopVersions } from "@roost/agent/journal";
import { endOutdatedRuns, type Kernel, type SchedulerLoop } from "@roost/kernel";

/** Such runs appear only after an update by two loop versions. */
const pollMs = 60_000;

/** A scheduler's loops for journals, for runScheduler. */
export function createJournalLoops(kernel: Kernel): SchedulerLoop[] {
  const oldest = loopVersions[0] ?? 1;
  return [
    {
      name: "outdated journals",
      channels: () => [],
      pollMs,
      look: async () => ({ isMore: (await endOutdatedRuns(kernel, { oldest })) > 0 }),
    },
  ];
}
