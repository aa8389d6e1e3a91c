/**
 * The intent of a step, recorded before it is executed, and what a replay is told instead of executing. Owns the comparison that
 * notices a diverged replay; what an effect class means for an interrupted step is the executor's to apply.
 */
import { RoostError, type JsonValue } from '@roost/base';
import type { Kernel } from '../open-kernel.ts';
import type { KernelTransaction } from '../transact.ts';
import { emitStepEvent } from './emit-run-event.ts';
import { endRuns } from './end-runs.ts';
import { hashInput } from './hash-input.ts';
import { leaseLost, refusal } from './lease-lost.ts';
import { lockRuns } from './lock-runs.ts';
import { stepColumns } from './run-row.ts';
import { runLimits, type Effect, type Owned, type Run, type RunError, type Step } from './run.ts';
import { toJsonText } from './to-json-text.ts';

export interface StepRequest {
  /** Its place in the run, from 1, the same in every replay. */
  seq: number;
  name: string;
  kind: string;
  effect: Effect;
  input?: JsonValue;
}

export type BegunStep =
  /** The intent is recorded: execute it. */
  | { state: 'begun'; attempt: number; idempotencyKey: string }
  /** An intent of an earlier owner has no outcome: its effect class decides; then `restartStep` or `finishStep`. */
  | { state: 'interrupted'; attempt: number; idempotencyKey: string; effect: Effect; priorStartedAt: Date }
  /** Recorded outcomes: do not execute. */
  | { state: 'done'; output: JsonValue }
  | { state: 'failed'; error: RunError }
  | { state: 'unknown'; error: RunError }
  /** Somebody asked for the run's end: no new step begins; finish the run as `cancelled`. */
  | { state: 'cancel_requested'; reason: string };

type Fence = Pick<Run, 'id' | 'correlation' | 'causeId' | 'traceparent' | 'cancelRequestedAt' | 'cancelReason'>;
type BeginRow = Fence & { isBegun: boolean; idempotencyKey: string };

/**
 * Records the intent of a step before it is executed, or returns what is recorded already.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), or the run has diverged (`isDiverged`): another step is
 * recorded at this seq; the run was ended as `diverged` with the difference
 */
export async function beginStep(kernel: Kernel, owned: Owned, request: StepRequest): Promise<BegunStep> {
  checkRequest(request);
  const inputHash = hashInput(request.input ?? null);
  const inputText = toJsonText(request.input, { what: `the input of step ${request.seq} of run ${owned.runId}`, bytesMax: runLimits.stepInputBytesMax });
  const outcome = await kernel.transact(async (tx): Promise<BegunStep | RoostError> => {
    const row = await begin(tx, owned, request, { inputHash, inputText });
    if (row.isBegun) return announce(tx, row, request, 1);
    const recorded = await readStep(tx, owned.runId, request.seq);
    if (recorded === undefined) return { state: 'cancel_requested', reason: row.cancelReason ?? 'cancelled' };
    const isSame = recorded.name === request.name && recorded.kind === request.kind && recorded.inputHash === inputHash;
    if (!isSame) return diverge(tx, owned, recorded, { ...request, inputHash });
    return replay(tx, owned, request, row, recorded);
  });
  if (outcome instanceof RoostError) throw outcome;
  return outcome;
}

/**
 * Takes over an interrupted step under the same idempotency key: the intent is this owner's now.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), or the step has an outcome
 */
export async function restartStep(kernel: Kernel, owned: Owned, step: { seq: number }): Promise<{ attempt: number; idempotencyKey: string }> {
  return kernel.transact((tx) => retake(tx, owned, step.seq));
}

/**
 * Invariants: an intent is written only by the owner of the run (the fence locks its row until the commit), only once per seq, and
 * not after somebody asked for the run's end.
 */
const beginStatement = `
  with fence as (
    select id, epoch, correlation, cause_id, traceparent, cancel_requested_at, cancel_reason from roost.run
    where id = $1 and epoch = $2 and state = 'running' for no key update
  ),
  begun as (
    insert into roost.step (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, started_at)
    select f.id, $3::integer, $4, $5, $6, 'intent', 1, f.epoch, f.id || ':' || $3::integer, $7, $8::jsonb, roost.now()
    from fence f where f.cancel_requested_at is null
    on conflict (run_id, seq) do nothing
    returning run_id, idempotency_key
  )
  select f.id, f.correlation, f.cause_id as "causeId", f.traceparent, f.cancel_requested_at as "cancelRequestedAt", f.cancel_reason as "cancelReason",
    b.run_id is not null as "isBegun", b.idempotency_key as "idempotencyKey"
  from fence f left join begun b on true`;

async function begin(tx: KernelTransaction, owned: Owned, request: StepRequest, input: { inputHash: string; inputText: string }): Promise<BeginRow> {
  const [row] = await tx.query<BeginRow>(
    beginStatement,
    [owned.runId, owned.epoch, request.seq, request.name, request.kind, request.effect, input.inputHash, input.inputText],
    { name: 'roost_step_begin' },
  );
  if (row === undefined) throw await refusal(tx, owned);
  return row;
}

async function readStep(tx: KernelTransaction, runId: string, seq: number): Promise<Step | undefined> {
  const [step] = await tx.query<Step>(`select ${stepColumns('s')} from roost.step s where s.run_id = $1 and s.seq = $2`, [runId, seq]);
  return step;
}

