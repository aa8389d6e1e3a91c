import { listLocks, type Kernel } from "@roost/kernel";

const locksMax = 500;

/** Names of the locks that runs hold, by run. */
export async function readLocksOfRuns(kernel: Kernel): Promise<Map<string, string[]>> {
  const { locks } = await listLocks(kernel, { limit: locksMax });
  const names = new Map<string, string[]>();
  for (const { runId, name } of locks) if (runId !== null) names.set(runId, [...(names.get(runId) ?? []), name]);
  return names;
}
