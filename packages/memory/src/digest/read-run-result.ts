import { missingLabels, type Labels } from "@roost/contract/labels";
import { getRun } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { readOutput, type RunOutput } from "./digest-item.ts";

export interface RunResult extends RunOutput {
  /** Labels of the text. */
  labels: Labels;
}

/** What a run said at its end; undefined when the run was deleted. */
export async function readRunResult({ kernel }: Memory, runId: string): Promise<RunResult> {
  try {
    const { output, labels } = await getRun(kernel.database, runId);
    return { ...readOutput(output), labels: await kernel.labelSets.read(kernel.database, labels) };
  } catch {
    return { ...readOutput(undefined), labels: missingLabels };
  }
}
