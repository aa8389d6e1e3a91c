/** The outcome of a step, recorded once by the owner of its run, with whatever must commit together with it. */
import { RoostError, type JsonValue } from "@roost/base";
import type { BatchOutcome } from "../batches/create-batches.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { emitStepEvent, eventError, eventReason, eventUsage } from "./emit-run-event.ts";
import { refusal } from "./lease-lost.ts";
import { runLimits, type Owned, type Run, type RunError, type Step } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

export interface StepOutcome {
  seq: number;
  state: "done" | "failed" | "unknown";
  output?: JsonValue;
  error?: RunError;
  /** What the provider reported, e.g. { inputTokens, outputTokens }. */
  usage?: JsonValue;
  costUsd?: number;
  /** The set of labels of the step: of its result, joined with what stood in the context. Default: those of the run when it began. */
  labels?: number;
  /** The set of labels that the run is marked with from here on. Default: as before. */
  runLabels?: number;
  /** Counted against budgets with `costUsd`; both settle this step's reservation. Default: all that was reserved for the step. */
  tokens?: number;
}

export interface AlongsideOptions {
  /** Further writes in the same transaction. Not called when the outcome was recorded before (a repeat after a lost answer). */
  alongside?: (tx: KernelTransaction) => Promise<void>;
}

/** An outcome that has been checked and is ready to be written. */
export interface PreparedOutcome {
  owned: Owned;
  outcome: StepOutcome;
  outputText: string;
  errorText: string | null;
  usageText: string | null;
}

type Fence = Pick<Run, "correlation" | "causeId" | "traceparent" | "labels" | "cancelRequestedAt" | "reservationCount">;
type FinishedStep = Pick<Step, "seq" | "name" | "kind" | "attempt" | "effect" | "idempotencyKey"> & {
  durationMs: number;
};
/** Without an id: the fence did not hold. Without a seq: there was no intent to finish. */
type FinishRow = ((Fence & { id: string }) | { id: null }) & (FinishedStep | { seq: null });

interface Finished {
  cancelRequested: boolean;
  /** Recorded now, not before. */
  isNew: boolean;
}

/**
 * Records the outcome of a step. A repeat by the same owner after a lost answer is recognised and changes nothing.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), the step was never begun, or it ended differently before
 */
export async function finishStep(
  kernel: Kernel,
  owned: Owned,
  outcome: StepOutcome,
  options: AlongsideOptions = {},
): Promise<{ cancelRequested: boolean }> {
  const item = prepareOutcome(owned, outcome);
  const { alongside } = options;
  if (alongside === undefined) {
    const { cancelRequested } = await kernel.batches.submit("step.finish", item, (items: PreparedOutcome[]) =>
      kernel.transact((tx) => finishSteps(tx, items)),
    );
    return { cancelRequested };
  }
  return kernel.transact(async (tx) => {
    const [finished] = await finishSteps(tx, [item]);
    if (finished === undefined || "error" in finished) throw finished?.error;
    if (finished.value.isNew) await alongside(tx);
    return { cancelRequested: finished.value.cancelRequested };
  });
}

/**
 * Records outcomes of earlier steps on the way to something further in the same transaction.
 *
 * @throws RoostError `conflict` as finishStep does: then nothing of the transaction may commit
 */
export async function finishBefore(tx: KernelTransaction, outcomes: PreparedOutcome[]): Promise<void> {
  refuseMistakes(await finishSteps(tx, outcomes));
}

/** @throws the first error among them */
export function refuseMistakes(finished: BatchOutcome<unknown>[]): void {
  const failed = finished.find((outcome) => "error" in outcome);
  if (failed !== undefined && "error" in failed) throw failed.error;
}

/** Its first statement is sent at once. */
export async function finishSteps(tx: KernelTransaction, items: PreparedOutcome[]): Promise<BatchOutcome<Finished>[]> {
  if (items.length === 0) return [];
  const rows = await finish(tx, items);
  await settle(tx, items, rows);
  const finished = new Set<string>();
  const outcomes: BatchOutcome<Finished>[] = [];
  for (const [index, item] of items.entries()) {
    const row = rows[index]!;
    if (row.id === null) {
      outcomes.push({ error: await refusal(tx, item.owned) });
      continue;
    }
    const key = `${row.id}:${item.outcome.seq}`;
    const isNew = row.seq !== null && !finished.has(key);
    const mistake = isNew ? undefined : await findMistake(tx, item);
    if (mistake === undefined) outcomes.push({ value: { cancelRequested: row.cancelRequestedAt !== null, isNew } });
    else outcomes.push({ error: mistake });
    if (!isNew || row.seq === null) continue;
    finished.add(key);
    announce(tx, row, row, item.outcome);
  }
  return outcomes;
}

/**
 * Invariants: only the owner of the run records an outcome (the fence locks its row until the commit); an outcome is never
 * overwritten. A finished step is progress: the count of lost owners starts again. The labels of a run change with the record of the
 * step that read more, or not at all.
 */
