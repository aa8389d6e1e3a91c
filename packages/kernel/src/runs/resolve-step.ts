/** Records what was found out about an effect of unknown outcome. */
import { RoostError, type JsonValue } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { emitStepEvent, eventReason } from "./emit-run-event.ts";
import { lockRuns, type RunHead } from "./lock-runs.ts";
import { resumeRuns } from "./resume-runs.ts";
import { readStep } from "./read-steps.ts";
import { runLimits, type Step, type StepResolution } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

export interface ResolveRequest {
  runId: string;
  seq: number;
  /** It happened; it was refused; it never happened and is to be done. */
  outcome: StepResolution["outcome"];
  note: string;
  by: string;
  /** What the step returned, if known. */
  output?: JsonValue | undefined;
}

export interface ResolveOptions {
  /** Further writes in the same transaction, also where the same was recorded before. */
  alongside?: ((tx: KernelTransaction) => Promise<void>) | undefined;
}

/**
 * Records the resolution. A run that waits for it continues with that outcome (`not_done`: it executes the step again); for a run that went on
 * without it, or has ended, the resolution is a note for people.
 *
 * @throws RoostError `not_found`; `conflict` when the step is not unknown, or was resolved differently
 */
export async function resolveStep(
  kernel: Kernel,
  request: ResolveRequest,
  { alongside }: ResolveOptions = {},
): Promise<Step> {
  const output = toJsonText(request.output, { what: "the output", bytesMax: runLimits.stepOutputBytesMax });
  return kernel.transact(async (tx) => {
    const run = (await lockRuns(tx, [request.runId])).get(request.runId);
    const step = await mustRead(tx, request);
    await alongside?.(tx);
    if (step.resolution !== null) {
      if (step.resolution.outcome === request.outcome) return step;
      throw new RoostError(
        "conflict",
        `step ${request.seq} of run ${request.runId} was resolved as ${step.resolution.outcome} by ${step.resolution.by}`,
      );
    }
    if (step.state !== "unknown") {
      throw new RoostError(
        "conflict",
        `step ${request.seq} of run ${request.runId} is ${step.state}: only an unknown outcome can be resolved`,
      );
    }
    const waiting = run === undefined ? undefined : await findWait(tx, run, request.seq);
    await recordResolution(tx, request, { output, isWaitedFor: waiting !== undefined });
    if (run !== undefined) await goOn(tx, run, step, request, waiting !== undefined);
    return mustRead(tx, request);
  });
}

async function mustRead(tx: KernelTransaction, { runId, seq }: ResolveRequest): Promise<Step> {
  const step = await readStep(tx, "roost.step_all", { runId, seq });
  if (step === undefined) throw new RoostError("not_found", `run ${runId} has no step ${seq}: check roost run show`);
  return step;
}

async function findWait(tx: KernelTransaction, run: RunHead, seq: number): Promise<{ seq: number } | undefined> {
  const [wait] = await tx.query<{ seq: number }>(
    `select seq from roost.wait where run_id = $1 and seq = $2 and kind = 'resolution' and resolved_at is null`,
    [run.id, seq],
  );
  return run.state === "waiting" ? wait : undefined;
}

/** Invariant: an unknown outcome changes only for a run that waits for it. */
async function recordResolution(
  tx: KernelTransaction,
  request: ResolveRequest,
  { output, isWaitedFor }: { output: string; isWaitedFor: boolean },
): Promise<void> {
  const resolution = `jsonb_build_object('outcome', $3::text, 'note', $4::text, 'by', $5::text, 'at', to_jsonb(roost.now()))
    || case when $7::jsonb = 'null'::jsonb then '{}'::jsonb else jsonb_build_object('output', $7::jsonb) end`;
  const rows = await tx.query(
    `with live as (
       update roost.step set
         resolution = ${resolution},
         state = case when not $6 then state when $3 = 'done' then 'done' else 'failed' end,
         output = case when $6 and $3 = 'done' then $7::jsonb else output end,
         error = case when $6 and $3 = 'done' then null
                      when $6 then jsonb_build_object('code', $3::text, 'message', $4::text, 'isRetryable', $3 = 'not_done') else error end,
         reopened = $6 and $3 = 'not_done'
       where run_id = $1 and seq = $2 and state = 'unknown' and resolution is null returning 1
     ), old as (
       update roost.step_history set resolution = ${resolution}
       where run_id = $1 and seq = $2 and state = 'unknown' and resolution is null returning 1
     )
     select 1 from live union all select 1 from old`,
    [request.runId, request.seq, request.outcome, request.note, request.by, isWaitedFor, output],
  );
  if (rows.length === 0)
    throw new RoostError("conflict", `step ${request.seq} of run ${request.runId} is no longer unknown`);
}

async function goOn(
  tx: KernelTransaction,
  run: RunHead,
  step: Step,
  request: ResolveRequest,
  isWaiting: boolean,
): Promise<void> {
  const causation = emitStepEvent(tx, "step.resolved", run, step, {
    outcome: request.outcome,
    note: eventReason(request.note),
    by: request.by,
  });
  if (!isWaiting) return;
  await tx.query(
    `update roost.question set state = 'answered', answer = to_jsonb($3::text), answered_by = $4, answered_at = roost.now()
     where run_id = $1 and seq = $2 and state = 'open'`,
    [run.id, request.seq, request.outcome, request.by],
  );
  await tx.query(
    `update roost.wait set resolved_at = roost.now() where run_id = $1 and seq = $2 and resolved_at is null`,
    [run.id, request.seq],
  );
  await resumeRuns(tx, [
    { runId: run.id, reason: `${request.by} recorded the outcome of step ${request.seq}`, causation },
  ]);
}
