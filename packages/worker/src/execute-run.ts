// Executes one claimed run with its handler and makes sure that its end is recorded.

import { toRoostError, type Logger } from "@roost/base";
import { isDatabaseUnavailable } from "@roost/database";
import {
  finishRun,
  giveBackRun,
  isDiverged,
  isLeaseLost,
  type ClaimedRun,
  type Claimer,
  type Kernel,
  type RunOutcome,
} from "@roost/kernel";
import { RunInterruption } from "./steps/run-interruption.ts";

/** Executes runs of one kind. It records its own end; what it throws is recorded for it. */
export type RunHandler = (run: ClaimedRun, call: RunCall) => Promise<void>;

export interface RunCall {
  signal: AbortSignal;
  logger: Logger;
  /** Who takes the next run along with the end of this one. */
  claimer?: Claimer | undefined;
}
export type RunHandlers = Record<string, RunHandler>;

export interface ExecuteRunOptions {
  kernel: Kernel;
  handlers: RunHandlers;
  logger: Logger;
  claimer?: Claimer | undefined;
}

/** Length of a recorded error message. */
const messageCharsMax = 10_000;
const reasonCharsMax = 500;

/**
 * Never rejects. False: its end could not be recorded (no database), and this worker still counts as its owner; the run continues once the worker
 * has given it back.
 */
export async function executeRun(options: ExecuteRunOptions, run: ClaimedRun, signal: AbortSignal): Promise<boolean> {
  const logger = options.logger.child({ runId: run.id, epoch: run.epoch });
  const handler = Object.hasOwn(options.handlers, run.handler) ? options.handlers[run.handler] : undefined;
  try {
    try {
      if (handler === undefined) await refuse(options, run);
      else await handler(run, { signal, logger, claimer: options.claimer });
    } catch (error) {
      await endAfter(options, run, { error, signal, logger });
    }
    return true;
  } catch (error) {
    if (isLeaseLost(error)) return true;
    logger.error("The end of a run could not be recorded", { error: toRoostError(error).message });
    return false;
  }
}

async function refuse(options: ExecuteRunOptions, run: ClaimedRun): Promise<void> {
  const known = Object.keys(options.handlers).join(", ");
  const message = `No worker executes runs of the kind "${run.handler}"; this one executes ${known}`;
  await end(options, run, { state: "failed", error: { code: "invalid_input", message, isRetryable: false } });
}

async function endAfter(
  options: ExecuteRunOptions,
  run: ClaimedRun,
  thrown: { error: unknown; signal: AbortSignal; logger: Logger },
): Promise<void> {
  const { error, signal, logger } = thrown;
  if (isLeaseLost(error)) return logger.info("The run now belongs to another worker");
  if (isDiverged(error))
    return logger.warn("The run has diverged from what is recorded", { error: (error as Error).message });
  if (error instanceof RunInterruption && error.kind === "suspended") return;
  const isCancelled =
    (error instanceof RunInterruption && error.kind === "cancelled") ||
    (signal.reason as Error | undefined)?.name === "RunCancelled";
  if (isCancelled) return end(options, run, { state: "cancelled" });
  if (signal.aborted) return logger.info("The run is handed back", { reason: String(signal.reason) });
  const failure = toRoostError(error);
  // The records are complete and the run is fine: the database failed, not an attempt of the run.
  if (isDatabaseUnavailable(error) && (await giveBack(options, run, failure.message)))
    return logger.warn("The database failed during a run, which is given back", { error: failure.message });
  logger.warn("A run failed", { code: failure.code, error: failure.message });
  return end(options, run, {
    state: "failed",
    error: {
      code: failure.code,
      message: failure.message.slice(0, messageCharsMax),
      isRetryable: failure.retryable || failure.code === "internal",
    },
  });
}

async function giveBack({ kernel }: ExecuteRunOptions, run: ClaimedRun, message: string): Promise<boolean> {
  const reason = `the database failed its worker: ${message}`.slice(0, reasonCharsMax);
  return giveBackRun(kernel, { runId: run.id, epoch: run.epoch }, { reason });
}

async function end({ kernel }: ExecuteRunOptions, run: ClaimedRun, outcome: RunOutcome): Promise<void> {
  await finishRun(kernel, { runId: run.id, epoch: run.epoch }, outcome);
}
