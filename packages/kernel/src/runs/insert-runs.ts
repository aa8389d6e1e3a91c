/** Inserts the rows of new runs in one statement: the initial value of each column. */
import type { KernelTransaction } from "../transact.ts";
import { keyHashOf } from "../log/murmur2.ts";
import { startLimitsOf } from "./start-limits.ts";
import { retryPolicy } from "./check-new-run.ts";
import { runLimits, type NewRun, type RunBudget, type RunState } from "./run.ts";
import { insertedColumns, insertedFields, insertedValues, type RunInsert } from "./run-table.ts";
import { toJsonText } from "./to-json-text.ts";

/** What a child inherits from the run that starts it. */
export interface Parent {
  id: string;
  epoch: number;
  state: RunState;
  depth: number;
  priority: number;
  correlation: string;
  traceparent: string | null;
  isRehearsed: boolean;
  labels: number;
}

/** A run with everything decided about it before it is written. */
export interface RunDraft {
  id: string;
  request: NewRun;
  parent: Parent | undefined;
  eventId: string;
  serialSeq: number | null;
  /** Set by insertRuns: its agent's current version. */
  agentVersion: number | null;
  priority: number;
  correlation: string;
  labels: number;
}

/**
 * Invariant: a run with a serial key starts in the key's queue and leaves it by promotion only; one with a start limit waits at it until it is let
 * through.
 */
const insertStatement = `
  with i as (
    select d.*, coalesce(d."startAt" > roost.now(), false) as is_later, d.slot is not null or d.rate is not null as has_start_limit
    from rows from (jsonb_to_recordset($1::jsonb) as (${insertedFields}, "ownBudget" jsonb), unnest($2::jsonb[])) as d
  )
  insert into roost.run (
    ${insertedColumns}, input, state, ready_at, wake_at, waiting_for, epoch, holds_serial_key, attempt, stall_count,
    cost_usd, tokens, usd_reserved, tokens_reserved, call_count, reservation_count, created_at, agent_version, budget)
  select
    ${insertedValues}, i.unnest,
    case when is_later then 'waiting' when "serialKey" is not null then 'queued' when has_start_limit then 'waiting' else 'ready' end,
    case when not is_later and "serialKey" is null and not has_start_limit then roost.now() end,
    case when is_later then "startAt" end,
    case when is_later then 'start' when "serialKey" is not null then null when slot is not null then 'slot' when rate is not null then 'rate' end,
    0, false, 1, 0, 0, 0, 0, 0, 0, 0, roost.now(), agent_now, coalesce("ownBudget", agent_budget, '{}')
  from i left join (select id as agent_id, version as agent_now, definition -> 'budget' as agent_budget from roost.agent where state = 'active') as a
    on agent_id = coalesce(i.agent, 'main')
  returning id, state, agent_version as "agentVersion"`;

/** Returns their states; those with a serial key are queued until they get it. */
export async function insertRuns(tx: KernelTransaction, drafts: RunDraft[]): Promise<Map<string, RunState>> {
  if (drafts.length === 0) return new Map();
  const rows = await tx.query<{ id: string; state: RunState; agentVersion: number | null }>(
    insertStatement,
    [
      toJsonText(drafts.map(toRecord), { what: "the definitions of the runs", bytesMax: Number.MAX_SAFE_INTEGER }),
      drafts.map((draft) =>
        toJsonText(draft.request.input, { what: `the input of run ${draft.id}`, bytesMax: runLimits.inputBytesMax }),
      ),
    ],
    { name: "roost_run_insert" },
  );
  const versions = new Map(rows.map((row) => [row.id, row.agentVersion]));
  for (const draft of drafts) {
    draft.agentVersion = versions.get(draft.id) ?? null;
    if (draft.request.startAt !== undefined) tx.wake("due");
    if (draft.request.serialKey === undefined && draft.request.concurrency === undefined)
      tx.wake(`runs:${draft.request.queue ?? "default"}`);
  }
  return new Map(rows.map((row) => [row.id, row.state]));
}

/** Without its own budget a run has its agent's. */
function toRecord(draft: RunDraft): RunInsert & { ownBudget: RunBudget | null } {
  const { request, parent } = draft;
  const { attemptsMax, ...retry } = retryPolicy(request);
  const { slot, rate } = startLimitsOf(request);
  return {
    id: draft.id,
    keyHash: keyHashOf(draft.id),
    queue: request.queue ?? "default",
    handler: request.handler ?? "agent",
    priority: draft.priority,
    startAt: request.startAt,
    serialKey: request.serialKey ?? null,
    serialSeq: draft.serialSeq,
    agent: request.agent ?? null,
    sessionKey: request.sessionKey ?? null,
    sessionKind: request.sessionKind ?? null,
    jobId: request.job?.id ?? null,
    jobVersion: request.job?.version ?? null,
    tickKey: request.job?.tickKey ?? null,
    scheduledAt: request.job?.scheduledAt ?? null,
    lateMs: request.job?.lateMs ?? null,
    missedCount: request.job?.missedCount ?? null,
    parentRunId: parent?.id ?? null,
    parentSeq: request.parent?.seq ?? null,
    depth: parent === undefined ? 0 : parent.depth + 1,
    title: request.title ?? null,
    reason: request.reason,
    attemptsMax,
    retry: { attemptsMax, ...retry },
    timeoutMs: request.timeoutMs ?? null,
    ownBudget: request.budget ?? null,
    isRehearsed: request.isRehearsed ?? parent?.isRehearsed ?? false,
    correlation: draft.correlation,
    causation: request.causation ?? null,
    traceparent: request.traceparent ?? parent?.traceparent ?? null,
    causeId: draft.eventId,
    postconditions: request.postconditions ?? null,
    labels: draft.labels,
    slot: slot ?? null,
    rate: rate ?? null,
    needs: request.needs ?? null,
    ...request.continues,
  };
}
