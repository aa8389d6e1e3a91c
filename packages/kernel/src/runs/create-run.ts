/**
 * Runs are created in the transaction of their cause: a tick, a message, a step of a parent. Owns the insertion, the serial key and what is
 * inherited; not the execution.
 */
import { createId, RoostError } from "@roost/base";
import { joinLabels } from "@roost/contract/labels";
import type { KernelTransaction } from "../transact.ts";
import { releaseLimitedRuns, upsertStartLimits } from "./start-limits.ts";
import { emitRunEvent, eventReason } from "./emit-run-event.ts";
import { leaseLost } from "./lease-lost.ts";
import { firstLabels } from "./first-labels.ts";
import { insertRuns, type Parent, type RunDraft } from "./insert-runs.ts";
import { promoteSerialKeys } from "./promote-serial-keys.ts";
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
  const freeSerialKeys = await takePlaces(tx, fresh);
  const states = await insertRuns(tx, fresh);
  const startLimits = await upsertStartLimits(
    tx,
    fresh.map((draft) => draft.request),
  );
  for (const id of await enterSerialKeys(tx, fresh, freeSerialKeys)) if (states.has(id)) states.set(id, "ready");
  for (const id of await releaseLimitedRuns(tx, startLimits)) if (states.has(id)) states.set(id, "ready");
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

function stepKey(run: NewRun): string {
  return run.parent === undefined ? "" : `${run.parent.runId}:${run.parent.seq}`;
}

/** Children that the same steps started in an earlier attempt. Those of a live run never move to history. */
async function findStartedBefore(tx: KernelTransaction, runs: NewRun[]): Promise<Map<string, CreatedRun>> {
  const parents = runs.flatMap((run) => (run.parent === undefined ? [] : [run.parent]));
  if (parents.length === 0) return new Map();
  const rows = await tx.query<{ id: string; state: RunState; parentRunId: string; parentSeq: number }>(
    `select r.id, r.state, r.parent_run_id as "parentRunId", r.parent_seq as "parentSeq"
     from roost.run r join unnest($1::uuid[], $2::integer[]) as p(id, seq) on r.parent_run_id = p.id and r.parent_seq = p.seq`,
    [parents.map((parent) => parent.runId), parents.map((parent) => parent.seq)],
  );
  return new Map(rows.map((row) => [`${row.parentRunId}:${row.parentSeq}`, { runId: row.id, state: row.state }]));
}

async function toDraft(tx: KernelTransaction, request: NewRun, parents: Map<string, Parent>): Promise<RunDraft> {
  const parent = request.parent === undefined ? undefined : parents.get(request.parent.runId);
  const id = request.id ?? createId();
  return {
    id,
    request,
    parent,
    eventId: createId(),
    serialSeq: null,
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

/** Gives each run its place with its serial key, in input order, and returns the free serial keys. The serial key rows stay locked. */
async function takePlaces(tx: KernelTransaction, drafts: RunDraft[]): Promise<Set<string>> {
  const bySerialKey = Map.groupBy(
    drafts.filter((draft) => draft.request.serialKey !== undefined),
    (draft) => draft.request.serialKey!,
  );
  if (bySerialKey.size === 0) return new Set();
  const serialKeys = [...bySerialKey.keys()];
  const rows = await tx.query<{ name: string; nextSeq: number; holder: string | null }>(
    `insert into roost.serial_key as l (name, next_seq, priority_lent)
     select i.name, i.count, i.priority from unnest($1::text[], $2::bigint[], $3::integer[]) as i(name, count, priority) order by i.name
     on conflict (name) do update
       set next_seq = l.next_seq + excluded.next_seq, priority_lent = greatest(l.priority_lent, excluded.priority_lent)
     returning l.name, l.next_seq as "nextSeq", l.holder`,
    [
      serialKeys,
      serialKeys.map((serialKey) => bySerialKey.get(serialKey)!.length),
      serialKeys.map((serialKey) => Math.max(...bySerialKey.get(serialKey)!.map((draft) => draft.priority))),
    ],
    { name: "roost_serial_key_take_places" },
  );
  for (const row of rows) {
    const members = bySerialKey.get(row.name)!;
    members.forEach((draft, index) => {
      draft.serialSeq = row.nextSeq - members.length + index;
    });
  }
  return new Set(rows.filter((row) => row.holder === null).map((row) => row.name));
}

/** Promotes free serial keys, and lends the priority of waiting runs to holders. Returns the runs that became ready. */
async function enterSerialKeys(
  tx: KernelTransaction,
  drafts: RunDraft[],
  freeSerialKeys: Set<string>,
): Promise<string[]> {
  const serialKeys = [
    ...new Set(drafts.flatMap((draft) => (draft.request.serialKey === undefined ? [] : [draft.request.serialKey]))),
  ];
  if (serialKeys.length === 0) return [];
  const promoted = await promoteSerialKeys(
    tx,
    serialKeys.filter((serialKey) => freeSerialKeys.has(serialKey)),
    [],
  );
  const held = serialKeys.filter((serialKey) => !freeSerialKeys.has(serialKey));
  if (held.length > 0) {
    // Against priority inversion. A locked holder is being claimed or ended and needs no help.
    await tx.query(
      `update roost.run r set priority = b.priority_lent
       from (select h.id, l.priority_lent from roost.serial_key l join roost.run h on h.id = l.holder
             where l.name = any($1::text[]) and h.state in ('ready', 'waiting') and h.priority < l.priority_lent
             for no key update of h skip locked) as b
       where r.id = b.id`,
      [held],
    );
  }
  return promoted;
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
      ...optional("agentVersion", draft.agentVersion ?? undefined),
      ...optional("tickKey", request.job?.tickKey),
      ...optional("scheduledAt", request.job?.scheduledAt?.toISOString()),
      ...optional("lateMs", request.job?.lateMs),
      ...optional("missedCount", request.job?.missedCount),
      ...(request.isRehearsed === true ? { isRehearsed: true } : {}),
    },
    { id: draft.eventId },
  );
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [name in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [name in Key]?: Value };
}
