/** The one way a waiting run goes on: a wait that ended, a moment that came. The caller has locked the runs. */
import { createId } from "@roost/base";
import type { KernelTransaction } from "../transact.ts";
import { admitRuns } from "./admit-runs.ts";
import { emitRunEvent, emitStepEvent, type EventRun, type EventStep } from "./emit-run-event.ts";
import { promoteLanes } from "./promote-lanes.ts";
import { runLimits, type RunState, type WaitResult } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

export interface Resumption {
  runId: string;
  /** Of a declared wait: the step that becomes done with the result. */
  seq?: number;
  result?: WaitResult;
  reason: string;
  /** The event that ended the wait. */
  causation?: string;
}

type ResumedRow = EventRun & {
  state: RunState;
  queue: string;
  lane: string | null;
  slot: string | null;
  rate: string | null;
};

/** Returns the runs that went on: those that waited no more are left as they are. */
export async function resumeRuns(tx: KernelTransaction, resumptions: Resumption[]): Promise<string[]> {
  if (resumptions.length === 0) return [];
  const items = resumptions.map((resumption) => ({ ...resumption, eventId: createId() }));
  // Invariant: only a waiting run goes on, and it goes on in its lane: with the lane still held it is ready, else it queues again at its old place. At its gate, if it has one, it waits once more.
  const rows = await tx.query<ResumedRow>(
    `update roost.run r set
       state = case when r.lane is null or r.lane_held then 'ready' else 'queued' end,
       ready_at = roost.now(), wake_at = null, waiting_for = null, cause_id = i.event_id,
       deadline_at = coalesce(r.deadline_at, roost.now() + r.deadline_left_ms * interval '1 millisecond'), deadline_left_ms = null
     from unnest($1::uuid[], $2::text[]) as i(id, event_id)
     where r.id = any($1::uuid[]) and r.id = i.id and r.state = 'waiting'
     returning r.id, r.state, r.queue, r.lane, r.agent, r.session_key as "sessionKey", r.session_kind as "sessionKind", r.job_id as "jobId",
       r.parent_run_id as "parentRunId", r.correlation, r.traceparent, r.cause_id as "causeId", r.labels, r.slot, r.rate`,
    [items.map((item) => item.runId), items.map((item) => item.eventId)],
  );
  const resumed = new Map(rows.map((row) => [row.id, row]));
  const waits = items.filter((item) => item.seq !== undefined && resumed.has(item.runId));
  const steps = await finishWaits(tx, waits);
  for (const item of items) {
    const run = resumed.get(item.runId);
    if (run === undefined) continue;
    const causation = item.causation === undefined ? {} : { causation: item.causation };
    emitRunEvent(
      tx,
      "run.resumed",
      run,
      { ...(item.seq === undefined ? {} : { seq: item.seq }), reason: item.reason },
      { id: item.eventId, ...causation },
    );
    const step = steps.get(item.runId);
    if (step !== undefined) emitStepEvent(tx, "step.done", run, step, { durationMs: step.durationMs });
    if (run.state === "ready") tx.wake(`runs:${run.queue}`);
  }
  await promoteLanes(
    tx,
    rows.flatMap((row) => (row.state === "queued" && row.lane !== null ? [row.lane] : [])),
    [],
  );
  await admitRuns(
    tx,
    rows.flatMap((row) => (row.state === "waiting" ? [row.slot, row.rate] : [])),
  );
  return [...resumed.keys()];
}

/** Records the results: in the wait, and as the outcome of the step that waited. */
async function finishWaits(
  tx: KernelTransaction,
  waits: { runId: string; seq?: number; result?: WaitResult }[],
): Promise<Map<string, EventStep & { durationMs: number }>> {
  if (waits.length === 0) return new Map();
  const values = [
    waits.map((wait) => wait.runId),
    waits.map((wait) => wait.seq),
    waits.map((wait) =>
      toJsonText(wait.result, { what: "the result of a wait", bytesMax: runLimits.stepOutputBytesMax }),
    ),
  ];
  await tx.query(
    `update roost.wait w set resolved_at = roost.now(), result = i.result
     from unnest($1::uuid[], $2::integer[], $3::jsonb[]) as i(run_id, seq, result)
     where w.run_id = i.run_id and w.seq = i.seq and w.resolved_at is null`,
    values,
  );
  // A step that waits for a resolution is `unknown` and is changed by whoever resolves it, not here.
  const rows = await tx.query<EventStep & { runId: string; durationMs: number }>(
    `update roost.step s set state = 'done', output = i.result, ended_at = roost.now()
     from unnest($1::uuid[], $2::integer[], $3::jsonb[]) as i(run_id, seq, result)
     where s.run_id = i.run_id and s.seq = i.seq and s.state = 'waiting'
     returning s.run_id as "runId", s.seq, s.name, s.kind, s.attempt,
       greatest(0, round(extract(epoch from roost.now() - s.started_at) * 1000))::bigint as "durationMs"`,
    values,
  );
  return new Map(rows.map((row) => [row.runId, row]));
}
