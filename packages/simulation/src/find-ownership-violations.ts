/** Promise: one owner. Epochs only grow, and a write was accepted only while its epoch was the run's. */
import type { Sql } from "@roost/database";
import { isTerminal, type RunState } from "@roost/kernel";
import type { AcceptedWrite, History } from "./history.ts";

interface Change {
  runId: string;
  epoch: number;
  state: RunState;
  transaction: number | null;
}

/** A change of a run, at the step in which its transaction was committed. */
interface Moment extends Change {
  step: number;
}

export async function findOwnershipViolations(sql: Sql, history: History): Promise<string[]> {
  const changes = await sql.query<Change>(
    `select run_id as "runId", epoch, state, transaction from roost.simulated_ownership order by place`,
  );
  const moments = changes.map((change): Moment => ({
    ...change,
    step: history.commits.get(change.transaction ?? -1) ?? -1,
  }));
  const byRun = Map.groupBy(moments, (moment) => moment.runId);
  return [
    ...[...byRun.values()].flatMap(findBackwardSteps),
    ...history.accepted.flatMap((write) => judge(write, byRun.get(write.owned.runId) ?? [], history)),
  ];
}

function findBackwardSteps(moments: Moment[]): string[] {
  return moments.flatMap((moment, index) => {
    const before = moments[index - 1];
    if (before === undefined) return [];
    if (moment.epoch < before.epoch)
      return [`the epoch of run ${moment.runId} fell from ${before.epoch} to ${moment.epoch}`];
    if (isTerminal(before.state))
      return [`run ${moment.runId} had ended as ${before.state} and became ${moment.state}`];
    if (moment.state === "running" && before.state !== "running" && isUsed(moments.slice(0, index), moment.epoch))
      return [
        `run ${moment.runId} was claimed a second time at epoch ${moment.epoch}: its owners cannot be told apart`,
      ];
    const isTaken = moment.state === "running" && before.state === "running" && moment.epoch !== before.epoch;
    return isTaken ? [`run ${moment.runId} passed from owner to owner without being given back`] : [];
  });
}

function isUsed(earlier: Moment[], epoch: number): boolean {
  return earlier.some((moment) => moment.state === "running" && moment.epoch === epoch);
}

/** The run's epoch when the write was committed is the writer's; also when it only repeats what it had done before. */
function judge({ owned, what, transaction }: AcceptedWrite, moments: Moment[], history: History): string[] {
  const step = history.commits.get(transaction);
  if (step === undefined) return [`${what} was accepted without a commit`];
  // In the order of their commits: each change locks the run's row.
  const before = moments.findLast((moment) => moment.step < step);
  if (before === undefined || before.epoch === owned.epoch) return [];
  return [
    `a zombie's ${what} of run ${owned.runId} at epoch ${owned.epoch} was accepted while the run was at ${before.epoch}`,
  ];
}
