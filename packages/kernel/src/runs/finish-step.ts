/** The outcome of a step, recorded once by the owner of its run, with whatever must commit together with it. */
import { RoostError, type JsonValue } from '@roost/base';
import type { Kernel } from '../open-kernel.ts';
import type { KernelTransaction } from '../transact.ts';
import { emitStepEvent, eventError, eventReason, eventUsage } from './emit-run-event.ts';
import { refusal } from './lease-lost.ts';
import { runLimits, type Owned, type Run, type RunError, type Step } from './run.ts';
import { toJsonText } from './to-json-text.ts';

export interface StepOutcome {
  seq: number;
  state: 'done' | 'failed' | 'unknown';
  output?: JsonValue;
  error?: RunError;
  /** What the provider reported, e.g. { inputTokens, outputTokens }. */
  usage?: JsonValue;
  costUsd?: number;
  /** Counted against budgets with `costUsd`; both settle this step's reservation. Default: all that was reserved for the step. */
  tokens?: number;
}

export interface AlongsideOptions {
  /** Further writes in the same transaction. Not called when the outcome was recorded before (a repeat after a lost answer). */
  alongside?: (tx: KernelTransaction) => Promise<void>;
}

type FinishRow = Pick<Run, 'id' | 'correlation' | 'causeId' | 'traceparent' | 'cancelRequestedAt' | 'reservationCount'> &
  Pick<Step, 'seq' | 'name' | 'kind' | 'attempt' | 'effect' | 'idempotencyKey'> & { isFinished: boolean; durationMs: number };

/**
 * Records the outcome of a step. A repeat by the same owner after a lost answer is recognised and changes nothing.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), the step was never begun, or it ended differently before
 */
export async function finishStep(kernel: Kernel, owned: Owned, outcome: StepOutcome, options: AlongsideOptions = {}): Promise<{ cancelRequested: boolean }> {
  return kernel.transact((tx) => finishStepWithin(tx, owned, outcome, options));
}

async function finishStepWithin(tx: KernelTransaction, owned: Owned, outcome: StepOutcome, options: AlongsideOptions): Promise<{ cancelRequested: boolean }> {
  const row = await finish(tx, owned, outcome);
  if (row === undefined) throw await refusal(tx, owned);
  if (!row.isFinished) {
    await expectSameOutcome(tx, owned, outcome);
    return { cancelRequested: row.cancelRequestedAt !== null };
  }
  const isSpending = row.reservationCount > 0 || (outcome.costUsd ?? 0) > 0 || (outcome.tokens ?? 0) > 0;
  if (isSpending) {
    await tx.query('select roost.settle_spend($1, $2, $3::numeric, $4::bigint)', [owned.runId, outcome.seq, outcome.costUsd ?? null, outcome.tokens ?? null], {
      name: 'spend-settle',
    });
  }
  announce(tx, row, outcome);
  await options.alongside?.(tx);
  return { cancelRequested: row.cancelRequestedAt !== null };
}

/**
 * Invariants: only the owner of the run records an outcome (the fence locks its row until the commit); an outcome is never
 * overwritten. A finished step is progress: the count of lost owners starts again.
 */
const finishStatement = `
  with fence as (
    select id, epoch, correlation, cause_id, traceparent, cancel_requested_at, reservation_count, stall_count from roost.run
    where id = $1 and epoch = $2 and state = 'running' for no key update
  ),
  finished as (
    update roost.step s set
      state = $4, output = $5::jsonb, error = $6::jsonb, usage = $7::jsonb, cost_usd = $8::numeric, epoch = f.epoch, ended_at = roost.now()
    from fence f
    where s.run_id = f.id and s.seq = $3 and s.state = 'intent'
    returning s.run_id, s.seq, s.name, s.kind, s.attempt, s.effect, s.idempotency_key, s.started_at, s.ended_at
  ),
  progress as (
    update roost.run r set stall_count = 0 from finished d, fence f where r.id = d.run_id and f.stall_count > 0
  )
  select f.id, f.correlation, f.cause_id as "causeId", f.traceparent, f.cancel_requested_at as "cancelRequestedAt",
    f.reservation_count as "reservationCount", d.run_id is not null as "isFinished", d.seq, d.name, d.kind, d.attempt, d.effect,
    d.idempotency_key as "idempotencyKey", greatest(0, round(extract(epoch from d.ended_at - d.started_at) * 1000))::bigint as "durationMs"
  from fence f left join finished d on true`;

async function finish(tx: KernelTransaction, owned: Owned, outcome: StepOutcome): Promise<FinishRow | undefined> {
  const [row] = await tx.query<FinishRow>(
    finishStatement,
    [owned.runId, owned.epoch, outcome.seq, outcome.state, ...outcomeTexts(owned, outcome), outcome.costUsd ?? null],
    { name: 'roost_step_finish' },
  );
  return row;
}

function outcomeTexts(owned: Owned, outcome: StepOutcome): (string | null)[] {
  const what = (field: string) => ({ what: `the ${field} of step ${outcome.seq} of run ${owned.runId}`, bytesMax: runLimits.stepOutputBytesMax });
  return [
    toJsonText(outcome.output, what('output')),
    outcome.error === undefined ? null : toJsonText(outcome.error, what('error')),
    outcome.usage === undefined ? null : toJsonText(outcome.usage, what('usage')),
  ];
}

/** The same owner brings the same outcome again: its first answer got lost. Anything else is a mistake that must not pass in silence. */
async function expectSameOutcome(tx: KernelTransaction, owned: Owned, outcome: StepOutcome): Promise<void> {
  const [output, error] = outcomeTexts(owned, outcome);
  const [recorded] = await tx.query<{ state: string; isSame: boolean }>(
    `select state, epoch = $3 and state = $4 and output is not distinct from $5::jsonb and error is not distinct from $6::jsonb as "isSame"
     from roost.step where run_id = $1 and seq = $2`,
    [owned.runId, outcome.seq, owned.epoch, outcome.state, output, error],
  );
  if (recorded?.isSame === true) return;
  const present = recorded === undefined ? 'was never begun' : `is recorded as ${recorded.state}`;
  throw new RoostError('conflict', `step ${outcome.seq} of run ${owned.runId} ${present}: its outcome cannot become ${outcome.state}`);
}

function announce(tx: KernelTransaction, row: FinishRow, outcome: StepOutcome): void {
  const unexplained: RunError = { code: 'internal', message: 'it failed without saying why' };
  const costs = { ...(outcome.costUsd === undefined ? {} : { costUsd: outcome.costUsd }), ...eventUsage(outcome.usage), durationMs: row.durationMs };
  if (outcome.state === 'done') {
    emitStepEvent(tx, 'step.done', row, row, costs);
  } else if (outcome.state === 'failed') {
    emitStepEvent(tx, 'step.failed', row, row, { ...costs, error: eventError(outcome.error ?? unexplained) });
  } else {
    const reason = eventReason(outcome.error?.message ?? 'the attempt ended without an answer');
    emitStepEvent(tx, 'step.unknown', row, row, { effect: row.effect, idempotencyKey: row.idempotencyKey, reason });
  }
}
