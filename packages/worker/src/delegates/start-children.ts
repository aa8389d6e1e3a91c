/**
 * Starts runs for a run, all of one call or none: bounded in number, depth and family, each with a share of what is left of the caps of the run
 * that starts them. The kernel holds the shares: what a child spends counts against its own cap and against those of all runs above it.
 */
import type { ChildRun } from "@roost/agent";
import { RoostError, type JsonObject } from "@roost/base";
import { isUntrusted, joinLabels, type Labels } from "@roost/contract/labels";
import { createRuns, readFamily, type ClaimedRun, type Kernel, type NewRun, type RunBudget } from "@roost/kernel";

export const childLimits = {
  perCallMax: 8,
  /** Of a child: a run that was not delegated has depth 0. */
  depthMax: 3,
  /** Below the first of the line, at a time and in all. */
  liveMax: 24,
  familyMax: 200,
  minutesMax: 240,
} as const;

/** Of a title or a reason, of the task. */
const shownCharsMax = 120;

export interface Task {
  agent: string;
  task: string;
  /** Its agent's own caps. */
  budget: RunBudget | undefined;
  /** Beside the task. */
  input?: JsonObject | undefined;
  /** Of what the task is made of. Default: those of the run. */
  labels?: Labels | undefined;
}

export interface StartChildren {
  run: ClaimedRun;
  /** The step that starts them. */
  seq: number;
  tasks: readonly Task[];
  /** The part of what is left that all of them may spend together. */
  share: number;
  minutes: number;
  /** Of the run. */
  labels: Labels;
}

/** Those that the same step has started before, whatever became of them. None: it has started nothing. */
export function startedChildren(kernel: Kernel, { runId, seq }: { runId: string; seq: number }): Promise<ChildRun[]> {
  return kernel.database.query<ChildRun>(
    `select id as "runId", coalesce(agent, 'main') as name from roost.run_all where parent_run_id = $1 and parent_seq = $2 order by parent_index`,
    [runId, seq],
  );
}

/** Repeated for the same step it returns the same runs. @throws RoostError `limit_exceeded`, `conflict`: the lease is lost */
export async function startChildren(kernel: Kernel, asked: StartChildren): Promise<ChildRun[]> {
  const { run, tasks } = asked;
  return kernel.transact(async (tx) => {
    const family = await readFamily(tx, run.id);
    if (family === undefined) throw new RoostError("conflict", `run ${run.id} has ended`);
    const { depth, liveCount, runCount, left } = family;
    refuse(
      depth >= childLimits.depthMax,
      `it is at depth ${depth} (limit ${childLimits.depthMax}) and delegates no further`,
    );
    const live = liveCount + tasks.length;
    refuse(live > childLimits.liveMax, `${live} delegated runs would go at once (limit ${childLimits.liveMax})`);
    const all = runCount + tasks.length;
    refuse(all > childLimits.familyMax, `${all} runs would have been delegated (limit ${childLimits.familyMax})`);
    const share = sharesOf(left, asked);
    const created = await createRuns(
      tx,
      tasks.map((task, index) => toRun(asked, { task, index, share })),
    );
    return created.map(({ runId }, index) => ({ runId, name: tasks[index]!.agent }));
  });
}

function refuse(isOver: boolean, message: string): void {
  if (isOver) throw new RoostError("limit_exceeded", `${message}: do the rest yourself, or finish with what there is`);
}

/** Of each child: an equal part of the share. */
function sharesOf(left: RunBudget, { share, tasks }: StartChildren): RunBudget {
  const part = share / tasks.length;
  const { usdMax, tokensMax, callsMax } = left;
  const shares = {
    ...(usdMax !== undefined && { usdMax: usdMax * part }),
    ...(tokensMax !== undefined && { tokensMax: Math.floor(tokensMax * part) }),
    ...(callsMax !== undefined && { callsMax: Math.floor(callsMax * part) }),
  };
  for (const [cap, value] of Object.entries(shares))
    refuse(!(value > 0), `of its own ${cap} nothing is left to share among ${tasks.length}`);
  return shares;
}

function lowerOf(one: RunBudget, other: RunBudget = {}): RunBudget {
  const lower = { ...other, ...one };
  for (const cap of ["usdMax", "tokensMax", "callsMax"] as const) {
    const [a, b] = [one[cap], other[cap]];
    if (a !== undefined && b !== undefined) lower[cap] = Math.min(a, b);
  }
  return lower;
}

function toRun(
  { run, seq, minutes, labels }: StartChildren,
  { task, index, share }: { task: Task; index: number; share: RunBudget },
): NewRun {
  // Lists show reasons where nothing is marked.
  const said = isUntrusted(task.labels ?? labels) ? "a task that rests on content from outside" : oneLine(task.task);
  return {
    // The end of an id is enough to name a run, and lists are narrow.
    reason: `delegated by run ${run.id.slice(-8)}: ${said}`,
    title: task.agent,
    input: { ...task.input, task: task.task },
    ...(task.labels !== undefined && { labels: joinLabels(labels, task.labels) }),
    agent: task.agent,
    sessionKind: "subagent",
    parent: { runId: run.id, epoch: run.epoch, seq, index },
    timeoutMs: minutes * 60_000,
    budget: lowerOf(share, task.budget),
    queue: run.queue,
    causation: run.causeId,
  };
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, " ").slice(0, shownCharsMax).toWellFormed();
}
