/** How the owner of a run ends it, or, failed with attempts left, leaves it to the next attempt. */
import assert from "node:assert/strict";
import { backoffMs, createId, drawFraction, type JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";
import { settleReservations } from "./settle-reservations.ts";
import { releaseLocksOfRun } from "../coordination/release-lock.ts";
import type { Kernel } from "../open-kernel.ts";
import { inOneTrip, type KernelTransaction } from "../transact.ts";
import { releaseLimitedRuns } from "./start-limits.ts";
import { emitRunEvent, eventError } from "./emit-run-event.ts";
import { endDoneIn, handOver, type Claimer, type DoneRun } from "./end-done.ts";
import { endRuns } from "./end-runs.ts";
import { prepareOutcome, type FinishedStep } from "./prepare-outcome.ts";
import { leaseLost } from "./lease-lost.ts";
import { lockRuns, type RunHead } from "./lock-runs.ts";
import { submitMove } from "./submit-move.ts";
import { moveStepsIn } from "./move-steps.ts";
import {
  postconditionUnmet,
  runLimits,
  type Owned,
  type RetryPolicy,
  type RunError,
  type RunState,
  type TerminalRunState,
} from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

export interface RunOutcome {
  state: "done" | "failed" | "cancelled";
  output?: JsonValue;
  /** `isRetryable: false` ends the run even when attempts are left; a retry does not start before `retryAtMs`. */
  error?: RunError;
  /** One line for people: how this happened. */
  reason?: string;
}

/** The outcome of the run. `unmet`: it was done, but not all postconditions hold, so it has failed. */
export interface RunConclusion {
  state: RunState;
  unmet?: RunError | undefined;
}

/** Checks the run's postconditions; undefined when all hold. Reads only, and only records. */
export type Judge = (sql: Sql, run: RunHead) => Promise<RunError | undefined>;

export interface FinishRunOptions {
  /** Needed by a run with postconditions. */
  judge?: Judge;
  /**
   * Outcomes of its last steps, recorded in the same transaction. Not for a run with postconditions, which are judged by what is already recorded.
   */
  finishing?: FinishedStep[];
  /**
   * Further writes in the same transaction. They are taken back when its end was recorded before. What they ask for without an answer comes before the
   * run's end; what they ask for after an answer may come behind it, where the run ends in one call.
   */
  alongside?: ((tx: KernelTransaction, conclusion: RunConclusion) => Promise<void>) | undefined;
  /** It has no parent and declares no postconditions: then it ends, with what is written alongside, in one call. */
  isPlain?: boolean;
  /** Who takes the next runs along, where the run ends well in one call. */
  claimer?: Claimer | undefined;
}

/**
 * Ends the run, or, failed with attempts left, lets it wait for its next attempt. Returns its new state. A repeat by the same owner after a lost
 * answer is recognized and changes nothing.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`)
 */
export async function finishRun(
  kernel: Kernel,
  owned: Owned,
  outcome: RunOutcome,
  options: FinishRunOptions = {},
): Promise<RunConclusion> {
  const { alongside, claimer, judge } = options;
  const finishing = (options.finishing ?? []).map((step) => prepareOutcome(owned, step));
  if (outcome.state === "done" && (alongside === undefined || options.isPlain === true)) {
    const item: DoneRun = { owned, outcome, finishing, claimer };
    const isEnded =
      alongside === undefined
        ? (await submitMove(kernel, { end: item })) === "done"
        : await endWith(kernel, item, alongside);
    if (isEnded) return { state: "done" };
  }
  return kernel.transact(async (tx) => {
    // In one round trip: step outcomes are recorded at the owner's epoch or not at all.
    const [runs, held] = await Promise.all([lockRuns(tx, [owned.runId]), moveStepsIn(tx, { owned, finishing })]);
    const run = runs.get(owned.runId);
    if (run === undefined || run.epoch !== owned.epoch) throw leaseLost(owned, run);
    if (held.answer === "lost") return recogniseRepeat(owned, run, outcome);
    // Its row was read before its last steps were recorded: they may have raised its labels.
    run.labels = held.runLabels;
    const unmet = outcome.state === "done" ? await judged(tx, run, judge) : undefined;
    const found: RunOutcome = unmet === undefined ? outcome : { ...outcome, state: "failed", error: unmet };
    const conclusion = { state: nextState(run, found), ...(unmet === undefined ? {} : { unmet }) };
    await alongside?.(tx, conclusion);
    // Those who wait for a lock of this run hear of it with its end; a run that is tried again keeps what it has taken.
    if (conclusion.state !== "waiting") await releaseLocksOfRun(tx, owned.runId);
    await finishLocked(tx, run, found);
    return conclusion;
  });
}

/** Thrown inside a transaction to take it back: the run was not ended. */
const notEnded = new Error("the run was not ended");

/** The end, what is written alongside, and the next claim in one transaction. False: it was not ended, and nothing was written. */
async function endWith(
  kernel: Kernel,
  item: DoneRun,
  alongside: NonNullable<FinishRunOptions["alongside"]>,
): Promise<boolean> {
  try {
    const taken = await kernel.transact(async (tx) => {
      const [, next] = await inOneTrip(alongside(tx, { state: "done" }), () => endDoneIn(tx, item));
      if (next === undefined) throw notEnded;
      return next;
    });
    await handOver(kernel, item.claimer, taken);
    return true;
  } catch (error) {
    if (error === notEnded) return false;
    throw error;
  }
}

/** Invariant: a run with postconditions is done only if its judge finds all of them, in the transaction that ends it. */
async function judged(tx: KernelTransaction, run: RunHead, judge: Judge | undefined): Promise<RunError | undefined> {
  if (run.postconditions === null) return undefined;
  assert(judge !== undefined, `run ${run.id} declares postconditions: pass a judge that checks them`);
  return await judge(tx, run);
}

/** Only the owner leaves a run at this epoch: it ended it, or gave it back to wait for its next attempt. */
function recogniseRepeat(owned: Owned, run: RunHead, outcome: RunOutcome): { state: RunState } {
  const isSame =
    run.state === outcome.state ||
    (outcome.state !== "done" && run.state === "cancelled") ||
    (outcome.state === "failed" && run.attempt > 1) ||
    (outcome.state === "done" && run.error?.code === postconditionUnmet);
  if (!isSame) throw leaseLost(owned, run);
  return { state: run.state };
}

/** Ends or retries a running run whose row is locked, for its owner or, taken from the owner, for the kernel. */
export async function finishLocked(
  tx: KernelTransaction,
  run: RunHead,
  outcome: RunOutcome,
  options: { isTaken?: boolean } = {},
): Promise<{ state: RunState }> {
  const state = nextState(run, outcome);
  if (state === "waiting") {
    await retry(tx, run, outcome, options.isTaken === true);
    return { state };
  }
  await endRuns(tx, [
    {
      run,
      ...outcome,
      state,
      isTaken: options.isTaken === true,
      ...(state === "cancelled" ? cancelWords(run, outcome) : {}),
    },
  ]);
  return { state };
}

/** A retryable failure lets the run wait; a run that is to be cancelled is cancelled. */
function nextState(run: RunHead, outcome: RunOutcome): "waiting" | TerminalRunState {
  if (outcome.state !== "failed") return outcome.state;
  if (run.cancelRequestedAt !== null) return "cancelled";
  return outcome.error?.isRetryable !== false && run.attempt < run.attemptsMax ? "waiting" : "failed";
}

function cancelWords(run: RunHead, outcome: RunOutcome): { reason: string; by: string } {
  return { reason: run.cancelReason ?? outcome.reason ?? "cancelled by its owner", by: run.cancelBy ?? "owner" };
}

/**
 * Invariants: an attempt counts once (fenced by epoch and state); the serial key stays held, so that order is kept. Failures at the end of the
 * recorded steps are reopened: the next attempt executes them again, and replays everything before.
 */
async function retry(tx: KernelTransaction, run: RunHead, outcome: RunOutcome, isTaken: boolean): Promise<void> {
  await settleReservations(tx, [run]);
  const eventId = createId();
  const [row] = await tx.query<{ wakeAt: Date; attempt: number }>(
    `update roost.run set
       state = 'waiting', waiting_for = 'retry', attempt = attempt + 1, worker_id = null, deadline_at = null, limits_passed = false, epoch = epoch + $5,
       wake_at = greatest(roost.now() + $3 * interval '1 millisecond', to_timestamp($4::float8 / 1000)), error = $6::jsonb, stall_count = 0, cause_id = $7
     where id = $1 and epoch = $2 and state = 'running'
     returning wake_at as "wakeAt", attempt`,
    [
      run.id,
      run.epoch,
      retryDelayMs(run),
      outcome.error?.retryAtMs ?? null,
      isTaken ? 1 : 0,
      errorText(outcome.error),
      eventId,
    ],
  );
  if (row === undefined) throw leaseLost({ runId: run.id, epoch: run.epoch }, run);
  await reopenTrailingFailures(tx, run.id);
  if (outcome.error?.code === postconditionUnmet) await reopenLastWord(tx, run.id, outcome.error);
  emitRunEvent(
    tx,
    "run.retrying",
    run,
    {
      attempt: row.attempt,
      attemptsMax: run.attemptsMax,
      retryAt: row.wakeAt.toISOString(),
      error: outcome.error === undefined ? undefined : eventError(outcome.error),
    },
    { id: eventId },
  );
  await releaseLimitedRuns(tx, [run.slot]);
  tx.wake("due");
}

/** Failures after the last step with another outcome: nothing recorded later depends on them. */
export async function reopenTrailingFailures(tx: KernelTransaction, runId: string): Promise<void> {
  await tx.query(
    `update roost.step s set reopened = true
     where s.run_id = $1 and s.state = 'failed' and not s.reopened and coalesce(s.error ->> 'isRetryable', 'true') <> 'false'
       and s.seq > coalesce((select max(o.seq) from roost.step o where o.run_id = $1 and o.state in ('done', 'unknown', 'waiting')), 0)`,
    [runId],
  );
}

/**
 * Lets a run that wrongly said it was done try its last step again: a final readonly step (for an agent: the model's last message) is executed
 * again and finds in its error what was missing. Everything before it stays as recorded.
 */
export async function reopenLastWord(tx: KernelTransaction, runId: string, error: RunError): Promise<void> {
  await tx.query(
    `update roost.step s set state = 'failed', reopened = true, error = $2::jsonb
     where s.run_id = $1 and s.seq = (select max(o.seq) from roost.step o where o.run_id = $1)
       and s.state = 'done' and s.effect = 'readonly' and s.kind <> 'wait'`,
    [runId, errorText(error)],
  );
}

function errorText(error: RunError | undefined): string | null {
  return error === undefined ? null : toJsonText(error, { what: "the error", bytesMax: runLimits.outputBytesMax });
}

/** Varied by up to 20 % so that simultaneous failures do not retry simultaneously; constant per run and attempt. */
export function retryDelayMs({ id, attempt, retry }: { id: string; attempt: number; retry: RetryPolicy }): number {
  const plainMs = backoffMs(attempt, {
    firstMs: retry.backoffMs,
    maxMs: retry.backoffMsMax,
    factor: retry.backoffFactor,
  });
  return Math.round(plainMs * (0.8 + 0.4 * drawFraction(id, attempt)));
}
