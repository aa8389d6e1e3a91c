import { areSameLabels, joinLabels, missingLabels, type Labels } from "@roost/contract/labels";
import type { Kernel } from "../open-kernel.ts";
import { refusal } from "./lease-lost.ts";
import { readFence } from "./list-runs.ts";
import type { Owned } from "./run.ts";

/** What a run knows, as far as it is recorded. One that is not there any more counts as missing labels. */
export async function readRunLabels({ database, labelSets }: Kernel, runId: string): Promise<Labels> {
  const run = await readFence(database, runId);
  return run === undefined ? missingLabels : labelSets.read(database, run.labels);
}

/**
 * Marks a run with what it is told outside its steps, by a call in its name; its step runner takes it up with the step that made the call.
 * @throws as every write of a run does whose owner has been replaced
 */
export async function raiseRunLabels(kernel: Kernel, { runId, epoch }: Owned, heard: Labels): Promise<void> {
  await kernel.transact(async (tx) => {
    const [run] = await tx.query<{ labels: number }>(
      "select labels from roost.run where id = $1 and epoch = $2 and state = 'running' for update",
      [runId, epoch],
      { name: "roost_run_labels" },
    );
    if (run === undefined) throw await refusal(tx, { runId, epoch });
    const known = await tx.readLabels(run.labels);
    const labels = joinLabels(known, heard);
    if (areSameLabels(labels, known)) return;
    await tx.query("update roost.run set labels = $3 where id = $1 and epoch = $2", [
      runId,
      epoch,
      await tx.labelSet(labels),
    ]);
  });
}
