/**
 * A step that releases the worker until a time, an event, a person, a child run or a resolution. Owns the beginning of a wait; resumeRuns ends it.
 */
import { createId, RoostError, type JsonValue } from "@roost/base";
import { settleReservations } from "./settle-reservations.ts";
import type { Kernel } from "../open-kernel.ts";
import { formatLabels } from "@roost/contract/labels";
import type { KernelTransaction } from "../transact.ts";
import { releaseLimitedRuns } from "./start-limits.ts";
import { askQuestion } from "./ask-question.ts";
import { emitRunEvent, emitStepEvent, type EventStep } from "./emit-run-event.ts";
import { endRuns } from "./end-runs.ts";
import { hashInput } from "./prepare-intent.ts";
import { leaseLost } from "./lease-lost.ts";
import { lockRuns, type RunHead } from "./lock-runs.ts";
import { promoteSerialKeys } from "./promote-serial-keys.ts";
import {
  isTerminal,
  runLimits,
  type Owned,
  type RunError,
  type RunState,
  type Step,
  type WaitRequest,
  type WaitResult,
} from "./run.ts";
import { readStep } from "./read-steps.ts";
import { toJsonText } from "./to-json-text.ts";
import { placeEventWait, type EventWaitPlace } from "./event-waits.ts";

export interface WaitStep {
  seq: number;
  /** Name of the step; an intent begun at this seq becomes the waiting step. Not needed then, nor for a `resolution`. */
  name?: string;
  wait: WaitRequest;
  /** Whether other runs of the serial key must wait meanwhile. Default: `hold` for time and child, `release` otherwise. */
  holdsSerialKey?: boolean;
}

export type WaitOutcome =
  /** The run is given back: its owner stops. When the wait ends, the step is done with the result and the run is ready. */
  | { state: "waiting"; questionId?: string | undefined }
  /** Already satisfied; the run continues. */
  | { state: "done"; result: WaitResult }
  /** The run was cancelled and given back. */
  | { state: "cancelled" };

/**
 * Gives the run back until the wait ends. A repeat by the same owner after a lost answer is recognized and changes nothing.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), or the step at this seq has another outcome;
 * `not_found`: no such child; `invalid_input`: an unregistered event type
 */
export async function waitInRun(kernel: Kernel, owned: Owned, asked: WaitStep): Promise<WaitOutcome> {
  const wait = withDate(asked.wait);
  const step = { ...asked, wait };
  return kernel.transact(async (tx) => {
    const place = wait.kind === "event" ? await placeEventWait(kernel, tx, wait.eventType) : undefined;
    const run = (await lockRuns(tx, [owned.runId])).get(owned.runId);
    if (run === undefined || run.epoch !== owned.epoch) throw leaseLost(owned, run);
    if (run.state !== "running") return recogniseRepeat(tx, run, owned, step);
    const recorded = await readStep(tx, "roost.step", { runId: owned.runId, seq: step.seq });
    if (recorded?.state === "done") return { state: "done", result: recorded.output as unknown as WaitResult };
    if (run.cancelRequestedAt !== null) {
      await endRuns(tx, [
        { run, state: "cancelled", reason: run.cancelReason ?? "cancelled", by: run.cancelBy ?? "owner" },
      ]);
      return { state: "cancelled" };
    }
    checkStep(run, step, recorded);
    const early = await satisfiedAlready(tx, run, wait);
    const waiting = await recordStep(tx, run, step, early);
    if (early !== undefined) {
      emitStepEvent(tx, "step.done", run, waiting, { durationMs: 0 });
      return { state: "done", result: early };
    }
    return release(tx, run, step, { waiting, place });
  });
}

/** A recorded wait has its time as text. */
function withDate(wait: WaitRequest): WaitRequest {
  if (wait.until === undefined) return wait;
  const until = new Date(wait.until);
  if (Number.isNaN(until.getTime()))
    throw new RoostError("invalid_input", `a wait's until is ${String(wait.until).slice(0, 80)}: give a moment`);
  return { ...wait, until };
}

