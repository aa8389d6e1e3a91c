// Errors that steps of the loop record.

import type { StepError } from "../steps/step-runner.ts";
import type { AgentLimitName } from "./agent-outcome.ts";

/** A limit that ended a step is recorded with the failure, for replays. */
export interface LimitDetails {
  limit: AgentLimitName;
  cap?: string;
}

export function toStepError({ code, message, isRetryable, retryAtMs }: StepError): StepError {
  return { code, message, isRetryable, ...(retryAtMs === undefined ? {} : { retryAtMs }) };
}

/** A limit is final for this run; after raising it, the run can be resumed here. */
export function failedByLimit(message: string, details: LimitDetails): StepError {
  return { code: "limit_exceeded", message, isRetryable: true, details: { ...details } };
}

/** The limit that a step failed by, if any. */
export function limitOf(error: StepError): LimitDetails | undefined {
  const details = error.details as Partial<LimitDetails> | undefined;
  if (error.code !== "limit_exceeded" || details?.limit === undefined) return undefined;
  return { limit: details.limit, ...(details.cap === undefined ? {} : { cap: details.cap }) };
}
