import { loopVersions } from "@roost/agent/journal";
import { endOutdatedRuns, type Kernel, type Loop } from "@roost/kernel";

/** Such runs come with a program that is newer by two versions of the loop, and at no other time. */
const pollMs = 60_000;

/** What a scheduler does for journals, handed to runScheduler. */
export function createJournalLoops(kernel: Kernel): Loop[] {
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
