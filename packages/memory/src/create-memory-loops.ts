import type { SchedulerLoop } from "@roost/kernel";
import type { Memory } from "./memory.ts";
import { createConsolidationLoop } from "./nightly/create-consolidation-loop.ts";
import { createSourceLoop } from "./facts/sweep-sources.ts";
import { createLargeFileLoop } from "./files/keep-large-files.ts";
import { createNightlyLoop } from "./nightly/create-nightly-loop.ts";
import { createPartLoop } from "./parts/drop-parts.ts";
import { createEmbeddingLoop } from "./recall/embed-lines.ts";
import { createStaleLineLoop } from "./recall/find-stale-lines.ts";
import { createRecallLoop } from "./recall/refresh-recall.ts";

/** What a scheduler does for a home's memory, as far as its settings want it. `signal`: of its end. */
export function createMemoryLoops(memory: Memory, { signal }: { signal: AbortSignal }): SchedulerLoop[] {
  return [
    createPartLoop(memory),
    createLargeFileLoop(memory, { signal }),
    createSourceLoop(memory),
    createRecallLoop(memory),
    createStaleLineLoop(memory),
    createEmbeddingLoop(memory),
    createNightlyLoop(memory),
    createConsolidationLoop(memory),
  ].filter((loop) => loop !== undefined);
}
