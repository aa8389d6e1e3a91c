// Executes one claimed run with its handler and brings it to an end that the kernel records, whatever happens in between.

import { toRoostError, type Logger } from "@roost/base";
import { finishRun, isDiverged, isLeaseLost, type ClaimedRun, type Kernel, type RunOutcome } from "@roost/kernel";
import { RunInterruption } from "./steps/run-interruption.ts";

/** What executes runs of one kind. It records its own end; what it throws is recorded for it. */
export type RunHandler = (run: ClaimedRun, options: { signal: AbortSignal; logger: Logger }) => Promise<void>;
export type RunHandlers = Record<string, RunHandler>;

export interface ExecuteRunOptions {
  kernel: Kernel;
  handlers: RunHandlers;
  logger: Logger;
}

/** Never rejects: what cannot be recorded (no database, no lease) is logged, and recovery takes the run from there. */
export async function executeRun(options: ExecuteRunOptions, run: ClaimedRun, signal: AbortSignal): Promise<void> {
  const logger = options.logger.child({ runId: run.id, epoch: run.epoch });
  const handler = options.handlers[run.handler];
  try {
    if (handler === undefined) {
      const known = Object.keys(options.handlers).join(", ");
      await end(options, run, {
        state: "failed",
        error: {
          code: "invalid_input",
          message: `No worker executes runs of the kind "${run.handler}"; this one executes ${known}`,
          isRetryable: false,
        },
      });
      return;
    }
    await handler(run, { signal, logger });
  } catch (error) {
    await endAfter(options, run, { error, signal, logger }).catch((failure: unknown) => {
      logger.error("The end of a run could not be recorded; recovery takes it from here", {
        error: toRoostError(failure).message,
      });
    });
  }
}

async function endAfter(
  options: ExecuteRunOptions,
  run: ClaimedRun,
  thrown: { error: unknown; signal: AbortSignal; logger: Logger },
): Promise<void> {
  const { error, signal, logger } = thrown;
  if (isLeaseLost(error)) return logger.info("The run belongs to another by now");
  if (isDiverged(error))
    return logger.warn("The run has diverged from what is recorded", { error: (error as Error).message });
  if (error instanceof RunInterruption && error.kind === "suspended") return;
  const isCancelled =
    (error instanceof RunInterruption && error.kind === "cancelled") ||
    (signal.reason as Error | undefined)?.name === "RunCancelled";
  if (isCancelled) return end(options, run, { state: "cancelled" });
  if (signal.aborted) return logger.info("The run is handed back", { reason: String(signal.reason) });
  const failure = toRoostError(error);
  logger.warn("A run failed", { code: failure.code, error: failure.message });
  return end(options, run, {
    state: "failed",
    error: {
      code: failure.code,
      message: failure.message,
      isRetryable: failure.retryable || failure.code === "internal",
    },
  });
}

async function end(options: ExecuteRunOptions, run: ClaimedRun, outcome: RunOutcome): Promise<void> {
  await finishRun(options.kernel, { runId: run.id, epoch: run.epoch }, outcome);
}
