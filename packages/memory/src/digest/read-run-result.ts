import { getRun } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { readOutput, type RunResult } from "./digest-item.ts";

/** What a run said at its end; nothing when it was dropped from history. */
export async function readRunResult(memory: Memory, runId: string): Promise<RunResult> {
  try {
    return readOutput((await getRun(memory.kernel.database, runId)).output);
  } catch {
    return readOutput(undefined);
  }
}