async function recogniseRepeat(
  tx: KernelTransaction,
  run: RunHead,
  owned: Owned,
  step: WaitStep,
): Promise<WaitOutcome> {
  const recorded = await readStep(tx, "roost.step", { runId: owned.runId, seq: step.seq });
  const isOwn =
    recorded !== undefined &&
    recorded.epoch === owned.epoch &&
    (recorded.state === "waiting" || recorded.state === "done");
  const isResolving = step.wait.kind === "resolution" && run.waitingFor === "resolution";
  if (run.state === "cancelled") return { state: "cancelled" };
  if (!isOwn && !isResolving) throw leaseLost(owned, run);
  const [question] = await tx.query<{ id: string }>("select id from roost.question where run_id = $1 and seq = $2", [
    run.id,
    step.seq,
  ]);
  return { state: "waiting", ...(question === undefined ? {} : { questionId: question.id }) };
}

function checkStep(run: RunHead, step: WaitStep, recorded: Step | undefined): void {
  if (!Number.isInteger(step.seq) || step.seq < 1 || step.seq > runLimits.stepsMax) {
    throw new RoostError(
      "invalid_input",
      `a step's seq is ${step.seq}: give a whole number from 1 to ${runLimits.stepsMax}`,
    );
  }
  const prompt =
    step.wait.kind === "person"
      ? step.wait.question.prompt
      : step.wait.kind === "resolution"
        ? step.wait.prompt
        : "none";
  if (prompt.length === 0 || prompt.length > runLimits.promptCharsMax) {
    throw new RoostError(
      "invalid_input",
      `a question has ${prompt.length} characters: give one of 1 to ${runLimits.promptCharsMax}`,
    );
  }
  const isFit =
    step.wait.kind === "resolution"
      ? recorded?.state === "unknown"
      : recorded === undefined || recorded.state === "intent";
  if (!isFit) {
    throw new RoostError(
      "conflict",
      `step ${step.seq} of run ${run.id} is ${recorded?.state ?? "not recorded"}: it cannot wait for ${step.wait.kind}`,
    );
  }
}

/** A child that has ended does not end again. The order of locks (parents first) leaves no gap between this check and the wait. */
async function satisfiedAlready(
  tx: KernelTransaction,
  run: RunHead,
  wait: WaitRequest,
): Promise<WaitResult | undefined> {
  if (wait.kind !== "child") return undefined;
  const [child] = await tx.query<{
    id: string;
    state: RunState;
    output: JsonValue;
    error: RunError | null;
    labels: number;
  }>("select id, state, output, error, labels from roost.run_all where id = $1 and parent_run_id = $2", [
    wait.runId,
    run.id,
  ]);
  if (child === undefined)
    throw new RoostError(
      "not_found",
      `run ${run.id} did not start run ${wait.runId}: it can wait only for its own children`,
    );
  if (!isTerminal(child.state)) return undefined;
  const labels = formatLabels(await tx.readLabels(child.labels));
  return { kind: "child", run: { ...child, state: child.state, labels } };
}

/** Invariant: only the owner lets a step wait; the caller holds the run's row at the owner's epoch, and the statement checks it again. */
async function recordStep(
  tx: KernelTransaction,
  run: RunHead,
  step: WaitStep,
  early: WaitResult | undefined,
): Promise<EventStep> {
  if (step.wait.kind === "resolution") return { seq: step.seq, name: "resolution", kind: "wait", attempt: 1 };
  const input = toJsonText(step.wait, { what: "the wait", bytesMax: runLimits.stepInputBytesMax });
  const result =
    early === undefined
      ? null
      : toJsonText(early, { what: "the result of the wait", bytesMax: runLimits.stepOutputBytesMax });
  const [row] = await tx.query<EventStep>(
    `insert into roost.step as s
       (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, output, started_at, ended_at, labels)
     select r.id, $3::integer, $4, 'wait', 'readonly', case when $7::jsonb is null then 'waiting' else 'done' end, 1, r.epoch, r.id || ':' || $3::integer,
       $5, $6::jsonb, $7::jsonb, roost.now(), case when $7::jsonb is null then null else roost.now() end, r.labels
     from roost.run r where r.id = $1 and r.epoch = $2 and r.state = 'running'
     on conflict (run_id, seq) do update
       set state = excluded.state, epoch = excluded.epoch, output = excluded.output, ended_at = excluded.ended_at
       where s.state = 'intent'
     returning s.seq, s.name, s.kind, s.attempt`,
    [run.id, run.epoch, step.seq, step.name ?? `wait for ${step.wait.kind}`, hashInput(step.wait), input, result],
  );
  if (row === undefined) throw leaseLost({ runId: run.id, epoch: run.epoch }, run);
  return row;
}

