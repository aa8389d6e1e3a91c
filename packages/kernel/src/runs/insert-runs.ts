/** The rows of new runs, written in one statement: what each column begins as. */
import type { KernelTransaction } from "../transact.ts";
import { gatesOf } from "./admit-runs.ts";
import { retryPolicy } from "./check-new-run.ts";
import { runLimits, type NewRun, type RunState } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

/** What a child takes from the run that starts it. */
export interface Parent {
  id: string;
  epoch: number;
  state: RunState;
  depth: number;
  priority: number;
  correlation: string;
  traceparent: string | null;
  rehearsal: boolean;
  labels: number;
}

/** A run with everything that is decided about it before it is written. */
export interface RunDraft {
  id: string;
  request: NewRun;
  parent: Parent | undefined;
  eventId: string;
  laneSeq: number | null;
  /** Set by insertRuns: the version that its agent has now. */
  agentVersion: number | null;
  priority: number;
  correlation: string;
  labels: number;
}

/** Invariant: a run of a lane begins in the queue of the lane and leaves it by promotion alone; one with a gate waits at it (a trigger sees to that). */
const insertStatement = `
  with i as (
    select d.*, coalesce(d.start_at > roost.now(), false) as is_later
    from rows from (
      jsonb_to_recordset($1::jsonb) as (
        id uuid, queue text, handler text, priority integer, start_at timestamptz, lane text, lane_seq bigint, agent text, session_key text,
        session_kind text, job_id text, job_version integer, tick_key text, scheduled_at timestamptz, late_ms bigint, missed_count integer,
        parent_run_id uuid, parent_seq integer, depth integer, title text, reason text, attempts_max integer, retry jsonb, timeout_ms bigint,
        budget jsonb, rehearsal boolean, correlation text, causation text, traceparent text, event_id text, postconditions jsonb, slot text, rate text, labels integer),
      unnest($2::jsonb[])
    ) as d (
      id, queue, handler, priority, start_at, lane, lane_seq, agent, session_key,
      session_kind, job_id, job_version, tick_key, scheduled_at, late_ms, missed_count,
      parent_run_id, parent_seq, depth, title, reason, attempts_max, retry, timeout_ms,
      budget, rehearsal, correlation, causation, traceparent, event_id, postconditions, slot, rate, labels, input)
  )
  insert into roost.run (
    id, queue, handler, state, priority, ready_at, wake_at, waiting_for, epoch, lane, lane_seq, lane_held, agent, session_key, session_kind,
    job_id, job_version, tick_key, scheduled_at, late_ms, missed_count, parent_run_id, parent_seq, depth, title, reason, input,
    attempt, attempts_max, retry, stall_count, timeout_ms, budget, usd_spent, tokens_spent, usd_reserved, tokens_reserved, call_count,
    reservation_count, rehearsal, correlation, causation, traceparent, cause_id, created_at, postconditions, slot, rate, labels, agent_version)
  select
    id, queue, handler, case when is_later then 'waiting' when lane is not null then 'queued' else 'ready' end, priority,
    case when not is_later and lane is null then roost.now() end, case when is_later then start_at end, case when is_later then 'start' end,
    0, lane, lane_seq, false, agent, session_key, session_kind,
    job_id, job_version, tick_key, scheduled_at, late_ms, missed_count, parent_run_id, parent_seq, depth, title, reason, input,
    1, attempts_max, retry, 0, timeout_ms, budget, 0, 0, 0, 0, 0,
    0, rehearsal, correlation, causation, traceparent, event_id, roost.now(), postconditions, slot, rate, labels,
    (select a.version from roost.agent a where a.id = coalesce(i.agent, 'main') and a.state = 'active')
  from i
  returning id, state, agent_version as "agentVersion"`;

/** Returns their states; those of a lane are queued until their lane is given to them. */
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
    if (draft.request.lane === undefined && draft.request.concurrency === undefined)
      tx.wake(`runs:${draft.request.queue ?? "default"}`);
  }
  return new Map(rows.map((row) => [row.id, row.state]));
}

function toRecord(draft: RunDraft): Record<string, unknown> {
  const { request, parent } = draft;
  const { attemptsMax, ...retry } = retryPolicy(request);
  return {
    id: draft.id,
    queue: request.queue ?? "default",
    handler: request.handler ?? "agent",
    priority: draft.priority,
    start_at: request.startAt,
    lane: request.lane,
    lane_seq: draft.laneSeq,
    agent: request.agent,
    session_key: request.sessionKey,
    session_kind: request.sessionKind,
    job_id: request.job?.id,
    job_version: request.job?.version,
    tick_key: request.job?.tickKey,
    scheduled_at: request.job?.scheduledAt,
    late_ms: request.job?.lateMs,
    missed_count: request.job?.missedCount,
    parent_run_id: parent?.id,
    parent_seq: request.parent?.seq,
    depth: parent === undefined ? 0 : parent.depth + 1,
    title: request.title,
    reason: request.reason,
    attempts_max: attemptsMax,
    retry: { attemptsMax, ...retry },
    timeout_ms: request.timeoutMs,
    budget: request.budget ?? {},
    rehearsal: request.rehearsal ?? parent?.rehearsal ?? false,
    correlation: draft.correlation,
    causation: request.causation,
    traceparent: request.traceparent ?? parent?.traceparent,
    event_id: draft.eventId,
    postconditions: request.postconditions,
    labels: draft.labels,
    ...gatesOf(request),
  };
}
