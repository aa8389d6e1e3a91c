/**
 * Runs are created in the transaction of their cause: a tick, a message, a step of a parent. Owns the insertion, the serial key and what is
 * inherited; not the execution.
 */
import { createId, RoostError } from "@roost/base";
import { joinLabels } from "@roost/contract/labels";
import type { KernelTransaction } from "../transact.ts";
import { emitRunEvent, eventReason } from "./emit-run-event.ts";
import { leaseLost } from "./lease-lost.ts";
import { firstLabels } from "./first-labels.ts";
import { insertRuns, type Parent, type RunDraft } from "./insert-runs.ts";
import { checkNewRun } from "./check-new-run.ts";
import { runLimits, type NewRun, type RunState } from "./run.ts";

export interface CreatedRun {
  runId: string;
  /** For a run that the same step of the parent had already started: its current state. */
  state: RunState;
}

/** Creates a run in the transaction of its cause and emits run.created. */
export async function createRun(tx: KernelTransaction, run: NewRun): Promise<CreatedRun> {
  const [created] = await createRuns(tx, [run]);
  return created!;
}

/**
 * Several at once; results in the order of the input. Prefer it to a loop: serial keys are locked in one order. A transaction that also ends or
 * cancels runs does that first: runs are locked before serial keys.
 *
 * @throws RoostError `invalid_input` for a malformed run, `limit_exceeded` for too deep a chain or too large an input, `conflict` (`isLeaseLost`)
 * when the parent is no longer owned or the id exists
 */
export async function createRuns(tx: KernelTransaction, runs: NewRun[]): Promise<CreatedRun[]> {
  if (runs.length > runLimits.createMax) {
    throw new RoostError(
      "limit_exceeded",
      `${runs.length} runs at once (limit ${runLimits.createMax}): create them in several transactions`,
    );
  }
  for (const run of runs) checkNewRun(run);
  const parents = await lockParents(tx, runs);
  const startedBefore = await findStartedBefore(tx, runs);
  const drafts = await Promise.all(runs.map((run) => toDraft(tx, run, parents)));
  const fresh = drafts.filter((draft) => !startedBefore.has(stepKey(draft.request)));
  const states = await insertRuns(tx, fresh);
  for (const draft of fresh) emitCreated(tx, draft, states.get(draft.id)!);
  return drafts.map(
    (draft) => startedBefore.get(stepKey(draft.request)) ?? { runId: draft.id, state: states.get(draft.id)! },
  );
}

/** Only the current owner of a run starts children: its row is the fence, held until the child exists. */
async function lockParents(tx: KernelTransaction, runs: NewRun[]): Promise<Map<string, Parent>> {
  const owned = runs.flatMap((run) => (run.parent === undefined ? [] : [run.parent]));
  if (owned.length === 0) return new Map();
  const rows = await tx.query<Parent>(
    `select id, epoch, state, depth, priority, correlation, traceparent, is_rehearsed as "isRehearsed", labels
     from roost.run where id = any($1::uuid[]) order by depth, id for no key update`,
    [owned.map((parent) => parent.runId)],
  );
  const parents = new Map(rows.map((row) => [row.id, row]));
  for (const parent of owned) {
    const row = parents.get(parent.runId);
    if (row === undefined || row.epoch !== parent.epoch || row.state !== "running") throw leaseLost(parent, row);
    if (row.depth >= runLimits.depthMax) {
      throw new RoostError(
        "limit_exceeded",
        `run ${parent.runId} is at depth ${row.depth} (limit ${runLimits.depthMax}): it cannot start further runs`,
      );
    }
  }
  return parents;
}

function stepKey({ parent }: NewRun): string {
  return parent === undefined ? "" : childKey(parent);
}

function childKey({ runId, seq, index }: { runId: string; seq: number; index?: number | null }): string {
  return `${runId}:${seq}:${index ?? ""}`;
}

/** Children that the same steps started in an earlier attempt. Those of a live run never move to history. */
async function findStartedBefore(tx: KernelTransaction, runs: NewRun[]): Promise<Map<string, CreatedRun>> {
  const parents = runs.flatMap((run) => (run.parent === undefined ? [] : [run.parent]));
  if (parents.length === 0) return new Map();
  const rows = await tx.query<{ id: string; state: RunState; runId: string; seq: number; index: number | null }>(
    `select r.id, r.state, r.parent_run_id as "runId", r.parent_seq as seq, r.parent_index as index
     from roost.run r join (select distinct * from unnest($1::uuid[], $2::integer[])) as p(id, seq) on r.parent_run_id = p.id and r.parent_seq = p.seq`,
    [parents.map((parent) => parent.runId), parents.map((parent) => parent.seq)],
  );
  return new Map(rows.map((row) => [childKey(row), { runId: row.id, state: row.state }]));
}

async function toDraft(tx: KernelTransaction, request: NewRun, parents: Map<string, Parent>): Promise<RunDraft> {
  const parent = request.parent === undefined ? undefined : parents.get(request.parent.runId);
  const id = request.id ?? createId();
  return {
    id,
    request,
    parent,
    eventId: createId(),
    agentVersion: null,
    priority: request.priority ?? parent?.priority ?? 0,
    correlation: request.correlation ?? parent?.correlation ?? id,
    labels: await labelSetOf(tx, request, parent),
  };
}

async function labelSetOf(tx: KernelTransaction, request: NewRun, parent: Parent | undefined): Promise<number> {
  if (request.labelSet !== undefined) return request.labelSet;
  if (request.labels === undefined && parent !== undefined) return parent.labels;
  const first = firstLabels(request);
  return tx.labelSet(request.labels === undefined ? first : joinLabels(first, request.labels));
}

function emitCreated(tx: KernelTransaction, draft: RunDraft, state: RunState): void {
  const { request, parent } = draft;
  const run = {
    id: draft.id,
    agent: request.agent ?? null,
    sessionKey: request.sessionKey ?? null,
    sessionKind: request.sessionKind ?? null,
    jobId: request.job?.id ?? null,
    parentRunId: parent?.id ?? null,
    correlation: draft.correlation,
    causeId: request.causation ?? null,
    labels: draft.labels,
    traceparent: request.traceparent ?? parent?.traceparent ?? null,
  };
  emitRunEvent(
    tx,
    "run.created",
    run,
    {
      state: state === "ready" || state === "queued" ? state : "waiting",
      queue: request.queue ?? "default",
      reason: eventReason(request.reason),
      agentVersion: draft.agentVersion ?? undefined,
      tickKey: request.job?.tickKey,
      scheduledAt: request.job?.scheduledAt?.toISOString(),
      lateMs: request.job?.lateMs,
      missedCount: request.job?.missedCount,
      isRehearsed: request.isRehearsed === true ? true : undefined,
    },
    { id: draft.eventId },
  );
}
