import { missingLabels, type Labels } from "@roost/contract/labels";
import { getRun } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { readOutput, type RunOutput } from "./digest-item.ts";

export interface RunResult extends RunOutput {
  /** Of what it says. */
  labels: Labels;
}

/** What a run said at its end; nothing when it was dropped from history. */
export async function readRunResult({ kernel }: Memory, runId: string): Promise<RunResult> {
  try {
    const { output, labels } = await getRun(kernel.database, runId);
    return { ...readOutput(output), labels: await kernel.labelSets.read(kernel.database, labels) };
  } catch {
    return { ...readOutput(undefined), labels: missingLabels };
  }
}
