/** What the run knows in whose name an agent calls: what it writes is marked with it, and what it is told marks it. */
import type { Principal } from "@roost/contract";
import { covers, isUntrusted, joinLabels, type Labels } from "@roost/contract/labels";
import type { AgentOf } from "@roost/jobs";
import { getRun, raiseRunLabels, type Kernel } from "@roost/kernel";
import { clearanceOf, viewerOf } from "@roost/memory";

/** The principal of a run's token with what the run knows now and may be told. */
export async function withKnowledge(
  { kernel, agentOf }: { kernel: Kernel; agentOf: AgentOf },
  principal: Principal,
): Promise<Principal> {
  if (principal.run === undefined) return principal;
  const run = await getRun(kernel.database, principal.run.id);
  const labels = await kernel.labelSets.read(kernel.database, run.labels);
  const clearance = clearanceOf(viewerOf(run, await agentOf(run)));
  return { ...principal, run: { ...principal.run, labels, clearance } };
}

/** Whether the person calls, from one of their devices or with the home's token: no program in between. */
export function isPerson({ kind }: Principal): boolean {
  return kind === "owner" || kind === "device";
}

/** Of what a caller writes; undefined: the person's. */
export function writerOf({ run }: Principal): { runId: string | undefined; labels: Labels | undefined } {
  return { runId: run?.id, labels: run?.labels };
}

/** Free text that all callers read in lists, where nothing is marked. */
export function openText({ run }: Principal, text: string | undefined): string | undefined {
  return run?.labels !== undefined && isUntrusted(run.labels) ? undefined : text;
}

/**
 * Those of the rows that a caller may be told. An agent has to be cleared for them, and its run is marked with what it is told.
 * @throws RoostError when the run is not the caller's any more
 */
export async function toldTo<Row>(
  kernel: Kernel,
  { run }: Principal,
  rows: readonly Row[],
  labelsOf: (row: Row) => Labels | Promise<Labels>,
): Promise<Row[]> {
  if (run === undefined) return [...rows];
  const labelled = await Promise.all(rows.map(async (row) => ({ row, labels: await labelsOf(row) })));
  const told = labelled.filter(({ labels }) => covers(run.clearance ?? [], labels));
  const heard = joinLabels(...told.map(({ labels }) => labels));
  await raiseRunLabels(kernel, { runId: run.id, epoch: run.epoch }, heard);
  return told.map(({ row }) => row);
}
