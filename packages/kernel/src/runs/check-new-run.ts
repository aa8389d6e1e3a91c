/** Checks a new run before anything is written, so that errors name the field. */
import { isStorableText, RoostError, storableRule } from "@roost/base";
import {
  attemptsMax,
  backoffMsMax,
  countMax,
  isMoment,
  nameCharsMax,
  priorityMax,
  queueCharsMax,
  reasonCharsMax,
  serialKeyCharsMax,
  sessionKeyCharsMax,
  smallCountMax,
  tickKeyCharsMax,
  usdMax,
} from "@roost/contract/operations";
import { checkStartLimits } from "./start-limits.ts";
import type { NewRun, RetryPolicy } from "./run.ts";

/** For a run without a job. */
const timeoutMsMax = 366 * 24 * 3_600_000;

/** @throws RoostError `invalid_input` naming the field, its value and its limit */
export function checkNewRun(run: NewRun): void {
  if (run.reason.length === 0 || run.reason.length > reasonCharsMax) {
    throw new RoostError(
      "invalid_input",
      `a run's reason has ${run.reason.length} characters: give one of 1 to ${reasonCharsMax}, it tells people why it runs`,
    );
  }
  checkTexts(run);
  checkStartLimits(run);
  checkWhole("priority", run.priority, -priorityMax, priorityMax);
  checkWhole("timeoutMs", run.timeoutMs, 1, timeoutMsMax);
  checkWhole("budget.tokensMax", run.budget?.tokensMax, 0, countMax);
  checkWhole("budget.callsMax", run.budget?.callsMax, 0, smallCountMax);
  checkNumber("budget.usdMax", run.budget?.usdMax, 0, usdMax);
  const retry = retryPolicy(run);
  checkWhole("retry.attemptsMax", retry.attemptsMax, 1, attemptsMax);
  checkWhole("retry.backoffMs", retry.backoffMs, 0, backoffMsMax);
  checkWhole("retry.backoffMsMax", retry.backoffMsMax, 0, backoffMsMax);
  checkNumber("retry.backoffFactor", retry.backoffFactor, 1, 100);
  checkMoment("startAt", run.startAt);
  checkMoment("job.scheduledAt", run.job?.scheduledAt);
}

function checkTexts({ queue, handler, serialKey, title, agent, sessionKey, job }: NewRun): void {
  const fields: [field: string, value: string | undefined, charsMax: number][] = [
    ["queue", queue, queueCharsMax],
    ["handler", handler, nameCharsMax],
    ["serialKey", serialKey, serialKeyCharsMax],
    ["title", title, nameCharsMax],
    ["agent", agent, nameCharsMax],
    ["sessionKey", sessionKey, sessionKeyCharsMax],
    ["job.tickKey", job?.tickKey, tickKeyCharsMax],
  ];
  for (const [field, value, charsMax] of fields) {
    if (value === undefined) continue;
    if (value.length === 0 || value.length > charsMax)
      throw new RoostError(
        "invalid_input",
        `a run's ${field} has ${value.length} characters: give one of 1 to ${charsMax}`,
      );
    if (!isStorableText(value)) throw new RoostError("invalid_input", `a run's ${field} ${storableRule}`);
  }
}

function checkMoment(field: string, at: Date | undefined): void {
  if (at !== undefined && !isMoment(at.getTime()))
    throw new RoostError("invalid_input", `a run's ${field} is not in the years 1970 to 9999`);
}

/** The policy with defaults: one attempt; if more, delays of 5 s, 10 s, 20 s … up to an hour. */
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
