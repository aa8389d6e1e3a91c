import { loopVersions } from "@roost/agent/journal";
import { expireApprovals } from "@roost/approvals";
import { endOutdatedRuns, type Kernel, type SchedulerLoop } from "@roost/kernel";

/** Outdated runs appear only after an update by two loop versions, approvals expire after days. */
const pollMs = 60_000;

/** A scheduler's loops for journals, for runScheduler. */
export function createJournalLoops(kernel: Kernel): SchedulerLoop[] {
  const oldest = loopVersions[0] ?? 1;
  return [
    {
      name: "journals",
      channels: () => [],
      pollMs,
      look: async () => ({ isMore: (await endOutdatedRuns(kernel, { oldest })) + (await expireApprovals(kernel)) > 0 }),
    },
  ];
}
