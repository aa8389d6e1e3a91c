/** The one way a waiting run continues (resume_1): its wait ended, or its time came. The caller has locked the runs. */
import { createId } from "@roost/base";
import type { KernelTransaction } from "../transact.ts";
import { emitRunEvent, emitStepEvent, type EventRun } from "./emit-run-event.ts";
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
  place: number;
  state: RunState;
  queue: string;
  rate: string | null;
  /** The cause of the state in which it waited. */
  prior: string;
  seq: number | null;
  name: string;
  kind: string;
  attempt: number;
  durationMs: number;
};
/** Without an id: another run became ready in the queue. */
type Row = ResumedRow | { id: null; queue: string };

const resumeStatement = `
  select m.place, (m.run).id, (m.run).state, coalesce(m.queue, (m.run).queue) as queue, (m.run).rate, (m.run).agent, (m.run).session_key as "sessionKey",
    (m.run).session_kind as "sessionKind", (m.run).job_id as "jobId", (m.run).parent_run_id as "parentRunId", (m.run).correlation,
    (m.run).traceparent, (m.run).cause_id as "causeId", (m.run).labels, m.prior, m.seq, m.name, m.kind, m.attempt, m.duration_ms as "durationMs"
  from roost.resume_1($1::uuid[], $2::text[], $3::integer[], $4::jsonb) as m`;

/** Returns the resumed runs: those that no longer waited are unchanged. */
export async function resumeRuns(tx: KernelTransaction, resumptions: Resumption[]): Promise<string[]> {
  if (resumptions.length === 0) return [];
  const eventIds = resumptions.map(() => createId());
  const results = resumptions.map(({ result }) =>
    toJsonText(result, { what: "the result of a wait", bytesMax: runLimits.stepOutputBytesMax }),
  );
  const rows = await tx.query<Row>(
    resumeStatement,
    [
      resumptions.map(({ runId }) => runId),
      eventIds,
      resumptions.map(({ seq }) => seq ?? null),
      `[${results.join(",")}]`,
    ],
    { name: "roost_run_resume" },
  );
  const resumed: string[] = [];
  for (const run of rows) {
    if (run.id === null || run.state === "ready") tx.wake(`runs:${run.queue}`);
    if (run.id === null) continue;
    // Its start limit may let it through later.
    if (run.state === "waiting" && run.rate !== null) tx.wake("due");
    resumed.push(run.id);
    emitResumed(tx, run, { ...resumptions[run.place - 1]!, eventId: eventIds[run.place - 1]! });
  }
  return resumed;
}

function emitResumed(tx: KernelTransaction, run: ResumedRow, item: Resumption & { eventId: string }): void {
  emitRunEvent(
    tx,
    "run.resumed",
    run,
    { seq: item.seq, reason: item.reason },
    { id: item.eventId, causation: item.causation ?? run.prior },
  );
  const { seq, name, kind, attempt, durationMs } = run;
  if (seq !== null) emitStepEvent(tx, "step.done", run, { seq, name, kind, attempt }, { durationMs });
}