export const finishStatement = `
  with item as (
    select * from unnest($1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::jsonb[], $6::jsonb[], $7::jsonb[], $8::numeric[],
      $9::integer[], $10::integer[])
      with ordinality as i(run_id, epoch, seq, state, output, error, usage, cost_usd, labels, run_labels, place)
  ),
  fence as (
    select id, epoch, state, correlation, cause_id, traceparent, cancel_requested_at, reservation_count, stall_count, labels from roost.run
    where id = any($1::uuid[]) order by depth, id for no key update
  ),
  finished as (
    update roost.step s set
      state = i.state, output = i.output, error = i.error, usage = i.usage, cost_usd = i.cost_usd, epoch = f.epoch, ended_at = roost.now(),
      labels = coalesce(i.labels, s.labels)
    from item i join fence f on f.id = i.run_id and f.epoch = i.epoch and f.state = 'running'
    where s.run_id = any($1::uuid[]) and s.run_id = f.id and s.seq = i.seq and s.state = 'intent'
    returning s.run_id, s.seq, s.name, s.kind, s.attempt, s.effect, s.idempotency_key, s.started_at, s.ended_at
  ),
  mark as (
    select distinct on (run_id) run_id, run_labels as labels from item where run_labels is not null order by run_id, place desc
  ),
  progress as (
    update roost.run r set stall_count = 0, labels = coalesce(m.labels, f.labels)
    from fence f left join mark m on m.run_id = f.id
    where r.id = any($1::uuid[]) and r.id = f.id and (f.stall_count > 0 or m.labels <> f.labels)
      and exists (select 1 from finished d where d.run_id = f.id)
  )
  select f.id, f.correlation, f.cause_id as "causeId", f.traceparent, f.cancel_requested_at as "cancelRequestedAt",
    f.reservation_count as "reservationCount", coalesce(m.labels, f.labels) as labels, d.seq, d.name, d.kind, d.attempt, d.effect, d.idempotency_key as "idempotencyKey",
    greatest(0, round(extract(epoch from d.ended_at - d.started_at) * 1000))::bigint as "durationMs"
  from item i
  left join fence f on f.id = i.run_id and f.epoch = i.epoch and f.state = 'running'
  left join finished d on d.run_id = f.id and d.seq = i.seq
  left join mark m on m.run_id = f.id
  order by i.place`;

async function finish(tx: KernelTransaction, items: PreparedOutcome[]): Promise<FinishRow[]> {
  return tx.query<FinishRow>(
    finishStatement,
    [
      items.map((item) => item.owned.runId),
      items.map((item) => item.owned.epoch),
      items.map((item) => item.outcome.seq),
      items.map((item) => item.outcome.state),
      items.map((item) => item.outputText),
      items.map((item) => item.errorText),
      items.map((item) => item.usageText),
      items.map((item) => item.outcome.costUsd ?? null),
      items.map((item) => item.outcome.labels ?? null),
      items.map((item) => item.outcome.runLabels ?? null),
    ],
    { name: "roost_step_finish" },
  );
}

/** Whether it is to be counted as spent, reserved or not. */
export function isSpending({ outcome }: PreparedOutcome): boolean {
  return (outcome.costUsd ?? 0) > 0 || (outcome.tokens ?? 0) > 0;
}

async function settle(tx: KernelTransaction, items: PreparedOutcome[], rows: FinishRow[]): Promise<void> {
  const spending = items.filter((item, index) => {
    const row = rows[index]!;
    return row.id !== null && row.seq !== null && (row.reservationCount > 0 || isSpending(item));
  });
  if (spending.length === 0) return;
  await tx.query(
    "select roost.settle_spends($1::uuid[], $2::integer[], $3::numeric[], $4::bigint[])",
    [
      spending.map((item) => item.owned.runId),
      spending.map((item) => item.outcome.seq),
      spending.map((item) => item.outcome.costUsd ?? null),
      spending.map((item) => item.outcome.tokens ?? null),
    ],
    { name: "roost_spend_settle" },
  );
}

/** @throws RoostError `limit_exceeded` for an output, error or usage that is too large */
export function prepareOutcome(owned: Owned, outcome: StepOutcome): PreparedOutcome {
  const text = (field: "output" | "error" | "usage") =>
    toJsonText(outcome[field], {
      what: `the ${field} of step ${outcome.seq} of run ${owned.runId}`,
      bytesMax: runLimits.stepOutputBytesMax,
    });
  return {
    owned,
    outcome,
    outputText: text("output"),
    errorText: outcome.error === undefined ? null : text("error"),
    usageText: outcome.usage === undefined ? null : text("usage"),
  };
}

/** The same owner brings the same outcome again: its first answer got lost. Anything else is a mistake that must not pass in silence. */
async function findMistake(
  tx: KernelTransaction,
  { owned, outcome, outputText, errorText }: PreparedOutcome,
): Promise<RoostError | undefined> {
  const [recorded] = await tx.query<{ state: string; isSame: boolean }>(
    `select state, epoch = $3 and state = $4 and output is not distinct from $5::jsonb and error is not distinct from $6::jsonb as "isSame"
     from roost.step where run_id = $1 and seq = $2`,
    [owned.runId, outcome.seq, owned.epoch, outcome.state, outputText, errorText],
  );
  if (recorded?.isSame === true) return undefined;
  const present = recorded === undefined ? "was never begun" : `is recorded as ${recorded.state}`;
  return new RoostError(
    "conflict",
    `step ${outcome.seq} of run ${owned.runId} ${present}: its outcome cannot become ${outcome.state}`,
  );
}

function announce(tx: KernelTransaction, run: Fence & { id: string }, step: FinishedStep, outcome: StepOutcome): void {
  const unexplained: RunError = { code: "internal", message: "it failed without saying why" };
  const costs = {
    ...(outcome.costUsd === undefined ? {} : { costUsd: outcome.costUsd }),
    ...eventUsage(outcome.usage),
    durationMs: step.durationMs,
  };
  if (outcome.state === "done") {
    emitStepEvent(tx, "step.done", run, step, costs);
  } else if (outcome.state === "failed") {
    emitStepEvent(tx, "step.failed", run, step, { ...costs, error: eventError(outcome.error ?? unexplained) });
  } else {
    const reason = eventReason(outcome.error?.message ?? "the attempt ended without an answer");
    emitStepEvent(tx, "step.unknown", run, step, { effect: step.effect, idempotencyKey: step.idempotencyKey, reason });
  }
}
