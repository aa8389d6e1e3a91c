import { createJobLoops, createStalledJobLoop } from "@roost/jobs";
import { createUnplacedLoop, type Kernel, type SchedulerLoop } from "@roost/kernel";
import { createJournalLoops } from "./journals/create-journal-loops.ts";

/** What every scheduler of a home does beside the kernel's own loops, for runScheduler: it takes nothing but the database. */
export function createHomeLoops(kernel: Kernel): SchedulerLoop[] {
  return [
    ...createJobLoops(kernel),
    createStalledJobLoop(kernel),
    createUnplacedLoop(kernel),
    ...createJournalLoops(kernel),
  ];
}