async function replay(tx: KernelTransaction, owned: Owned, request: StepRequest, fence: Fence, recorded: Step): Promise<BegunStep> {
  const { attempt, idempotencyKey } = recorded;
  const unexplained: RunError = { code: 'internal', message: 'no error was recorded' };
  switch (recorded.state) {
    case 'done':
      return { state: 'done', output: recorded.output };
    case 'unknown':
      return { state: 'unknown', error: recorded.error ?? unexplained };
    case 'failed':
      if (!recorded.reopened) return { state: 'failed', error: recorded.error ?? unexplained };
      if (fence.cancelRequestedAt !== null) return { state: 'cancel_requested', reason: fence.cancelReason ?? 'cancelled' };
      return { state: 'begun', ...(await retake(tx, owned, request.seq)) };
    case 'intent':
      // This owner began it and did not hear so.
      if (recorded.epoch === owned.epoch) return { state: 'begun', attempt, idempotencyKey };
      if (fence.cancelRequestedAt !== null) return { state: 'cancel_requested', reason: fence.cancelReason ?? 'cancelled' };
      return { state: 'interrupted', attempt, idempotencyKey, effect: recorded.effect, priorStartedAt: recorded.startedAt };
    case 'waiting':
      throw new RoostError('internal', `step ${request.seq} of run ${owned.runId} waits although the run is running`);
  }
}

/** Invariant: an interrupted or reopened intent is taken over only by the owner of the run, and never one that has an outcome. */
const retakeStatement = `
  with fence as (
    select id, epoch, correlation, cause_id, traceparent from roost.run
    where id = $1 and epoch = $2 and state = 'running' for no key update
  ),
  taken as (
    update roost.step s set
      state = 'intent', epoch = f.epoch, attempt = s.attempt + 1, reopened = false, error = null, output = null, ended_at = null, started_at = roost.now()
    from fence f
    where s.run_id = f.id and s.seq = $3 and (s.state = 'intent' and s.epoch < f.epoch or s.state = 'failed' and s.reopened)
    returning s.run_id
  )
  select f.id, f.correlation, f.cause_id as "causeId", f.traceparent, t.run_id is not null as "isTaken"
  from fence f left join taken t on true`;

async function retake(tx: KernelTransaction, owned: Owned, seq: number): Promise<{ attempt: number; idempotencyKey: string }> {
  const [row] = await tx.query<Fence & { isTaken: boolean }>(retakeStatement, [owned.runId, owned.epoch, seq], { name: 'roost_step_retake' });
  if (row === undefined) throw await refusal(tx, owned);
  const step = await readStep(tx, owned.runId, seq);
  if (step === undefined || step.state !== 'intent') {
    throw new RoostError('conflict', `step ${seq} of run ${owned.runId} is ${step?.state ?? 'not recorded'}: only an interrupted step is restarted`);
  }
  if (row.isTaken) announce(tx, row, step, step.attempt, step.idempotencyKey);
  return { attempt: step.attempt, idempotencyKey: step.idempotencyKey };
}

/** Intents to change the world stand in the log; reads would only fill it. */
function announce(
  tx: KernelTransaction,
  run: Fence & { idempotencyKey?: string },
  step: Pick<StepRequest, 'seq' | 'name' | 'kind' | 'effect'>,
  attempt: number,
  key?: string,
): BegunStep {
  const idempotencyKey = key ?? run.idempotencyKey ?? `${run.id}:${step.seq}`;
  if (step.effect !== 'readonly') emitStepEvent(tx, 'step.started', run, { ...step, attempt }, { effect: step.effect, idempotencyKey });
  return { state: 'begun', attempt, idempotencyKey };
}

/** A diff shows inputs up to this length, and their hashes in any case. */
const diffInputCharsMax = 4_000;

async function diverge(tx: KernelTransaction, owned: Owned, recorded: Step, request: StepRequest & { inputHash: string }): Promise<RoostError> {
  const shown = (step: { name: string; kind: string; inputHash: string; input?: JsonValue }): JsonValue => ({
    name: step.name, kind: step.kind, inputHash: step.inputHash,
    ...(JSON.stringify(step.input ?? null).length <= diffInputCharsMax ? { input: step.input ?? null } : {}),
  });
  const details = { seq: request.seq, recorded: shown(recorded), replayed: shown(request) };
  const differing = (['name', 'kind', 'inputHash'] as const).filter((field) => recorded[field] !== request[field]);
  const message =
    `step ${request.seq} of run ${owned.runId} came as ${request.kind} "${request.name}" but is recorded as ${recorded.kind} "${recorded.name}" ` +
    `(other ${differing.join(', ')}): the run was stopped as diverged, compare the two`;
  const run = (await lockRuns(tx, [owned.runId])).get(owned.runId);
  if (run === undefined || run.epoch !== owned.epoch || run.state !== 'running') throw leaseLost(owned, run);
  await endRuns(tx, [{ run, state: 'diverged', error: { code: 'diverged', message, isRetryable: false, details }, reason: message }]);
  return new RoostError('conflict', message, { details: { reason: 'diverged', ...details } });
}

function checkRequest(request: StepRequest): void {
  if (!Number.isInteger(request.seq) || request.seq < 1) throw new RoostError('invalid_input', `a step's seq is ${request.seq}: give a whole number from 1`);
  if (request.seq > runLimits.stepsMax) {
    throw new RoostError('limit_exceeded', `the run has reached step ${request.seq} (limit ${runLimits.stepsMax}): let it end, or hand the rest to a further run`);
  }
  if (request.name.length === 0 || request.name.length > 200) throw new RoostError('invalid_input', `a step's name has ${request.name.length} characters: give one of 1 to 200`);
  if (request.kind.length === 0 || request.kind.length > 64) throw new RoostError('invalid_input', `a step's kind has ${request.kind.length} characters: give one of 1 to 64`);
}
