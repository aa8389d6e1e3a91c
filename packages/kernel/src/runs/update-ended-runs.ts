/** Updates the row of a run at its end only; endRuns does the rest. */
import { createId, type JsonValue } from "@roost/base";
import type { KernelTransaction } from "../transact.ts";
import type { RunHead } from "./lock-runs.ts";
import { runLimits, type RunError, type RunState, type TerminalRunState } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

export interface RunEnd {
  run: RunHead;
  state: TerminalRunState;
  output?: JsonValue;
  error?: RunError;
  /** One line for people. */
  reason?: string;
  by?: string;
  /** Whether the run is taken from an owner that does not know yet: its epoch must no longer match. */
  isTaken?: boolean;
}

export interface EndWords {
  outputText: string;
  eventId: string;
}

interface Mark extends EndWords, Omit<RunEnd, "run"> {
  runId: string;
  epoch: number;
  fromState: RunState;
}

export interface EndedRow {
  id: string;
  nowMs: number;
  costUsd: number;
  tokens: number;
  hasOpenSteps: boolean;
  hasOpenWait: boolean;
  isAwaited: boolean;
}

/**
 * Invariant: a run ends once, from the state and at the epoch that were read under its lock; this is the fence of an owner's end. `= any` keeps the
 * plan on the primary key.
 */
const endStatement = `
  update roost.run r set
    state = i.state, output = i.output, error = i.error, epoch = r.epoch + i.epoch_step, ended_at = roost.now(),
    worker_id = null, waiting_for = null, wake_at = null, ready_at = null, deadline_at = null, holds_serial_key = false, cause_id = i.event_id,
    cancel_reason = coalesce(r.cancel_reason, i.cancel_reason), cancel_by = coalesce(r.cancel_by, i.cancel_by)
  from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::bigint[], $8::text[], $9::text[], $10::text[])
    as i(id, epoch, from_state, state, output, error, epoch_step, event_id, cancel_reason, cancel_by)
  where r.id = any($1::uuid[]) and r.id = i.id and r.epoch = i.epoch and r.state = i.from_state
  returning r.id, extract(epoch from r.ended_at)::float8 * 1000 as "nowMs", r.cost_usd::float8 as "costUsd", r.tokens as "tokens",
    exists (select 1 from roost.step s where s.run_id = r.id and s.state in ('intent', 'waiting')) as "hasOpenSteps",
    exists (select 1 from roost.wait w where w.run_id = r.id and w.resolved_at is null) as "hasOpenWait",
    r.parent_run_id is not null
      and exists (select 1 from roost.wait w where w.child_run_id = r.id and w.resolved_at is null) as "isAwaited"`;

export async function updateEndedRuns(tx: KernelTransaction, marks: Mark[]): Promise<Map<string, EndedRow>> {
  if (marks.length === 0) return new Map();
  const isCancel = (mark: Mark) => mark.state === "cancelled";
  const rows = await tx.query<EndedRow>(
    endStatement,
    [
      marks.map((mark) => mark.runId),
      marks.map((mark) => mark.epoch),
      marks.map((mark) => mark.fromState),
      marks.map((mark) => mark.state),
      marks.map((mark) => (mark.outputText === "null" ? null : mark.outputText)),
      marks.map((mark) =>
        mark.error === undefined
          ? null
          : toJsonText(mark.error, { what: "the error", bytesMax: runLimits.outputBytesMax }),
      ),
      marks.map((mark) => (mark.isTaken === true ? 1 : 0)),
      marks.map((mark) => mark.eventId),
      marks.map((mark) => (isCancel(mark) ? (mark.reason ?? null) : null)),
      marks.map((mark) => (isCancel(mark) ? (mark.by ?? null) : null)),
    ],
    { name: "roost_run_update_ended" },
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export function wordsOf(runId: string, output: JsonValue | undefined): EndWords {
  const what = `the output of run ${runId}`;
  return { outputText: toJsonText(output, { what, bytesMax: runLimits.outputBytesMax }), eventId: createId() };
}