async function release(
  tx: KernelTransaction,
  run: RunHead,
  step: WaitStep,
  { waiting, place }: { waiting: EventStep; place: EventWaitPlace | undefined },
): Promise<WaitOutcome> {
  const { wait } = step;
  await settleReservations(tx, [run]);
  const eventId = createId();
  const questionId =
    wait.kind === "person" || wait.kind === "resolution" ? await askQuestion(tx, run, step.seq, wait) : undefined;
  await recordWait(tx, run, step, { place, questionId });
  const isHeld = run.serialKey !== null && (step.holdsSerialKey ?? (wait.kind === "time" || wait.kind === "child"));
  await giveBack(tx, run, wait, { eventId, isHeld });
  emitRunEvent(
    tx,
    "run.waiting",
    run,
    {
      seq: waiting.seq,
      kind: wait.kind,
      until: wait.until?.toISOString(),
      eventType: wait.kind === "event" ? wait.eventType : undefined,
      childRunId: wait.kind === "child" ? wait.runId : undefined,
      questionId,
    },
    { id: eventId },
  );
  if (wait.until !== undefined) tx.wake("due");
  if (wait.kind === "event") tx.wake("waits");
  if (run.serialKey !== null && !isHeld) await promoteSerialKeys(tx, [run.serialKey], [run.id]);
  await releaseLimitedRuns(tx, [run.slot]);
  return { state: "waiting", ...(questionId === undefined ? {} : { questionId }) };
}

/** Invariant: fenced by epoch and state. A declared wait stops the run's time limit, if it has one (`greatest` ignores null). */
async function giveBack(
  tx: KernelTransaction,
  run: RunHead,
  wait: WaitRequest,
  options: { eventId: string; isHeld: boolean },
): Promise<void> {
  const rows = await tx.query(
    `update roost.run set
       state = 'waiting', waiting_for = $3, wake_at = $4, worker_id = null, holds_serial_key = $5, limits_passed = false, cause_id = $6,
       deadline_left_ms = case when deadline_at is not null then greatest(1, round(extract(epoch from deadline_at - roost.now()) * 1000)) end,
       deadline_at = null, stall_count = 0
     where id = $1 and epoch = $2 and state = 'running' returning 1`,
    [run.id, run.epoch, wait.kind, wait.until ?? null, options.isHeld, options.eventId],
  );
  if (rows.length === 0) throw leaseLost({ runId: run.id, epoch: run.epoch }, run);
}

async function recordWait(
  tx: KernelTransaction,
  run: RunHead,
  step: WaitStep,
  found: { place: EventWaitPlace | undefined; questionId: string | undefined },
): Promise<void> {
  const { wait } = step;
  await tx.query(
    `insert into roost.wait (run_id, seq, kind, until, event_type, filter, topic, from_offsets, question_id, child_run_id, created_at)
     values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8::jsonb, $9, $10, roost.now())
     on conflict (run_id, seq) do update set
       kind = excluded.kind, until = excluded.until, event_type = excluded.event_type, filter = excluded.filter, topic = excluded.topic,
       from_offsets = excluded.from_offsets, question_id = excluded.question_id, child_run_id = excluded.child_run_id,
       created_at = excluded.created_at, resolved_at = null, result = null`,
    [
      run.id,
      step.seq,
      wait.kind,
      wait.until ?? null,
      wait.kind === "event" ? wait.eventType : null,
      wait.kind === "event" ? JSON.stringify(wait.filter ?? {}) : null,
      found.place?.topic ?? null,
      found.place === undefined ? null : JSON.stringify(found.place.fromOffsets),
      found.questionId ?? null,
      wait.kind === "child" ? wait.runId : null,
    ],
  );
}
