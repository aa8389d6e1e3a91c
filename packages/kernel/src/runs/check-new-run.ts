/** What a new run may ask for: checked before anything is written, so that a bad one fails with its field's name. */
import { RoostError } from "@roost/base";
import { checkGates } from "./admit-runs.ts";
import { runLimits, type NewRun, type RetryPolicy } from "./run.ts";

const nameCharsMax = 200;
const reasonCharsMax = 2_000;
const timeoutMsMax = 366 * 24 * 3_600_000;
const backoffMsMax = 30 * 24 * 3_600_000;

/** @throws RoostError `invalid_input` that names the field, its value and its limit */
export function checkNewRun(run: NewRun): void {
  if (run.reason.length === 0 || run.reason.length > reasonCharsMax) {
    throw new RoostError(
      "invalid_input",
      `a run's reason has ${run.reason.length} characters: give one of 1 to ${reasonCharsMax}, it tells people why it runs`,
    );
  }
  for (const [field, value] of Object.entries({
    queue: run.queue,
    handler: run.handler,
    lane: run.lane,
    title: run.title,
    agent: run.agent,
    sessionKey: run.sessionKey,
  })) {
    if (value === undefined) continue;
    if (value.length === 0 || value.length > nameCharsMax) {
      throw new RoostError(
        "invalid_input",
        `a run's ${field} has ${value.length} characters: give one of 1 to ${nameCharsMax}`,
      );
    }
  }
  checkGates(run);
  checkWhole("priority", run.priority, runLimits.priorityMin, runLimits.priorityMax);
  checkWhole("timeoutMs", run.timeoutMs, 1, timeoutMsMax);
  checkWhole("budget.tokensMax", run.budget?.tokensMax, 0, Number.MAX_SAFE_INTEGER);
  checkWhole("budget.callsMax", run.budget?.callsMax, 0, Number.MAX_SAFE_INTEGER);
  checkNumber("budget.usdMax", run.budget?.usdMax, 0, 1e8);
  const retry = retryPolicy(run);
  checkWhole("retry.attemptsMax", retry.attemptsMax, 1, runLimits.attemptsMax);
  checkWhole("retry.backoffMs", retry.backoffMs, 0, backoffMsMax);
  checkWhole("retry.backoffMsMax", retry.backoffMsMax, 0, backoffMsMax);
  checkNumber("retry.backoffFactor", retry.backoffFactor, 1, 100);
}

/** The policy with defaults filled in: one attempt; if more, 5 s, 10 s, 20 s … up to an hour. */
export function retryPolicy(run: NewRun): RetryPolicy {
  return { attemptsMax: 1, backoffMs: 5_000, backoffFactor: 2, backoffMsMax: 3_600_000, ...run.retry };
}

function checkWhole(field: string, value: number | undefined, min: number, max: number): void {
  if (value !== undefined && !Number.isSafeInteger(value))
    throw new RoostError("invalid_input", `a run's ${field} is ${value}: give a whole number`);
  checkNumber(field, value, min, max);
}

function checkNumber(field: string, value: number | undefined, min: number, max: number): void {
  if (value !== undefined && !(value >= min && value <= max)) {
    throw new RoostError("invalid_input", `a run's ${field} is ${value}: give a number from ${min} to ${max}`);
  }
}
